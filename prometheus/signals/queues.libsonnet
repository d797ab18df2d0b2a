// Queues and the workers that empty them.
local promql = import 'promql.libsonnet';
local signal = import 'signal.libsonnet';

function(config)
  local scope = promql.scope(config);
  local sum(expr, by) = promql.fold('sum', by, expr);

  local by_queue = scope.by_service + ['queue'];
  local by_task = scope.by_service + ['task'];

  local depth = 'service_queue:queue_depth:max';
  local finished = 'service_queue:queue_finished:rate5m';
  local buckets = 'service_queue:queue_processing_duration_seconds_bucket:rate5m';
  local undrained = 'service_queue:queue_undrained:max';
  local tasks = 'instance_task:celery_tasks:rate5m';
  local task_buckets = 'service_task:celery_task_duration_seconds_bucket:rate5m';
  local wait_buckets = 'service_queue:celery_task_wait_seconds_bucket:rate5m';
  local retries = 'service_task:celery_retries:per_minute';
  local ended = 'service_task:celery_tasks_ended:rate5m';
  local workers = 'service:celery_workers:up';
  local ever = 'service:celery_tasks:rate5m';

  local duration(percent) = signal.quantile(percent / 100, {
    title: 'Processing time P' + percent,
    unit: 's',
    min: 0,
    description: percent
                 + ' % of the items of the last 5 minutes were worked on no longer than this; the time that they ' +
                 'waited is not in it.',
    source: buckets,
    labels: by_queue,
    records: { ['service_queue:queue_processing_duration_seconds:p' + percent + '_5m']: by_queue },
  });

  local task_duration(percent) = signal.quantile(percent / 100, {
    title: 'Run time P' + percent,
    unit: 's',
    min: 0,
    description: percent + ' % of the runs of Celery tasks of the last 5 minutes took no longer than this.',
    source: task_buckets,
    labels: by_task,
  });

  {
    sources:: [
      // Each worker of a queue tells of the same depth.
      {
        record: depth,
        expr: promql.first_of(
          [
            promql.fold('max', by_queue, scope.raw('queue_depth')),
            promql.fold('max', by_queue, scope.raw('task_queue_size')),
          ],
          by_queue
        ),
      },
      { record: finished, expr: sum(scope.rate('queue_processing_duration_seconds_count'), by_queue) },
      { record: buckets, expr: sum(scope.rate('queue_processing_duration_seconds_bucket'), by_queue + ['le']) },
      { record: tasks, expr: sum(scope.rate('celery_tasks_total'), scope.by_instance + ['task', 'queue', 'state']) },
      { record: ever, expr: sum(tasks, scope.by_service) },
      { record: task_buckets, expr: sum(scope.rate('celery_task_duration_seconds_bucket'), by_task + ['le']) },
      { record: wait_buckets, expr: sum(scope.rate('celery_task_wait_seconds_bucket'), by_queue + ['le']) },
      // A task that is tried again or was never run has neither succeeded nor failed.
      { record: ended, expr: sum(promql.select(tasks, ['state=~"success|failure"']), by_task + ['state']) },
    ],

    slow_sources:: [
      {
        // Only of a queue of which it is known when something is finished.
        record: undrained,
        expr: (
          '%(depth)s and deriv(%(depth)s[10m]) > 0 and max_over_time(%(finished)s[1d]) >= 0 ' +
          'unless %(finished)s > 0\nor 0 * %(depth)s'
        ) % { depth: depth, finished: finished },
      },
      {
        // A worker that was restarted has no counter until its first task, but its target answers; one that pushes its
        // metrics has no target, but its counter.
        record: workers,
        expr: |||
          count by (env, service) (
            %(up)s == 1 and on (env, service) max_over_time(%(ever)s[1d])
            or on (env, service, instance) group by (env, service, instance) (%(tasks)s)
          )
          or 0 * max_over_time(%(ever)s[1d])
        ||| % { up: scope.raw('up'), ever: ever, tasks: scope.raw('celery_tasks_total') },
      },
    ],

    queue_depth: signal.recorded({
      title: 'Queue depth',
      unit: 'short',
      min: 0,
      decimals: 0,
      how: 'max',
      description: 'Items that wait in each queue.',
      source: depth,
      records: { [depth]: by_queue },
    }),

    queue_undrained: signal.recorded({
      title: 'Waiting while nothing is finished',
      unit: 'short',
      min: 0,
      decimals: 0,
      how: 'max',
      description: 'Items in a queue that has grown for 10 minutes while nothing from it was finished in the last 5; ' +
                   '0 where it is worked on.',
      source: undrained,
      records: { [undrained]: by_queue },
    }),

    queue_finished: signal.recorded({
      title: 'Items finished',
      unit: 'ops',
      min: 0,
      description: 'Items per second that were taken from a queue and worked on to their end, over the last 5 minutes.',
      source: finished,
      records: { [finished]: by_queue },
    }),

    queue_processing_p50: duration(50),
    queue_processing_p95: duration(95),
    queue_processing_p99: duration(99),

    celery_runs: signal.sum({
      title: 'Celery runs',
      unit: 'ops',
      min: 0,
      description: 'Runs of Celery tasks per second, by how each ended: well, with a failure for good, ' +
                   'or to be tried again; over the last 5 minutes.',
      source: tasks,
      labels: scope.by_instance + ['task', 'queue', 'state'],
    }),

    celery_retries: signal.rule(retries, by_task, '60 * ' + sum(scope.rate('celery_task_retries_total'), by_task), {
      title: 'Celery retries',
      unit: 'suffix: /min',
      min: 0,
      description: 'Celery tasks per minute that were put off to be tried again, over the last 5 minutes.',
    }),

    celery_task_p50: task_duration(50),
    celery_task_p95: task_duration(95),

    celery_wait_p95: signal.quantile(0.95, {
      title: 'Celery wait P95',
      unit: 's',
      min: 0,
      description: '95 % of the Celery tasks that were started in the last 5 minutes had waited no longer than this ' +
                   'since they were sent.',
      source: wait_buckets,
      labels: by_queue,
      records: { 'service_queue:celery_task_wait_seconds:p95_5m': by_queue },
    }),

    celery_failure_share: signal.share({
      title: 'Celery failure share',
      unit: 'percentunit',
      description: 'The share of the Celery tasks that ended in the last 5 minutes that failed for good; retries are ' +
                   'not among them.',
      source: ended,
      part: 'state="failure"',
      labels: by_task,
      records: { 'service_task:celery_failures:ratio_rate5m': by_task },
    }),

    celery_tasks_ended: signal.sum({
      title: 'Celery tasks',
      unit: 'ops',
      min: 0,
      description: 'Celery tasks per second that succeeded or failed for good, over the last 5 minutes.',
      source: ended,
      labels: by_task + ['state'],
      records: { 'service_task:celery_tasks:rate5m': by_task },
    }),

    celery_workers: signal.recorded({
      title: 'Celery workers',
      unit: 'short',
      min: 0,
      decimals: 0,
      description: 'Instances that answer, of each service that ran Celery tasks in the last day.',
      source: workers,
      records: { [workers]: scope.by_service },
    }),
  }

// What agents' tasks come to: throughput, what waits, quality, and how well agents work together on them.
local promql = import 'promql.libsonnet';
local signal = import 'signal.libsonnet';

function(config)
  local scope = promql.scope(config);
  local by_agent = scope.by_service + ['agent'];
  local by_type = scope.by_service + ['task_type'];
  local by_conflict = scope.by_service + ['conflict_type'];
  local rate(metric, labels, range) = 'sum by (%s) (rate(%s%s))' % [std.join(', ', labels), scope.raw(metric), range];

  local tasks = 'service_agent:tasks:per_hour';
  local durations = 'service_task:task_duration_seconds_bucket:rate10m';
  local quality = {
    sum: 'service_task:task_quality_score_sum:rate15m',
    count: 'service_task:task_quality_score_count:rate15m',
  };
  local quality_now = 'service_task:task_quality_score:mean_15m';
  local quality_last_week = 'service_task:task_quality_score:mean_last_week';
  local conflicts = 'service_conflict:conflicts:per_hour';
  local conflict_durations = 'service_conflict:conflict_resolution_duration_seconds_bucket:rate30m';
  local dependency_durations = 'service_dependency:dependency_resolution_duration_seconds_bucket:rate10m';

  local duration(percent) = signal.quantile(percent / 100, {
    title: 'Duration P' + percent,
    unit: 's',
    min: 0,
    description: percent + ' % of the tasks of the last 10 minutes took no longer than this.',
    source: durations,
    labels: by_type,
  });
  local dependency(percent) = signal.quantile(percent / 100, {
    title: 'Wait P' + percent,
    unit: 's',
    min: 0,
    description: percent
                 + ' % of the waits for a dependency that ended in the last 10 minutes took no longer than this.',
    source: dependency_durations,
    labels: scope.by_service + ['dependency_type'],
  });

  {
    slow_sources:: [
      // Two hours around this time of the day, a week ago; at least 20 scores.
      {
        local a_week_ago = '[2h] offset 6d23h',
        record: quality_last_week,
        expr: (
          |||
            %s
            / (%s > 0)
            and sum by (env, service, task_type) (increase(%s%s)) >= 20
          ||| % [
            rate('task_quality_score_sum', by_type, a_week_ago),
            rate('task_quality_score_count', by_type, a_week_ago),
            scope.raw('task_quality_score_count'),
            a_week_ago,
          ]
        ),
      },
      {
        record: 'service_task:task_quality_score:ratio_last_week',
        expr: '%s / (%s > 0)' % [quality_now, quality_last_week],
      },
    ],
    sources:: [
      // Tasks take minutes, so a quarter of an hour is looked at, not five minutes.
      { record: tasks, expr: '3600 * ' + rate('tasks_total', by_agent + ['status'], '[15m]') },
      // Where agents are at work that have finished no task at all yet, none is what was done.
      {
        record: 'service:tasks_done_per_agent:per_hour',
        expr: (
          |||
            (sum by (env, service) (%(tasks)s{status="success"}) or 0 * sum by (env, service) (%(tasks)s))
            / (count by (env, service) (sum by (env, service, agent) (%(tasks)s)) > 0)
            or 0 * sum by (env, service) (%(active)s)
          ||| % { tasks: tasks, active: scope.raw('agents_active') }
        ),
      },
      { record: durations, expr: rate('task_duration_seconds_bucket', by_type + ['le'], '[10m]') },
      // Several instances may tell the size of one queue that they share.
      {
        record: 'service_queue:task_queue_size:max',
        expr: 'max by (env, service, queue) (%s)' % scope.raw('task_queue_size'),
      },
      { record: quality.sum, expr: rate('task_quality_score_sum', by_type + ['agent'], '[15m]') },
      { record: quality.count, expr: rate('task_quality_score_count', by_type + ['agent'], '[15m]') },
      // Conflicts are rare.
      {
        record: conflicts,
        expr: '3600 * ' + rate('conflicts_total', by_conflict + ['resolution_method', 'status'], '[30m]'),
      },
      {
        record: conflict_durations,
        expr: rate('conflict_resolution_duration_seconds_bucket', by_conflict + ['le'], '[30m]'),
      },
      {
        record: dependency_durations,
        expr: rate(
          'dependency_resolution_duration_seconds_bucket',
          scope.by_service + ['dependency_type', 'le'],
          '[10m]'
        ),
      },
      {
        record: 'service_agent:collaboration_efficiency:mean',
        expr: 'avg by (env, service, agent) (%s)' % scope.raw('collaboration_efficiency_ratio'),
      },
    ],

    tasks_per_hour: signal.sum({
      title: 'Tasks per hour',
      unit: 'suffix: /h',
      min: 0,
      decimals: 0,
      description: 'Tasks that agents finished, well or not, at the pace of the last 15 minutes.',
      source: tasks,
      labels: by_agent + ['status'],
      records: { 'service:tasks:per_hour': scope.by_service },
    }),

    task_failure_share: signal.share({
      title: 'Task failure rate',
      unit: 'percentunit',
      description: 'The share of the tasks of the last 15 minutes that ended with an error.',
      source: tasks,
      part: 'status="error"',
      labels: by_agent,
    }),

    tasks_done_per_agent: signal.recorded({
      title: 'Throughput per agent',
      unit: 'suffix: /h',
      min: 0,
      decimals: 1,
      how: 'avg',
      description: 'Tasks done well per hour and agent of the service, at the pace of the last 15 minutes. Failed ' +
                   'tasks do not count.',
      source: 'service:tasks_done_per_agent:per_hour',
      records: { 'service:tasks_done_per_agent:per_hour': scope.by_service },
    }),

    tasks_waiting: signal.sum({
      title: 'Tasks waiting',
      unit: 'short',
      min: 0,
      decimals: 0,
      description: 'Tasks that wait for an agent.',
      source: 'service_queue:task_queue_size:max',
      labels: scope.by_service + ['queue'],
      records: { 'service:task_queue_size:sum': scope.by_service },
    }),

    task_duration_p50: duration(50),
    task_duration_p95: duration(95),

    task_quality: signal.mean({
      title: 'Task quality',
      unit: 'short',
      format: 'score',
      min: 0,
      max: 1,
      decimals: 2,
      description: 'Mean score of the tasks that were judged in the last 15 minutes, from 0 (useless) to 1 (perfect).',
      source: quality,
      labels: by_type + ['agent'],
      records: { [quality_now]: by_type },
    }),

    tasks_scored: signal.sum({
      title: 'Tasks judged per second',
      unit: 'ops',
      min: 0,
      description: 'Tasks whose quality was judged, per second over the last 15 minutes.',
      source: quality.count,
      labels: by_type + ['agent'],
      records: { 'service_task:tasks_scored:rate15m': by_type },
    }),

    task_quality_last_week: signal.recorded({
      title: 'Quality last week',
      unit: 'short',
      format: 'score',
      min: 0,
      max: 1,
      decimals: 2,
      how: 'avg',
      description: 'Mean score in the two hours around this time of the day, a week ago; from at least 20 scores.',
      source: quality_last_week,
      records: { [quality_last_week]: by_type },
    }),

    task_quality_against_last_week: signal.recorded({
      title: 'Quality against last week',
      unit: 'percentunit',
      min: 0,
      decimals: 0,
      how: 'min',
      description: 'Mean score of the last 15 minutes as a share of that of the same hours a week ago. Nothing is ' +
                   'said before there is a week to compare with.',
      source: 'service_task:task_quality_score:ratio_last_week',
      records: { 'service_task:task_quality_score:ratio_last_week': by_type },
    }),

    conflicts: signal.sum({
      title: 'Conflicts',
      unit: 'suffix: /h',
      min: 0,
      decimals: 0,
      description: 'Conflicts between agents, per hour at the pace of the last half hour.',
      source: conflicts,
      labels: by_conflict + ['resolution_method', 'status'],
      records: { 'service:conflicts:per_hour': scope.by_service },
    }),

    conflict_resolution_share: signal.share({
      title: 'Conflict resolution rate',
      unit: 'percentunit',
      max: 1,
      decimals: 0,
      description: 'The share of the conflicts of the last half hour that were resolved.',
      source: conflicts,
      part: 'status="resolved"',
      labels: by_conflict,
      records: { 'service:conflicts_resolved:ratio_rate30m': scope.by_service },
    }),

    conflict_duration_p95: signal.quantile(0.95, {
      title: 'Time to resolve a conflict, P95',
      unit: 's',
      min: 0,
      description: '95 % of the conflicts of the last half hour were resolved or given up within this time.',
      source: conflict_durations,
      labels: by_conflict,
    }),

    dependency_wait_p50: dependency(50),
    dependency_wait_p95: dependency(95),

    collaboration_efficiency: signal.recorded({
      title: 'Collaboration efficiency',
      unit: 'percentunit',
      min: 0,
      max: 1,
      decimals: 0,
      how: 'avg',
      description: 'The share of its working time, over its last 50 executions, that an agent did not spend waiting ' +
                   'for others: for answers, dependencies, conflicts. An agent that has never waited is not shown.',
      source: 'service_agent:collaboration_efficiency:mean',
      records: { 'service_agent:collaboration_efficiency:mean': by_agent },
    }),
  }

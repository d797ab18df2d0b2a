// Workflows of several agents, from start to end.
local progress = import 'progress.libsonnet';
local promql = import 'promql.libsonnet';
local signal = import 'signal.libsonnet';

function(config)
  local scope = promql.scope(config);
  local by_workflow = ['env', 'service', 'workflow_type'];
  local ended = 'service_workflow:workflows:increase15m';
  local durations = 'service_workflow:workflow_duration_seconds_bucket:rate15m';

  local standing = progress(config, {
    level: 'service_workflow',
    name: 'workflow',
    by: by_workflow,
    active: 'workflows_active',
    finished: 'workflows_total',
    duration: 'workflow_duration_seconds',
  });

  local duration(percent) = signal.quantile(percent / 100, {
    title: 'Duration P' + percent,
    unit: 's',
    min: 0,
    description: percent + ' % of the workflows of the last 15 minutes took no longer than this.',
    source: durations,
    labels: by_workflow + ['status'],
    records: { ['service_workflow:workflow_duration_seconds:p%d_15m' % percent]: by_workflow },
  });

  {
    slow_sources:: standing.slow_sources,
    sources:: [
      // A workflow may run once a night, and the first run that fails makes a series that begins at 1, in which rate()
      // and increase() see nothing. So what a series begins with counts, where its process was read without it a
      // quarter of an hour ago.
      {
        record: ended,
        expr: (
          |||
            sum by (env, service, workflow_type, status) (
              ((%(total)s unless %(total)s offset 15m) and on (env, service, instance) (%(up)s offset 15m == 1))
              or increase(%(total)s[15m])
            )
          ||| % { total: scope.raw('workflows_total'), up: scope.raw('up') }
        ),
      },
      {
        record: 'service_workflow:workflows_active:max_recent',
        expr: 'sum by (%s) (max_over_time(%s[%s]))' % [
          std.join(', ', by_workflow),
          scope.raw('workflows_active'),
          config.short_window,
        ],
      },
      {
        record: durations,
        expr: 'sum by (%s, status, le) (rate(%s[15m]))' % [
          std.join(', ', by_workflow),
          scope.raw('workflow_duration_seconds_bucket'),
        ],
      },
    ] + standing.sources,

    workflows_ended: signal.sum({
      title: 'Workflows in 15 minutes',
      unit: 'short',
      min: 0,
      decimals: 0,
      description: 'Workflows that ended, well or not, in the last 15 minutes.',
      source: ended,
      labels: by_workflow + ['status'],
    }),

    workflow_failure_share: signal.share({
      title: 'Workflow failure rate',
      unit: 'percentunit',
      description: 'The share of the workflows of the last 15 minutes that ended with an error.',
      source: ended,
      part: 'status="error"',
      labels: by_workflow,
      records: { 'service_workflow:workflow_failures:ratio_15m': by_workflow },
    }),

    workflows_active: signal.sum({
      title: 'Workflows under way',
      unit: 'short',
      min: 0,
      decimals: 0,
      description: 'Workflows under way at the same time, at the most, within the last minute.',
      source: 'service_workflow:workflows_active:max_recent',
      labels: by_workflow,
    }),

    workflow_duration_p50: duration(50),
    workflow_duration_p95: duration(95),

    workflow_standstill: signal.recorded({
      title: 'Workflow standstill',
      unit: 'suffix: ×',
      format: 'times',
      min: 0,
      decimals: 1,
      how: 'max',
      description: 'For how long a workflow has been under way with none of its kind finished, ' +
                   'as a multiple of the P99 of what it usually takes (6 hours; at least a minute). ' +
                   '0 while none is under way.',
      source: standing.standstill,
      records: { [standing.standstill]: by_workflow },
    }),
  }

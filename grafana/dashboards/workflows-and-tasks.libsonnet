// For those who build agents: does the work get done, how well, and how do agents work together on it?
local explore = (import '../lib/links.libsonnet').explore;

function(kit)
  local signals = kit.signals;
  local panel = kit.panels(['env', 'service']);
  local row = kit.row;
  local workflow = ['workflow_type', 'service'];
  local task = ['task_type', 'service'];
  local wide = panel.size(12);
  // An alert's thresholds, and beyond them what is wanted.
  local with_target(name) = panel.alert_lines([name])
                            + {
                              fieldConfig+: {
                                defaults+: {
                                  thresholds+: { steps+: [{ color: 'blue', value: kit.alerts[name].target }] },
                                },
                              },
                            };
  local traces_of_workflow = explore(
    { type: 'jaeger', uid: kit.config.datasources.jaeger },
    { queryType: 'search', service: '${__data.fields.Service}', operation: 'invoke_workflow ${__value.text}' },
  );

  kit.new(
    'Throughput, quality and duration of tasks and workflows, and how agents work together on them.',
    [
      kit.variable('env', 'label_values(service:tasks:per_hour, env)'),
      kit.variable('service', 'label_values(service:tasks:per_hour{env=~"$env"}, service)'),
    ],
    [
      row('Now', [
        panel.stat(signals.tasks_done_per_agent) + panel.titled('Throughput') + panel.alert(['TaskThroughputLow']),
        panel.stat(signals.tasks_waiting),
        panel.stat(signals.task_quality) + panel.alert(['TaskQualityDrop']),
        panel.stat(signals.conflict_resolution_share) + panel.titled('Conflicts resolved')
        + panel.alert(['ConflictResolutionRateLow']),
        panel.stat(signals.workflow_failure_share) + panel.titled('Workflows failed') + panel.alert(['WorkflowFailed']),
        panel.stat(signals.workflow_standstill) + panel.titled('Longest standstill') + panel.alert(['WorkflowStuck']),
      ]),
      row('Throughput', [
        panel.timeseries(signals.tasks_done_per_agent) + panel.titled('Throughput per agent and hour')
        + with_target('TaskThroughputLow')
        + {
          fieldConfig+: {
            defaults+: { custom+: { scaleDistribution: { type: 'symlog', log: 10, linearThreshold: 1 } } },
          },
        }
        + panel.service_links(),
        panel.timeseries(signals.tasks_per_hour, by=['agent', 'service']) + panel.stacked + panel.service_links(),
        panel.timeseries(signals.tasks_waiting, by=['queue', 'service']) + panel.service_links(),
      ]),
      row('Tasks', [
        panel.lines(
          [signals.task_duration_p50, signals.task_duration_p95],
          'Duration P50, P95',
          'Half and 95 % of the tasks of the last 10 minutes took no longer than this. Each dot is one task: click ' +
          'it for its trace.',
        ) + panel.exemplars(['task_duration_seconds']),
        panel.timeseries(signals.task_failure_share, by=['agent', 'service']) + panel.service_links(),
        panel.timeseries(signals.task_quality, by=task) + panel.alert_lines(['TaskQualityDrop'])
        + panel.service_links(),
        panel.table(
          'Types of task',
          'How good and how fast tasks of each type are. How their quality compares with last week is known once ' +
          'there is a week of data.',
          [
            signals.task_duration_p95,
            signals.task_duration_p50,
            signals.task_quality,
            signals.task_quality_against_last_week,
          ],
          by=task,
        ) + panel.size(24, 7) + panel.overrides([panel.override('Task quality', panel.coloured(['TaskQualityDrop']))]),
      ]),
      row('Workflows', [
        panel.timeseries(
          signals.workflows_ended,
          by=['status', 'workflow_type'],
          legend='{{workflow_type}} {{status}}'
        ) + panel.stacked,
        panel.timeseries(signals.workflow_failure_share, by=workflow) + panel.alert_lines(['WorkflowFailed'])
        + panel.service_links(),
        panel.timeseries(signals.workflow_standstill, by=workflow) + panel.alert_lines(['WorkflowStuck'])
        + panel.service_links(),
        panel.timeseries(signals.workflow_duration_p95, by=workflow) + panel.titled('Duration P95 by workflow')
        + panel.exemplars(['workflow_duration_seconds']) + panel.service_links() + wide,
        panel.timeseries(signals.workflows_active, by=workflow) + panel.stacked + panel.service_links() + wide,
        panel.table(
          'Slowest workflows',
          'The types of workflow with the highest P95. Click one for the traces of its runs.',
          [
            signals.workflow_duration_p95,
            signals.workflow_duration_p50,
            signals.workflows_ended,
            signals.workflow_failure_share,
          ],
          by=workflow,
          rows=15,
        ) + panel.size(24, 7) + panel.overrides([
          panel.override('Workflow failure rate', panel.coloured(['WorkflowFailed'])),
          panel.override('Workflow type', { links: [{ title: 'Traces of ${__value.text}', url: traces_of_workflow }] }),
        ]),
      ]),
      row('Working together', [
        panel.timeseries(
          signals.conflicts,
          by=['conflict_type', 'status'],
          legend='{{conflict_type}} {{status}}'
        ) + panel.stacked,
        panel.timeseries(signals.conflict_resolution_share) + with_target('ConflictResolutionRateLow')
        + panel.service_links(),
        panel.timeseries(signals.conflict_duration_p95, by=['conflict_type', 'service']) + panel.service_links(),
        panel.lines(
          [signals.dependency_wait_p50, signals.dependency_wait_p95],
          'Dependency resolution P50, P95',
          'Half and 95 % of the waits for something that work depends on, over the last 10 minutes, ' +
          'took no longer than this.',
          by=['dependency_type'],
        ) + wide,
        panel.timeseries(signals.collaboration_efficiency, by=['agent', 'service'])
        + panel.alert_lines(['CollaborationEfficiencyLow']) + panel.service_links() + wide,
      ]),
      row('Celery', [
        panel.stat(signals.celery_workers, by=['service']) + panel.alert(['CeleryWorkerDown']) + panel.size(6, 8)
        + panel.service_links(),
        panel.timeseries(signals.celery_runs, by=['task', 'state', 'service'], legend='{{task}} {{state}}')
        + panel.stacked + panel.service_links() + panel.size(9),
        panel.timeseries(signals.celery_failure_share, by=['task', 'service'])
        + panel.alert_lines(['CeleryFailureRate']) + panel.service_links() + panel.size(9),
        panel.lines(
          [signals.celery_task_p50, signals.celery_task_p95],
          'Celery run time P50, P95',
          'Half and 95 % of the runs of the last 5 minutes took no longer than this. Each dot is one run: click it ' +
          'for its trace.',
          by=['task'],
        ) + panel.exemplars(['celery_task_duration_seconds']) + panel.size(6),
        panel.timeseries(signals.celery_wait_p95, by=['queue', 'service']) + panel.service_links() + panel.size(6),
        panel.timeseries(signals.celery_retries, by=['task', 'service']) + panel.service_links() + panel.size(6),
        panel.timeseries(signals.queue_depth, by=['queue', 'service']) + panel.alert_lines(['QueueDepth'])
        + panel.service_links() + panel.size(6),
      ]),
      row('Logs', [
        panel.logs('Recent error logs', 'The newest log lines of level error and above.', [
          'level=~"error|critical|fatal"',
        ]),
      ]),
    ],
  )

// Tasks and workflows.
local standstill = import 'standstill.libsonnet';

function(signals, config)
  local by_type = ['env', 'service', 'task_type'];
  local by_workflow = ['env', 'service', 'workflow_type'];
  local here = { dashboard: 'workflows-and-tasks' };
  [
    here {
      name: 'TaskThroughputLow',
      signal: signals.tasks_done_per_agent,
      counted: ['task', 'tasks'],
      per: 'hour',
      compare: '<',
      'for': '10m',
      // What is wanted; drawn beside the thresholds.
      target:: 10,
      levels: [
        { severity: 'warning', threshold: 5, cooldown: '1h' },
        { severity: 'critical', threshold: 2, cooldown: '30m' },
      ],
      // Agents that have nothing to do are not slow.
      guards: [{ signal: signals.tasks_waiting, compare: '>', threshold: 0 }],
      summary: 'The agents of {{ $labels.service }} do %s each while tasks wait' % self.value,
      description: (
                     'Each agent of {{ $labels.service }} ({{ $labels.env }}) does %s, ' +
                     'at the pace of the last 15 minutes; less than %s is too few while others wait, ' +
                     'and %.10g is the target. '
                   ) % [self.value, self.limit, self.target] +
                   'Either tasks fail, or they take long, or too few are worked on at once: the dashboard shows which.',
    },

    here {
      name: 'TaskQualityDrop',
      signal: signals.task_quality,
      by: by_type,
      compare: '<',
      // A score is at most 1, so one that fell by a third since last week is below this, too.
      threshold: 0.7,
      'for': '10m',
      severity: 'warning',
      cooldown: '1h',
      // More than five judged in the quarter of an hour that the mean looks back over.
      guards: [{ signal: signals.tasks_scored, by: by_type, compare: '>', threshold: 0.0056 }],
      summary: 'Tasks of type {{ $labels.task_type }} of {{ $labels.service }} score %s on average' % self.value,
      description: (
                     'The tasks of type {{ $labels.task_type }} ({{ $labels.service }}, ' +
                     '{{ $labels.env }}) that were judged in the last 15 minutes score %s on average; less than %s ' +
                     'is too low. '
                   ) % [self.value, self.limit] +
                   'The dashboard has the score of each type and, once there is a week of data, ' +
                   'how it compares with last week.',
    },

    here {
      name: 'ConflictResolutionRateLow',
      signal: signals.conflict_resolution_share,
      compare: '<',
      'for': '10m',
      target:: 0.9,
      levels: [
        { severity: 'warning', threshold: 0.7, cooldown: '1h' },
        { severity: 'critical', threshold: 0.5, cooldown: '30m' },
      ],
      // More than five in the half hour that the share looks back over.
      guards: [{ signal: signals.conflicts, compare: '>', threshold: 10 }],
      summary: 'The agents of {{ $labels.service }} resolve only %s of their conflicts' % self.value,
      description: (
                     'Of the conflicts between the agents of {{ $labels.service }} ({{ $labels.env }}) in the last ' +
                     'half hour %s were resolved; less than %s is too few, and %.10g%% is the target. '
                   ) % [self.value, self.limit, 100 * self.target] +
                   'The dashboard shows which type of conflict is given up and how long they take.',
    },

    here {
      name: 'WorkflowFailed',
      traces:: { tags: 'error=true' },
      signal: signals.workflow_failure_share,
      by: by_workflow,
      compare: '>',
      threshold: 0.1,
      'for': '1m',
      severity: 'error',
      cooldown: '30m',
      summary: 'The workflow {{ $labels.workflow_type }} of {{ $labels.service }} fails in %s of its runs' % self.value,
      description: (
                     '%s of the runs of {{ $labels.workflow_type }} ({{ $labels.service }}, ' +
                     '{{ $labels.env }}) that ended in the last 15 minutes ended with an error; more than %s is too ' +
                     'many. '
                   ) % [self.value, self.limit] +
                   'A workflow that runs rarely is told of by its first failure. ' +
                   'The dashboard leads to the traces of its runs: the first failed span says where it broke.',
    },

    here {
      name: 'WorkflowStuck',
      signal: signals.workflow_standstill,
      by: by_workflow,
      compare: '>',
      threshold: 5,
      'for': '1m',
      severity: 'error',
      cooldown: '15m',
      local since = standstill('service_workflow:workflow:progress_timestamp_seconds', by_workflow, self.value),
      formats: since.formats,
      brief:: 'The workflow {{ $labels.workflow_type }} of {{ $labels.service }} is under way and no run of it ' +
              'has ended for <time>',
      summary: 'The workflow {{ $labels.workflow_type }} of {{ $labels.service }} is under way and no run of it ' +
               'has ended for ' + since.text,
      description: (
                     'Runs of {{ $labels.workflow_type }} ({{ $labels.service }}, {{ $labels.env }}) are under way, ' +
                     'and none has ended for %s as long as 99 %% of them take '
                   ) % self.value +
                   (
                     '(counted as a minute where it is less); more than %s means that it hangs. Look for an ' +
                     'agent that is stuck first.'
                   ) % self.limit,
    },
  ]

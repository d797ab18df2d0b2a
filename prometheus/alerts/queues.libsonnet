// Queues and the workers that empty them.
function(signals, config) [
  {
    name: 'QueueDepth',
    signal: signals.queue_depth,
    counted: ['item', 'items'],
    by: ['env', 'service', 'queue'],
    compare: '>',
    'for': '2m',
    levels: [
      { severity: 'warning', threshold: 1000, cooldown: '30m' },
      { severity: 'error', threshold: 5000, cooldown: '15m' },
      { severity: 'critical', threshold: 10000, cooldown: '10m' },
    ],
    dashboard: 'system-health',
    summary: 'The queue {{ $labels.queue }} of {{ $labels.service }} holds %s' % self.value,
    description: (
                   'The queue {{ $labels.queue }} of {{ $labels.service }} ({{ $labels.env }}) holds %s that wait; ' +
                   'more than %s is too many. '
                 ) % [self.value, self.limit] +
                 'Items finished beside it says whether the workers are slow or stand still, ' +
                 'and since when more arrives than they take.',
  },
  {
    name: 'QueueNotDraining',
    signal: signals.queue_undrained,
    counted: ['item', 'items'],
    by: ['env', 'service', 'queue'],
    compare: '>',
    // A few items that wait for one that takes long are no standstill.
    threshold: 10,
    'for': '3m',
    severity: 'error',
    cooldown: '15m',
    dashboard: 'system-health',
    summary: 'The queue {{ $labels.queue }} of {{ $labels.service }} holds %s and nothing from it is finished'
             % self.value,
    description: (
                   'The queue {{ $labels.queue }} of {{ $labels.service }} ({{ $labels.env }}) has grown for 10 ' +
                   'minutes, to %s, and nothing from it was finished in the last 5. '
                 ) % self.value +
                 'Its workers run, else other alerts would say so: see in their logs and traces what they wait for.',
  },
  {
    name: 'CeleryFailureRate',
    traces:: { tags: 'error=true' },
    signal: signals.celery_failure_share,
    by: ['env', 'service', 'task'],
    compare: '>',
    'for': '5m',
    levels: [
      { severity: 'warning', threshold: 0.05, cooldown: '30m' },
      { severity: 'error', threshold: 0.25, cooldown: '15m' },
    ],
    // 15 tasks in 5 minutes: below that a single failure would be a high share.
    guards: [{ signal: signals.celery_tasks_ended, compare: '>', threshold: 0.05, by: ['env', 'service', 'task'] }],
    dashboard: 'workflows-and-tasks',
    summary: '%s of the tasks {{ $labels.task }} of {{ $labels.service }} fail' % self.value,
    description: (
                   'Of the Celery tasks {{ $labels.task }} of {{ $labels.service }} ({{ $labels.env }}) that ended ' +
                   'in the last 5 minutes %s failed for good; more than %s is too much. '
                 ) % [self.value, self.limit] +
                 'Retries are not among them: what failed here is not tried again. The error logs say why.',
  },
  {
    name: 'CeleryWorkerDown',
    signal: signals.celery_workers,
    compare: '<',
    threshold: 1,
    'for': '2m',
    severity: 'critical',
    cooldown: '10m',
    dashboard: 'workflows-and-tasks',
    summary: 'No Celery worker of {{ $labels.service }} is up',
    description: '{{ $labels.service }} ({{ $labels.env }}) ran Celery tasks in the last day, ' +
                 'and none of its instances answers now. Its tasks wait, or are lost if the broker keeps them in ' +
                 'memory. The logs end with the reason if a worker ended by itself.',
  },
]

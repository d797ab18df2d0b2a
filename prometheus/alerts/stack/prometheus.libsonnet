// Prometheus: its configuration, rules, storage, and its way to Alertmanager.
local starting = import '../../lib/starting.libsonnet';

local of_instance = {
  by: ['env', 'service', 'instance'],
  compare: '>',
  threshold: 0,
  severity: 'error',
  cooldown: '30m',
};

function(signals, config) [
  of_instance {
    name: 'PrometheusConfigReloadFailed',
    signal: signals.prometheus_config_loaded,
    compare: '<',
    threshold: 1,
    'for': '5m',
    summary: '{{ $labels.service }} refuses its new configuration and goes on with the old one',
    description: '{{ $labels.instance }} ({{ $labels.env }}) could not load its configuration or rules the last time ' +
                 'it was told to. Changes to targets and alerts are not in effect, and it would not start again. ' +
                 'Its log names the file and the line.',
  },
  of_instance {
    name: 'RuleEvaluationFailures',
    signal: signals.rule_failures,
    counted: ['evaluation', 'evaluations'],
    per: 'minute',
    'for': '5m',
    summary: 'Rules fail in {{ $labels.service }}: %s' % self.value,
    description: (
                   '{{ $labels.instance }} ({{ $labels.env }}) fails to evaluate rules: ' +
                   '%s. Alerts and recorded series of those rules '
                 ) % self.value +
                 'are missing: what they watch is not watched. The page of rules in Prometheus names the rule and ' +
                 'its error.',
  },
  of_instance {
    name: 'MissedEvaluations',
    quiet_while:: [starting.anything()],
    signal: signals.rule_iterations_missed,
    counted: ['evaluation', 'evaluations'],
    per: 'minute',
    'for': '10m',
    severity: 'warning',
    summary: '{{ $labels.service }} is too slow for its rules: it leaves out %s' % self.value,
    description: (
                   '{{ $labels.instance }} ({{ $labels.env }}) takes longer for a group of rules than its interval ' +
                   'and leaves out %s. '
                 ) % self.value +
                 'Alerts come late. The dashboard shows which group takes the time.',
  },
  of_instance {
    name: 'NotificationsDropped',
    quiet_while:: [starting.of([config.stack.alertmanager], 'short')],
    signal: signals.notifications_dropped,
    counted: ['alert', 'alerts'],
    per: 'minute',
    'for': '2m',
    cooldown: '15m',
    about_pipeline:: true,
    summary: '{{ $labels.service }} drops %s on the way to Alertmanager' % self.value,
    description: (
                   '{{ $labels.instance }} ({{ $labels.env }}) gives up sending %s. ' +
                   'Alertmanager is down, refuses them or is too slow; '
                 ) % self.value +
                 'who relies on it is not told of what fires. They are sent again while they fire. Look at its log.',
  },
  of_instance {
    name: 'NotificationQueueFilling',
    quiet_while:: [starting.of([config.stack.alertmanager])],
    signal: signals.notification_queue,
    threshold: 0.5,
    'for': '5m',
    severity: 'warning',
    about_pipeline:: true,
    summary: 'The queue of alerts to Alertmanager is %s full' % self.value,
    description: (
                   'Alerts wait in {{ $labels.instance }} ({{ $labels.env }}) because Alertmanager takes them more ' +
                   'slowly than they come: the queue is %s full, '
                 ) % self.value +
                 'more than %s is too much. When it is full, the oldest are dropped. Look at its log.' % self.limit,
  },
  of_instance {
    name: 'NotConnectedToAlertmanager',
    quiet_while:: [starting.of([config.stack.alertmanager], 'short')],
    signal: signals.alertmanagers_reached,
    compare: '<',
    threshold: 1,
    'for': '3m',
    severity: 'critical',
    cooldown: '5m',
    about_pipeline:: true,
    summary: '{{ $labels.service }} reaches no Alertmanager: nobody is told of any alert',
    description: '{{ $labels.instance }} ({{ $labels.env }}) has not been able to hand a single alert over for three ' +
                 'minutes. This alert does not arrive either: it shows on the dashboard, and the Watchdog stops ' +
                 'coming. Is Alertmanager running, ' +
                 'and is its address right?',
  },
  of_instance {
    name: 'TsdbWalCorruption',
    signal: signals.tsdb_corruptions,
    counted: ['time', 'times'],
    'for': '1m',
    cooldown: '4h',
    summary: '{{ $labels.service }} has found damaged data on its disk',
    description: (
                   '{{ $labels.instance }} ({{ $labels.env }}) has found its write-ahead log or chunks damaged %s ' +
                   'since it was started, and has cut off what came after. '
                 ) % self.value +
                 'Up to two hours of samples may be missing. A power cut or a full disk does that, ' +
                 'and so does a disk that dies: look at the log of the machine.',
  },
  of_instance {
    name: 'CardinalityJump',
    signal: signals.head_series_growth,
    threshold: 0.5,
    'for': '15m',
    severity: 'warning',
    cooldown: '4h',
    // A small Prometheus doubles by one more service.
    guards: [{ signal: signals.head_series_added, compare: '>', threshold: 10000, by: ['env', 'service', 'instance'] }],
    summary: '{{ $labels.service }} holds %s more series than an hour ago' % self.value,
    description: (
                   'The number of series in {{ $labels.instance }} ({{ $labels.env }}) has grown by %s within an ' +
                   'hour. Most often a label holds something without bound, '
                 ) % self.value +
                 'such as an id. Memory grows with it until Prometheus is ended. ' +
                 'The dashboard shows which service brings them.',
  },
]

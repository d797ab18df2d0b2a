// Whether what should be watched is there.
local duration = import '../../lib/duration.libsonnet';
local promql = import '../../signals/promql.libsonnet';

// A server of the stack of which nothing answers: worse than one instance that is down, which it silences.
local server_down = {
  compare: '<',
  threshold: 1,
  'for': '2m',
  severity: 'critical',
  cooldown: '15m',
  condition: 'target_down',
};

function(signals, config) [
  {
    name: 'TargetDown',
    signal: signals.targets_up,
    compare: '<',
    threshold: 1,
    'for': '1m',
    severity: 'error',
    cooldown: '15m',
    condition: 'target_down',
    summary: '%s of the targets of {{ $labels.service }} answer' % self.value,
    description: (
                   'Prometheus cannot read the metrics of every instance of {{ $labels.service }} ' +
                   '({{ $labels.env }}) that there should be: only %s '
                 ) % self.value +
                 'of them answer. An instance is down, cannot be reached, or is not in the list of targets any more. ' +
                 'What depends on its metrics is blind until it is back: look at its own log.',
  },
  server_down {
    name: 'LokiDown',
    signal: signals.loki_up,
    summary: 'No Loki answers: logs cannot be searched',
    description: 'No instance of {{ $labels.service }} ({{ $labels.env }}) has answered Prometheus for two minutes. ' +
                 'Logs cannot be searched; new lines wait ' +
                 "on the collector's disk and are delivered when Loki is back. " +
                 'Look at its own log and at the space on its disk.',
  },
  server_down {
    name: 'JaegerDown',
    signal: signals.jaeger_up,
    summary: 'No Jaeger answers: traces cannot be looked up',
    description: 'No instance of {{ $labels.service }} ({{ $labels.env }}) has answered Prometheus for two minutes. ' +
                 "Traces cannot be looked up; new spans wait on the collector's disk and are delivered when Jaeger " +
                 'is back. Look at its own log and at its memory.',
  },
  server_down {
    name: 'GrafanaDown',
    signal: signals.dashboards_up,
    summary: 'The dashboards cannot be opened',
    description: 'No instance of {{ $labels.service }} ({{ $labels.env }}) has answered Prometheus for two minutes. ' +
                 'Nobody can open a dashboard or a runbook by its link; alerts are evaluated and sent all the same. ' +
                 'The runbooks are also files, ' +
                 'in the folder runbooks.',
  },

  // Always fires, so that its silence is the alarm: whoever receives it must raise one when it stops coming. An alert
  // on a constant would go on firing while Prometheus can no longer store anything; this one stops when the newest
  // sample is old.
  {
    name: 'Watchdog',
    local own_up = promql.select('up', ['job="%s"' % config.prometheus_job, config.selector]),
    expr:: 'time() - max(timestamp(%s)) < %.10g' % [own_up, self.threshold],
    compare: '<',
    // It must not be silent between two scrapes.
    threshold: std.max(120, 2 * duration.seconds(config.settings.scrape.interval)),
    'for': '0s',
    severity: 'info',
    cooldown: '5m',
    by: [],
    fixed_labels:: { service: config.prometheus_job, env: config.settings.env },
    dashboard: 'alerts-and-incidents',
    summary: 'The alerting pipeline works: Prometheus stores samples and its alerts arrive',
    description: 'This alert always fires and is sent again every few minutes. If it stops coming, ' +
                 'no other alert can be relied on: ' +
                 (
                   'Prometheus does not store what it reads, or Alertmanager does not deliver. ' +
                   'It goes quiet once the newest sample is %.10g s old.'
                 ) % self.threshold,
  },
]

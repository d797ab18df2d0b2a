// The monitoring itself.
local promql = import '../signals/promql.libsonnet';

function(signals, config) [
  {
    name: 'TargetDown',
    signal: signals.targets_up,
    compare: '<',
    threshold: 1,
    'for': '1m',
    severity: 'error',
    cooldown: '15m',
    dashboard: 'overview',
    summary: '%s of the targets of {{ $labels.service }} answer' % self.value,
    description: 'Prometheus cannot read the metrics of every instance of {{ $labels.service }} ({{ $labels.env }}): only %s ' % self.value +
                 'of them answer. An instance is down, or cannot be reached. What depends on its metrics is blind until it is back.',
  },

  // Always fires, so that its silence is the alarm: whoever receives it must raise one when it stops coming. An alert on a
  // constant would go on firing while Prometheus can no longer store anything; this one stops when the newest sample is old.
  {
    name: 'Watchdog',
    local own_up = promql.select('up', ['job="%s"' % config.prometheus_job, config.selector]),
    expr:: 'time() - max(timestamp(%s)) < %g' % [own_up, self.threshold],
    compare: '<',
    threshold: 120,
    'for': '0s',
    severity: 'info',
    cooldown: '5m',
    by: [],
    fixed_labels:: { service: config.prometheus_job, env: config.settings.env },
    dashboard: 'overview',
    summary: 'The alerting pipeline works: Prometheus stores samples and its alerts arrive',
    description: 'This alert always fires and is sent again every few minutes. If it stops coming, no other alert can be relied on: ' +
                 'Prometheus does not store what it reads, or Alertmanager does not deliver. It goes quiet once the newest sample is %g s old.' % self.threshold,
  },
]

// What is unusual, and what is about to be wrong.
local lookup = import '../lib/lookup.libsonnet';
local units = import '../signals/units.libsonnet';

function(signals, config)
  local watched = signals.by_module.anomalies.watched;
  // A value in the unit of the signal that the label names.
  local by_signal = {
    local branches = [
      'if eq .arg0 "%s" }}{{ template "%s" .arg1 }}' % [name, name]
      for name in std.objectFields(watched)
    ],
    template: '{{ ' + std.join('{{ else ', branches) + '{{ else }}{{ printf "%.3g" .arg1 }}{{ end }}',
  };
  // A recorded value of the series that the alert is about; nothing where there is none.
  local recorded(text, record) = lookup.found(
    record + '{MATCHERS}',
    ['env', 'service', 'signal'],
    text % units.written('watched', '(args $labels.signal %s)' % lookup.value)
  );
  [
    {
      name: 'AnomalyDetected',
      signal: signals.anomaly_score,
      by: ['env', 'service', 'signal'],
      compare: '>',
      threshold: 0.5,
      'for': '5m',
      severity: 'warning',
      cooldown: '1h',
      dashboard: 'anomalies',
      variables: ['env', 'service', 'signal'],
      formats: { watched: by_signal } + { [name]: watched[name].written for name in std.objectFields(watched) },
      brief:: '{{ $labels.signal }} of {{ $labels.service }} is unusual: now <value>, usually at most <value>',
      summary: '{{ $labels.signal }} of {{ $labels.service }} is unusual' +
               recorded(': now %s', 'service_signal:watched:value') +
               recorded(', usually at most %s', 'service_signal:band:upper') +
               recorded(', at least %s', 'service_signal:band:lower'),
      description: (
                     'For 5 minutes {{ $labels.signal }} of {{ $labels.service }} ({{ $labels.env }}) has been ' +
                     'outside ' +
                     'the band of the last hour and of the same hours of yesterday and last week: its anomaly score ' +
                     'is %s, and more than %s is unusual (1 is as far out again as the band reaches). '
                   ) % [self.value, self.limit] +
                   'It need not be a fault. The dashboard shows since when, and what else is unusual.',
    },
    {
      name: 'ThresholdBreachForecast',
      signal: signals.time_to_breach,
      by: ['env', 'service', 'will_fire'],
      compare: '<',
      threshold: 3600,
      'for': '5m',
      severity: 'warning',
      cooldown: '1h',
      dashboard: 'anomalies',
      summary: '{{ $labels.will_fire }} of {{ $labels.service }} fires in %s at this pace' % self.value,
      description: (
                     'What {{ $labels.will_fire }} watches in {{ $labels.service }} ({{ $labels.env }}) has moved ' +
                     'steadily towards its threshold for the last hour and reaches it in %s, if it goes on like this. '
                   ) % self.value +
                   'There is time to act before anybody notices: its runbook says what to look at.',
    },
  ]

// What is unusual, and what is about to be wrong.

// A recorded value of the series that the alert is about, for its description; nothing where there is none.
local recorded(text, record) =
  local series = "%s{env='%%s',service='%%s',signal='%%s'}" % record;
  '{{ with printf "%s" $labels.env $labels.service $labels.signal | query }}%s{{ end }}' % [series, text];
local value = '{{ . | first | value | humanize }}';

function(signals, config) [
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
    summary: '{{ $labels.signal }} of {{ $labels.service }} is unusual: %s band widths outside what it usually is'
             % self.value,
    description: 'For 5 minutes {{ $labels.signal }} of {{ $labels.service }} ({{ $labels.env }}) has been outside ' +
                 'the band of the last hour and of the same hours of yesterday and last week, ' +
                 'by more than %s times half the width of the band. ' % self.limit +
                 recorded('Now it is ' + value + '. ', 'service_signal:watched:value') +
                 recorded('Usual is at most ' + value + '. ', 'service_signal:band:upper') +
                 recorded('Usual is at least ' + value + '. ', 'service_signal:band:lower') +
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

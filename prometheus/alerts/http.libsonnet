// HTTP services.
local error_rate = {
  compare: '>',
  'for': '1m',
  condition: 'error_rate',
  dashboard: 'api-performance',
  summary: '{{ $labels.service }} answers {{ $value | humanize }} requests a minute with an error',
  description: 'In the last minute {{ $labels.service }} ({{ $labels.env }}) answered {{ $value | humanize }} requests with a 5xx status; ' +
               'more than %g a minute is too many. The dashboard shows which endpoints and exceptions; the error logs below it say why.' % self.threshold,
};

function(signals) [
  error_rate {
    name: 'HighErrorRate',
    signal: signals.http_errors_per_minute,
    threshold: 5,
    severity: 'error',
    cooldown: '15m',
  },
  error_rate {
    name: 'VeryHighErrorRate',
    signal: signals.http_errors_per_minute,
    threshold: 10,
    // Longer than HighErrorRate's, which it silences: that one tells of the fault, this one that nobody has mended it.
    'for': '3m',
    severity: 'critical',
    cooldown: '5m',
  },
]

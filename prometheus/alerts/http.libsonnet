// HTTP services.
local error_rate = {
  compare: '>',
  'for': '1m',
  condition: 'error_rate',
  dashboard: 'api-performance',
  summary: '{{ $labels.service }} answers %s requests a minute with an error' % self.value,
  description: 'In the last minute {{ $labels.service }} ({{ $labels.env }}) answered %s requests with a 5xx status; ' % self.value +
               'more than %s a minute is too many. The dashboard shows which endpoints and exceptions; the error logs below it say why.' % self.limit,
};

function(signals, config) [
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
  {
    name: 'HttpErrorRatio',
    signal: signals.http_error_share,
    compare: '>',
    'for': '2m',
    levels: [
      { severity: 'warning', threshold: 0.01, cooldown: '15m' },
      { severity: 'error', threshold: 0.05, cooldown: '15m' },
      { severity: 'critical', threshold: 0.1, cooldown: '5m' },
    ],
    // One failure among a handful of requests says nothing.
    guards: [{ signal: signals.http_requests, compare: '>', threshold: 0.1 }],
    dashboard: 'api-performance',
    summary: '%s of the requests to {{ $labels.service }} fail' % self.value,
    description: '{{ $labels.service }} ({{ $labels.env }}) answered %s of its requests of the last 5 minutes with a 5xx status; more than %s is too many. ' % [self.value, self.limit] +
                 'The dashboard shows which endpoints and exceptions; the error logs below it say why.',
  },
]

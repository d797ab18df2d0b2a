// HTTP services.
local failed = { tags: 'error=true' };
local error_rate = {
  compare: '>',
  counted: ['request', 'requests'],
  per: 'minute',
  'for': '1m',
  condition: 'error_rate',
  traces:: failed,
  dashboard: 'api-performance',
  summary: '{{ $labels.service }} answers %s with an error' % self.value,
  description: '{{ $labels.service }} ({{ $labels.env }}) answers %s with a 5xx status; '
               % self.value +
               (
                 'more than %s is too many. The dashboard shows which endpoints ' +
                 'and exceptions; the error logs below it say why.'
               ) % self.limit,
};

function(signals, config)
  // One failure, or one slow answer, among a handful of requests says nothing.
  local some_traffic = { signal: signals.http_requests, compare: '>', threshold: 0.1 };
  [
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
      // Longer than HighErrorRate's, which it silences: that one tells of the fault, this one that nobody has mended
      // it.
      'for': '3m',
      severity: 'critical',
      cooldown: '5m',
    },
    {
      name: 'HttpErrorRatio',
      traces:: failed,
      signal: signals.http_error_share,
      compare: '>',
      'for': '2m',
      condition: 'error_rate',
      levels: [
        { severity: 'warning', threshold: 0.01, cooldown: '15m' },
        { severity: 'error', threshold: 0.05, cooldown: '15m' },
        { severity: 'critical', threshold: 0.1, cooldown: '5m' },
      ],
      guards: [some_traffic],
      dashboard: 'api-performance',
      summary: '%s of the requests to {{ $labels.service }} fail' % self.value,
      description: (
                     '{{ $labels.service }} ({{ $labels.env }}) answered %s of its requests of the last 5 minutes ' +
                     'with a 5xx status; more than %s is too many. '
                   ) % [self.value, self.limit] +
                   'The dashboard shows which endpoints and exceptions; the error logs below it say why.',
    },
    {
      name: 'LowSuccessRate',
      signal: signals.http_success_share,
      compare: '<',
      threshold: 0.95,
      // Longer than HttpErrorRatio's, whose critical level silences it: what it adds are the 4xx.
      'for': '5m',
      condition: 'error_rate',
      severity: 'error',
      cooldown: '15m',
      guards: [some_traffic],
      dashboard: 'api-performance',
      summary: 'Only %s of the requests to {{ $labels.service }} succeed' % self.value,
      description: (
                     '{{ $labels.service }} ({{ $labels.env }}) answered only %s of its requests of the last 5 ' +
                     'minutes with neither a 4xx nor a 5xx status; '
                   ) % self.value +
                   (
                     'it should be %s or more. If HttpErrorRatio is silent, callers are being refused (4xx): ' +
                     'look at the status codes, then at what was changed last, here or at the callers.'
                   ) % self.limit,
    },
    {
      local slow = self,
      name: 'HttpLatencyP95',
      traces:: { minDuration: '%gs' % slow.threshold },
      signal: signals.http_latency_p95,
      compare: '>',
      'for': '3m',
      levels: [
        { severity: 'warning', threshold: 1, cooldown: '15m' },
        { severity: 'error', threshold: 3, cooldown: '15m' },
        { severity: 'critical', threshold: 5, cooldown: '15m' },
      ],
      guards: [some_traffic],
      dashboard: 'api-performance',
      summary: 'One request in twenty to {{ $labels.service }} takes %s or longer' % self.value,
      description: 'The P95 of {{ $labels.service }} ({{ $labels.env }}) over the last 5 minutes is %s, above %s. ' % [
                     self.value,
                     self.limit,
                   ] +
                   'The slowest endpoints are in a table of the dashboard; each dot on its latency graphs is one ' +
                   'request and opens its trace.',
    },
    {
      name: 'LowCacheHitRate',
      signal: signals.cache_hit_ratio,
      by: ['env', 'service', 'cache'],
      compare: '<',
      threshold: 0.3,
      // A cache that was just emptied is given time to fill.
      'for': '15m',
      severity: 'warning',
      cooldown: '30m',
      guards: [{ signal: signals.cache_requests, compare: '>', threshold: 0.1, by: ['env', 'service', 'cache'] }],
      dashboard: 'api-performance',
      summary: 'The cache {{ $labels.cache }} of {{ $labels.service }} knows only %s of what it is asked' % self.value,
      description: (
                     'Fewer than %s of the look-ups in the cache {{ $labels.cache }} of {{ $labels.service }} ' +
                     '({{ $labels.env }}) find something: now %s. '
                   ) % [self.limit, self.value] +
                   'What the cache should spare is being asked for again and again: ' +
                   'watch the latency and load of what lies behind it, or the cost where that is a model.',
    },
    {
      name: 'HighRateLimitBlocks',
      signal: signals.rate_limit_blocked_share,
      compare: '>',
      threshold: 0.2,
      'for': '5m',
      severity: 'info',
      cooldown: '30m',
      guards: [{ signal: signals.rate_limit_decisions, compare: '>', threshold: 0.1 }],
      dashboard: 'api-performance',
      summary: '{{ $labels.service }} turns %s of its requests away by a rate limit' % self.value,
      description: (
                     'The rate limiter of {{ $labels.service }} ({{ $labels.env }}) blocked %s of the requests that ' +
                     'it judged in the last 5 minutes; more than %s is unusual. '
                   ) % [self.value, self.limit] +
                   'Either somebody asks far too often, or the limit is too tight for what people do now: ' +
                   'the dashboard has the decisions by kind of limit.',
    },
    {
      name: 'ValidationFailures',
      signal: signals.validation_failures_ratio,
      compare: '>',
      threshold: 3,
      'for': '10m',
      severity: 'warning',
      cooldown: '30m',
      guards: [{ signal: signals.validation_failures, compare: '>', threshold: 5 }],
      dashboard: 'api-performance',
      summary: '{{ $labels.service }} refuses %s as many inputs as yesterday at this hour' % self.value,
      description: (
                     '{{ $labels.service }} ({{ $labels.env }}) refuses %s as many requests for an input that ' +
                     'is not valid as at this hour yesterday; more than %s is a jump. '
                   ) % [self.value, self.limit] +
                   'Usually a caller or this service was released with another idea of the fields: ' +
                   'the dashboard shows the endpoint and the reason.',
    },
    {
      name: 'TrafficDroppedToZero',
      signal: signals.http_requests_missing,
      counted: ['request', 'requests'],
      per: 'second',
      compare: '>',
      // 72 requests an hour: that a quarter of one goes by without any does not happen by chance.
      threshold: 0.02,
      'for': '10m',
      severity: 'error',
      cooldown: '15m',
      dashboard: 'api-performance',
      summary: '{{ $labels.service }} has no traffic; usual at this hour: %s' % self.value,
      description: (
                     'Nobody has asked {{ $labels.service }} ({{ $labels.env }}) for anything in the last minutes; ' +
                     'at this hour of the last days it had %s (more than %s counts). '
                   ) % [self.value, self.limit] +
                   'It may be unreachable, or may no longer be listed or scraped: ' +
                   'look whether its targets are up, then at what stands before it.',
    },
  ]

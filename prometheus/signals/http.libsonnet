// What HTTP services do, whatever they are instrumented with (instrumentations.libsonnet).
local delivery_of = import 'delivery.libsonnet';
local instrumentations = import 'instrumentations.libsonnet';
local promql = import 'promql.libsonnet';
local signal = import 'signal.libsonnet';

function(config)
  local scope = promql.scope(config);
  local delivery = delivery_of(config);
  local unify(kind, window, suffix='', extra=[], status='') =
    instrumentations.unify(kind, window, suffix, extra, config.selector, status);

  local instance = std.join(', ', scope.by_instance);
  local by_endpoint = scope.by_instance + ['method', 'endpoint'];

  local requests = 'instance_endpoint:http_requests:rate5m';
  local buckets = 'instance_endpoint:http_request_duration_seconds_bucket:rate5m';
  local layouts = 'instance:http_request_duration_seconds:layout';
  local failed = 'status=~"5.."';
  local traffic = 'service:http_requests:rate5m';
  local refused = 'service:validation_failures:per_minute';
  // The hour around this time of the day, some days ago.
  local hour_around(days) = '%dh30m' % (24 * days - 1);

  // Recorded once; everything below reads these.
  local sources = [
    { record: requests, expr: unify('requests', '5m') },
    { record: layouts, expr: instrumentations.layouts('duration', config.selector) },
    {
      // Of an instance that did not answer the last scrape, the layout that it had before.
      record: buckets,
      expr: '(\n%s\n) * on (%s) group_left (layout) (%s or on (%s) topk by (%s) (1, last_over_time(%s[5m])))' % [
        unify('duration', '5m', '_bucket', ['le']),
        instance,
        layouts,
        instance,
        instance,
        layouts,
      ],
    },
    { record: 'instance_endpoint:http_request_size_bytes_sum:rate5m', expr: unify('request_size', '5m', '_sum') },
    { record: 'instance_endpoint:http_request_size_bytes_count:rate5m', expr: unify('request_size', '5m', '_count') },
    { record: 'instance_endpoint:http_response_size_bytes_sum:rate5m', expr: unify('response_size', '5m', '_sum') },
    { record: 'instance_endpoint:http_response_size_bytes_count:rate5m', expr: unify('response_size', '5m', '_count') },
    { record: 'instance:http_requests_in_progress:sum', expr: unify('in_progress', null) },
    delivery.rule(instrumentations.pushed(config.selector)),
    // Looks back a minute, not five, so that an alert on it fires and resolves quickly; five where an instance is heard
    // of too seldom for that. Zero where there is traffic and no error.
    {
      record: 'instance:http_errors:per_minute',
      expr: |||
        60 * sum by (env, service, instance) (
        %(soon)s
        ) unless on (env, service, instance) %(seldom)s
        or 60 * sum by (env, service, instance) (%(failed)s) and on (env, service, instance) %(seldom)s
        or 0 * sum by (env, service, instance) (%(requests)s)
      ||| % {
        failed: promql.select(requests, [failed]),
        requests: requests,
        seldom: delivery.seldom,
        soon: unify('requests', config.short_window, status='5..'),
      },
    },
    {
      record: 'instance:http_exceptions:per_minute',
      expr: '60 * sum by (env, service, instance, exception_type, endpoint) (rate(%s[5m]))'
            % scope.raw('http_exceptions_total') +
            (
              '\nor on (env, service, instance) label_replace(0 ' +
              '* sum by (env, service, instance) (%s), "exception_type", "none", "", "")'
            ) % requests,
    },
    {
      record: 'instance:cache_requests:rate5m',
      expr: 'sum by (env, service, instance, cache, result) (rate(%s[5m]))' % scope.raw('cache_requests_total'),
    },
    {
      record: 'instance:rate_limit_requests:rate5m',
      expr: 'sum by (env, service, instance, decision, limit_type) (rate(%s[5m]))'
            % scope.raw('rate_limit_requests_total'),
    },
    // Where nobody counts them: the answers that say so.
    {
      record: 'instance:validation_failures:per_minute',
      expr: '60 * sum by (env, service, instance, endpoint, reason) (rate(%s[5m]))'
            % scope.raw('validation_failures_total') +
            (
              '\nor on (env, service, instance) label_replace(60 ' +
              '* sum by (env, service, instance, endpoint) (%s), "reason", "status 4xx", "", "")'
            ) % promql.select(requests, ['status=~"400|422"']) +
            (
              '\nor on (env, service, instance) label_replace(0 ' +
              '* sum by (env, service, instance) (%s), "reason", "none", "", "")'
            ) % requests,
    },
  ];

  local slow_sources = [
    {
      record: 'service:validation_failures:yesterday',
      expr: 'avg_over_time(%s[1h] offset %s)' % [refused, hour_around(1)] +
            '\nand last_over_time(%s[5m] offset 24h25m)' % refused,
    },
    // Compared with at least one a minute, so that two after a day with none are no jump; with itself where there is no
    // yesterday.
    {
      record: 'service:validation_failures:ratio_yesterday',
      local now = 'sum by (env, service) (instance:validation_failures:per_minute)',
      expr: '%s / clamp_min(service:validation_failures:yesterday or %s, 1)' % [now, now],
    },
    { record: 'service:http_requests:avg1h', expr: 'avg_over_time(%s[1h])' % traffic },
    // The busiest of the last three days at this hour: a service that is gone for good is forgotten after them.
    {
      local at(days) =
        'label_replace(last_over_time(service:http_requests:avg1h[1h] offset %s), "days", "%d", "", "")' % [
          hour_around(days),
          days,
        ],
      record: 'service:http_requests:recent_days',
      expr: 'max by (env, service) (%s)' % std.join(' or ', [at(days) for days in [1, 2, 3]]),
    },
    // No more than a week ago, where that is known: a Saturday without traffic is usual for some.
    {
      local week_ago = 'last_over_time(service:http_requests:avg1h[1h] offset %s)' % hour_around(7),
      record: 'service:http_requests:expected',
      expr: '(%s <= service:http_requests:recent_days)\nor service:http_requests:recent_days' % week_ago,
    },
    {
      record: 'service:http_requests:missing',
      expr: '(service:http_requests:expected unless %s > 0)\nor 0 * %s' % [traffic, traffic],
    },
  ];

  local latency(percent) = signal.quantile(percent / 100, {
    title: 'Latency P' + percent,
    unit: 's',
    min: 0,
    description: percent + ' % of the requests of the last 5 minutes were answered within this time; of several ' +
                 'services those of the slowest.',
    source: buckets,
    labels: by_endpoint + ['layout'],
    records: { ['service:http_request_duration_seconds:p' + percent + '_5m']: scope.by_service },
  });

  {
    sources:: sources,
    slow_sources:: slow_sources,

    http_requests: signal.sum({
      title: 'Requests',
      unit: 'reqps',
      min: 0,
      description: 'Requests per second, over the last 5 minutes.',
      source: requests,
      labels: by_endpoint + ['status'],
      records: { 'service:http_requests:rate5m': scope.by_service },
    }),

    http_errors: signal.part({
      title: 'Errors',
      unit: 'reqps',
      min: 0,
      description: 'Requests per second answered with a 5xx status, over the last 5 minutes.',
      source: requests,
      part: failed,
      labels: by_endpoint,
      records: { 'service:http_errors:rate5m': scope.by_service },
    }),

    http_error_share: signal.share({
      title: 'Error share',
      unit: 'percentunit',
      description: 'The share of requests answered with a 5xx status, over the last 5 minutes.',
      source: requests,
      part: failed,
      labels: by_endpoint,
      records: { 'service:http_errors:ratio_rate5m': scope.by_service },
    }),

    // What nobody has asked for (no such route) and what a rate limit refuses says nothing about the service: both are
    // left out.
    http_success_share: signal.share({
      title: 'Success rate',
      unit: 'percentunit',
      max: 1,
      description: 'The share of requests answered with neither a 4xx nor a 5xx status, ' +
                   'over the last 5 minutes. Requests for routes that do not exist, and those that a rate limit ' +
                   'refused (429), are left out.',
      source: requests,
      part: 'status!~"[45].."',
      labels: by_endpoint,
      records: { 'service:http_successes:ratio_rate5m': scope.by_service },
    }) + {
      expr(by, matchers=[]):: super.expr(by, matchers + ['endpoint!~"unmatched|none"', 'status!="429"']),
    },

    http_requests_missing: signal.recorded({
      title: 'Traffic missing',
      unit: 'reqps',
      min: 0,
      how: 'max',
      description: 'Requests per second that a service usually has at this hour of the day and now has none of at ' +
                   'all; 0 while it has any.',
      source: 'service:http_requests:missing',
      records: { 'service:http_requests:missing': scope.by_service },
    }),

    http_requests_expected: signal.recorded({
      title: 'Expected requests',
      unit: 'reqps',
      min: 0,
      description: 'Requests per second that a service had at this hour of the last days and a week ago: ' +
                   'the least of them.',
      source: 'service:http_requests:expected',
      records: { 'service:http_requests:expected': scope.by_service },
    }),

    http_errors_per_minute: signal.sum({
      title: 'Errors per minute',
      unit: 'suffix: /min',
      min: 0,
      description: 'Requests answered with a 5xx status in the last minute; of a service that pushes its metrics ' +
                   'more seldom than three times a minute, the mean of the last 5.',
      source: 'instance:http_errors:per_minute',
      labels: scope.by_instance,
      records: { 'service:http_errors:per_minute': scope.by_service },
    }),

    http_latency_p50: latency(50),
    http_latency_p95: latency(95),
    http_latency_p99: latency(99),

    // For a heatmap, one row a bucket.
    http_latency_buckets: signal.buckets({
      title: 'Latency distribution',
      unit: 's',
      description: 'How many requests a second took how long: the darker, the more. Of several services only the ' +
                   'bounds that the histograms of all of them have.',
      source: buckets,
      labels: by_endpoint + ['layout', 'le'],
    }),

    http_request_size: signal.mean({
      title: 'Request size',
      unit: 'bytes',
      min: 0,
      description: 'Mean size of the request bodies received, over the last 5 minutes.',
      source: {
        sum: 'instance_endpoint:http_request_size_bytes_sum:rate5m',
        count: 'instance_endpoint:http_request_size_bytes_count:rate5m',
      },
      labels: by_endpoint,
      records: { 'service:http_request_size_bytes:mean_5m': scope.by_service },
    }),

    http_response_size: signal.mean({
      title: 'Response size',
      unit: 'bytes',
      min: 0,
      description: 'Mean size of the response bodies sent, over the last 5 minutes.',
      source: {
        sum: 'instance_endpoint:http_response_size_bytes_sum:rate5m',
        count: 'instance_endpoint:http_response_size_bytes_count:rate5m',
      },
      labels: by_endpoint,
      records: { 'service:http_response_size_bytes:mean_5m': scope.by_service },
    }),

    http_in_progress: signal.sum({
      title: 'In progress',
      unit: 'short',
      min: 0,
      decimals: 0,
      description: 'Requests being worked on at this moment.',
      source: 'instance:http_requests_in_progress:sum',
      labels: scope.by_instance + ['method'],
      records: { 'service:http_requests_in_progress:sum': scope.by_service },
    }),

    http_exceptions: signal.sum({
      title: 'Exceptions per minute',
      unit: 'suffix: /min',
      min: 0,
      description: 'Exceptions that left a request handler, by type, over the last 5 minutes. "none" stands for a ' +
                   'service that had none.',
      source: 'instance:http_exceptions:per_minute',
      labels: scope.by_instance + ['exception_type', 'endpoint'],
      records: { 'service_exception:http_exceptions:per_minute': scope.by_service + ['exception_type'] },
    }),

    cache_hit_ratio: signal.share({
      title: 'Cache hit rate',
      unit: 'percentunit',
      max: 1,
      decimals: 0,
      description: 'The share of cache look-ups that found what they looked for, over the last 5 minutes.',
      source: 'instance:cache_requests:rate5m',
      part: 'result="hit"',
      labels: scope.by_instance + ['cache'],
      records: { 'service_cache:cache_hits:ratio_rate5m': scope.by_service + ['cache'] },
    }),

    cache_requests: signal.sum({
      title: 'Cache look-ups',
      unit: 'ops',
      min: 0,
      description: 'Look-ups in a cache per second, over the last 5 minutes.',
      source: 'instance:cache_requests:rate5m',
      labels: scope.by_instance + ['cache', 'result'],
      records: { 'service_cache:cache_requests:rate5m': scope.by_service + ['cache'] },
    }),

    rate_limit_decisions: signal.sum({
      title: 'Rate limiting',
      unit: 'reqps',
      min: 0,
      description: 'Requests per second that the rate limiter allowed and blocked, over the last 5 minutes.',
      source: 'instance:rate_limit_requests:rate5m',
      labels: scope.by_instance + ['decision', 'limit_type'],
      records: { 'service:rate_limit_requests:rate5m': scope.by_service },
    }),

    rate_limit_blocked_share: signal.share({
      title: 'Blocked by rate limits',
      unit: 'percentunit',
      description: 'The share of rate-limited requests that were blocked, over the last 5 minutes.',
      source: 'instance:rate_limit_requests:rate5m',
      part: 'decision="blocked"',
      labels: scope.by_instance + ['limit_type'],
      records: { 'service:rate_limit_blocked:ratio_rate5m': scope.by_service },
    }),

    validation_failures: signal.sum({
      title: 'Validation failures per minute',
      unit: 'suffix: /min',
      min: 0,
      description: 'Requests refused because their input was not valid, over the last 5 minutes. Of a service that ' +
                   'does not count them: its answers with status 400 or 422.',
      source: 'instance:validation_failures:per_minute',
      labels: scope.by_instance + ['endpoint', 'reason'],
      records: { [refused]: scope.by_service },
    }),

    validation_failures_ratio: signal.recorded({
      title: 'Validation failures against yesterday',
      unit: 'none',
      format: 'times',
      min: 0,
      decimals: 1,
      how: 'max',
      description: 'How many times as many requests are refused for their input as at this hour yesterday; at least ' +
                   'one a minute counts ' +
                   "as yesterday's. Not above 1 while there is no yesterday yet.",
      source: 'service:validation_failures:ratio_yesterday',
      records: { 'service:validation_failures:ratio_yesterday': scope.by_service },
    }),
  }

// For the owners of a service: what it is asked, how it answers, and where it is slow or fails.
function(kit)
  local signals = kit.signals;
  local panel = kit.panels(['env', 'service', 'instance']);
  local row = kit.row;
  local endpoint = ['endpoint', 'method', 'service'];
  local error_rate = ['HighErrorRate', 'VeryHighErrorRate'];

  kit.new(
    'Traffic, errors and latency of HTTP services, by service, endpoint and instance.',
    [
      kit.variable('env', 'label_values(service:http_requests:rate5m, env)'),
      kit.variable('service', 'label_values(service:http_requests:rate5m{env=~"$env"}, service)'),
      kit.variable(
        'instance',
        'label_values(instance_endpoint:http_requests:rate5m{env=~"$env",service=~"$service"}, instance)'
      ),
    ],
    [
      row('Now', [
        panel.stat(signals.http_requests),
        panel.stat(signals.http_error_share) + panel.alert(['HttpErrorRatio']),
        panel.stat(signals.http_success_share) + panel.alert(['LowSuccessRate']),
        panel.stat(signals.http_errors_per_minute) + panel.alert(error_rate),
        panel.stat(signals.http_latency_p95) + panel.alert(['HttpLatencyP95']),
        panel.stat(signals.http_in_progress),
        panel.stat(signals.service_health, by=['service']) + panel.titled('Service health') + panel.health_tiles
        + panel.size(24, 4)
        + panel.service_links(),
      ]),
      row('Requests and errors', [
        panel.timeseries(signals.http_requests) + panel.titled('Request rate by service') + panel.service_links()
        + panel.size(6),
        panel.timeseries(signals.http_error_share) + panel.alert_lines(['HttpErrorRatio']) + panel.service_links()
        + panel.size(6),
        panel.timeseries(signals.http_errors_per_minute) + panel.alert_lines(error_rate) + panel.service_links()
        + panel.size(6),
        panel.timeseries(signals.http_success_share) + panel.alert_lines(['LowSuccessRate']) + panel.service_links()
        + panel.size(6),
        panel.timeseries(signals.http_requests, by=['status']) + panel.titled('Status codes') + panel.stacked
        + panel.size(10),
        panel.piechart(signals.http_requests, by=['status'])
        + panel.titled(
          'Status codes now',
          'Which status codes the requests of the last 5 minutes were answered with.'
        ) + panel.size(6),
        panel.timeseries(signals.http_exceptions, by=['exception_type']) + panel.titled('Exception types'),
      ]),
      row('Latency', [
        panel.lines(
          [signals.http_latency_p50, signals.http_latency_p95, signals.http_latency_p99],
          'Latency P50, P95, P99',
          'Half, 95 % and 99 % of the requests are answered within these times. Each dot is one request: ' +
          'click it for its trace.',
        ) + panel.exemplars(kit.http_histograms) + panel.size(12),
        panel.heatmap(signals.http_latency_buckets) + panel.size(12),
        panel.timeseries(signals.http_latency_p95, by=['service']) + panel.titled('Latency P95 by service')
        + panel.alert_lines(['HttpLatencyP95'])
        + panel.exemplars(kit.http_histograms) + panel.service_links() + panel.size(12),
        panel.timeseries(signals.http_latency_p95, by=['instance', 'service'], legend='{{service}} {{instance}}')
        + panel.titled('Latency P95 by instance') + panel.service_links() + panel.size(12),
      ]),
      row('Endpoints', [
        panel.bargauge(signals.http_requests, by=endpoint, top=10, legend='{{method}} {{endpoint}}')
        + panel.titled('Top 10 endpoints by traffic') + panel.names_above + panel.size(8, 12),
        panel.table(
          'Slowest endpoints',
          'The endpoints with the highest P95, with their traffic and the share of their requests that fail.',
          [signals.http_latency_p95, signals.http_latency_p50, signals.http_requests, signals.http_error_share],
          by=endpoint,
          rows=15,
        ) + panel.size(16, 12) + panel.overrides([
          panel.override('Error share', panel.coloured(['HttpErrorRatio'])),
          panel.override('Latency P95', panel.coloured(['HttpLatencyP95'])),
        ]),
      ]),
      row('Sizes, load and caches', [
        panel.timeseries(signals.http_request_size) + panel.size(6),
        panel.timeseries(signals.http_response_size) + panel.size(6),
        panel.timeseries(signals.http_in_progress) + panel.titled('In progress by service') + panel.size(6),
        panel.gauge(signals.cache_hit_ratio, by=['cache'], legend='{{cache}}') + panel.alert(['LowCacheHitRate'])
        + panel.size(6, 8),
        panel.timeseries(signals.cache_hit_ratio, by=['cache', 'service'], legend='{{service}} {{cache}}')
        + panel.titled('Cache hit rate by cache')
        + panel.alert_lines(['LowCacheHitRate']) + panel.service_links(),
        panel.timeseries(
          signals.rate_limit_decisions,
          by=['decision', 'limit_type'],
          legend='{{decision}} ({{limit_type}})'
        ),
        panel.timeseries(signals.rate_limit_blocked_share) + panel.alert_lines(['HighRateLimitBlocks'])
        + panel.service_links(),
      ]),
      row('Against yesterday and last week', [
        panel.lines(
          [signals.http_requests, signals.http_requests_expected],
          'Traffic and what is usual',
          'Requests per second now, and how many there were at this hour of the last days; ' +
          'nothing is usual yet on the first day.',
          by=['service'],
        ) + panel.service_links() + panel.size(6),
        panel.timeseries(signals.http_requests_missing) + panel.alert_lines(['TrafficDroppedToZero'])
        + panel.service_links() + panel.size(6),
        panel.timeseries(
          signals.validation_failures,
          by=['endpoint', 'reason'],
          legend='{{endpoint}} {{reason}}'
        ) + panel.size(6),
        panel.timeseries(signals.validation_failures_ratio) + panel.alert_lines(['ValidationFailures'])
        + panel.service_links() + panel.size(6),
      ]),
      row('Logs', [
        panel.logs('Recent error logs', 'The newest log lines of level error and above.', [
          'level=~"error|critical|fatal"',
        ]),
      ]),
    ],
  )

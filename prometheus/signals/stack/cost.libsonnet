// What the monitoring itself costs: processor, memory, series and scrapes.
local regex = import '../../lib/regex.libsonnet';
local promql = import '../promql.libsonnet';
local signal = import '../signal.libsonnet';

function(config)
  local scope = promql.scope(config);
  local servers = 'service=~"%s"' % regex.any_of(std.objectValues(config.stack));
  local raw(metric) = scope.raw(metric, [servers]);
  // The same under the names of Prometheus' client libraries, of OpenTelemetry's collector, and of Jaeger, which is
  // built on it.
  local any(expr_of, metrics) =
    std.join('\nor ', ['sum by (env, service) (%s)' % expr_of(raw(metric)) for metric in metrics]);

  {
    sources:: [],

    stack_cpu: signal.rule(
      'service:stack_cpu:rate5m',
      scope.by_service,
      any(function(selected) 'rate(%s[5m])' % selected, [
        'process_cpu_seconds_total',
        'otelcol_process_cpu_seconds_total',
        'otelcol_process_cpu_seconds',
      ]),
      {
        title: 'Processor use of the stack',
        unit: 'suffix: cores',
        min: 0,
        decimals: 3,
        description: 'Processor cores that each server of the stack keeps busy, over the last 5 minutes.',
      },
    ),

    stack_memory: signal.rule(
      'service:stack_memory:bytes',
      scope.by_service,
      any(function(selected) selected, [
        'process_resident_memory_bytes',
        'otelcol_process_memory_rss_bytes',
        'otelcol_process_memory_rss',
      ]),
      {
        title: 'Memory of the stack',
        unit: 'bytes',
        min: 0,
        description: 'Memory that each server of the stack takes.',
      },
    ),

    scraped_samples: signal.rule(
      'service:scraped_samples:sum',
      scope.by_service,
      'sum by (env, service) (%s)' % scope.raw('scrape_samples_post_metric_relabeling'),
      {
        title: 'Series by service',
        unit: 'short',
        min: 0,
        description: 'How many samples one scrape of each service brings in: its share of the series.',
      }
    ),

    scrape_seconds: signal.rule(
      'service:scrape_duration_seconds:max',
      scope.by_service,
      'max by (env, service) (%s)' % scope.raw('scrape_duration_seconds'),
      {
        title: 'Scrape time',
        unit: 's',
        how: 'max',
        min: 0,
        description: 'How long the slowest target of each service takes to answer a scrape.',
      }
    ),
  }

// Logs and traces on their way: the collector, Loki and Jaeger.
local promql = import '../promql.libsonnet';
local signal = import '../signal.libsonnet';

function(config)
  local scope = promql.scope(config);
  local by_exporter = scope.by_service + ['exporter'];

  // Adds up rates of several metrics by service, each told apart by where it was counted. A counter that has never
  // counted is absent; a service that takes such data in has lost none of it then.
  local lost(places, taken_in) = std.join('\nor ', [
    'label_replace(sum by (env, service) (%s), "place", "%s", "", "")' % [places[place], place]
    for place in std.objectFields(places)
  ] + ['label_replace(0 * sum by (env, service) (%s), "place", "none", "", "")' % scope.rate(taken_in)]);
  local by_place = scope.by_service + ['place'];
  // What the collector dropped because the store behind it would never take it.
  local refused(signal) = scope.rate('otelcol_refused_items_total', ['signal="%s"' % signal]);

  // what a person or the collector asks: no probes, nothing inside Loki
  local request = ['route!~"ready|metrics|/.*"'];

  {
    sources:: [
      {
        record: 'service_place:spans_dropped:rate5m',
        expr: lost({
          application: scope.rate('signalfire_spans_dropped_total'),
          'refused by Jaeger': refused('traces'),
        }, 'otelcol_receiver_accepted_spans_total'),
      },
      {
        record: 'service_place:logs_dropped:rate5m',
        expr: lost({
          application: scope.rate('signalfire_log_records_dropped_total'),
          'refused by Loki': refused('logs'),
        }, 'otelcol_receiver_accepted_log_records_total'),
      },
      // Each kind of data has a counter of its own; an exporter of ours sends one kind.
      {
        record: 'exporter:collector_sent:rate5m',
        expr: std.join('\nor ', [
          'sum by (env, service, exporter) (%s)' % scope.rate('otelcol_exporter_sent_%s_total' % kind)
          for kind in ['log_records', 'spans', 'metric_points']
        ] + ['0 * sum by (env, service, exporter) (%s)' % scope.raw('otelcol_exporter_queue_size')]),
      },
      {
        record: 'exporter:collector_queue:bytes',
        expr: 'sum by (env, service, exporter) (%s)' % scope.raw('otelcol_exporter_queue_size'),
      },
      {
        record: 'service_route:loki_requests:rate5m',
        expr: 'sum by (env, service, route) (%s)' % scope.rate('loki_request_duration_seconds_count', request),
      },
    ],

    // --- collector ---------------------------------------------------------------------------------------------------

    collector_received: signal.rule(
      'service_kind:collector_received:rate5m',
      scope.by_service + ['kind'],
      std.join('\nor ', [
        'label_replace(sum by (env, service) (%s), "kind", "%s", "", "")' % [
          scope.rate('otelcol_receiver_accepted_%s_total' % kind[0]),
          kind[1],
        ]
        for kind in [['log_records', 'log lines'], ['spans', 'spans'], ['metric_points', 'metric points']]
      ]),
      {
        title: 'Received by the collector',
        unit: 'short',
        min: 0,
        description: 'Log lines, spans and pushed metric points per second, over the last 5 minutes.',
      },
    ),

    collector_sent: signal.recorded({
      source: 'exporter:collector_sent:rate5m',
      records: { 'exporter:collector_sent:rate5m': by_exporter },
      title: 'Delivered by the collector',
      unit: 'short',
      min: 0,
      description: 'What the collector hands on to Loki, Jaeger and Prometheus, per second, over the last 5 minutes.',
    }),

    collector_queue: signal.rule(
      'exporter:collector_queue:ratio',
      by_exporter,
      'max by (env, service, exporter) (%s / (%s > 0))' % [
        scope.raw('otelcol_exporter_queue_size'),
        scope.raw('otelcol_exporter_queue_capacity'),
      ],
      {
        title: 'Collector queue used',
        unit: 'percentunit',
        how: 'max',
        min: 0,
        max: 1,
        decimals: 1,
        description: "How full each queue on the collector's disk is. It fills while the server behind it is down, " +
                     'and nothing is lost until it is full.',
      },
    ),

    collector_waiting: signal.recorded({
      source: 'exporter:collector_queue:bytes',
      records: { 'exporter:collector_queue:bytes': by_exporter },
      title: 'Waiting in the collector',
      unit: 'bytes',
      min: 0,
      description: "What waits on the collector's disk to be delivered.",
    }),

    // It tries again without end, so a server that is down shows in no counter of failures.
    collector_stalled: signal.rule(
      'exporter:collector_stalled:bool',
      by_exporter,
      '(exporter:collector_queue:bytes > bool 0) * (exporter:collector_sent:rate5m == bool 0)',
      {
        title: 'Exports that stand still',
        unit: 'none',
        how: 'max',
        min: 0,
        max: 1,
        description: '1 where the collector has delivered nothing for 5 minutes although something waits.',
      },
    ),

    collector_stuck: signal.rule(
      'exporter:collector_stuck_batches:sum',
      by_exporter,
      'sum by (env, service, exporter) (%s)' % scope.raw('otelcol_exporter_stuck_batches'),
      {
        title: 'Stuck batches',
        unit: 'none',
        min: 0,
        decimals: 0,
        description: 'Batches that the collector has sent ten times and more without success while the same server ' +
                     'took others.',
      },
    ),

    telemetry_refused: signal.rule(
      'service_signal_reason:telemetry_refused:rate5m',
      scope.by_service + ['signal', 'reason'],
      'sum by (env, service, signal, reason) (%s)' % scope.rate('otelcol_refused_items_total'),
      {
        title: 'Telemetry refused',
        unit: 'short',
        min: 0,
        description: 'Spans, log records and pushed metric points per second that the collector drops because no ' +
                     'server would ever take them, by the reason, over the last 5 minutes.',
      },
    ),

    spans_dropped: signal.sum({
      title: 'Spans dropped',
      unit: 'short',
      min: 0,
      description: 'Spans per second that were recorded but are lost, over the last 5 minutes. Traces that sampling ' +
                   'leaves out are not counted.',
      source: 'service_place:spans_dropped:rate5m',
      labels: by_place,
      records: { 'service:spans_dropped:rate5m': scope.by_service },
    }),

    logs_dropped: signal.sum({
      title: 'Log lines dropped',
      unit: 'short',
      min: 0,
      description: 'Log lines per second that are lost, over the last 5 minutes: unwritten by an application, ' +
                   'or refused by Loki for good.',
      source: 'service_place:logs_dropped:rate5m',
      labels: by_place,
      records: { 'service:logs_dropped:rate5m': scope.by_service },
    }),

    // --- Loki --------------------------------------------------------------------------------------------------------

    loki_lines: signal.rule(
      'service:loki_lines:rate5m',
      scope.by_service,
      'sum by (env, service) (%s)' % scope.rate('loki_distributor_lines_received_total'),
      {
        title: 'Log lines stored',
        unit: 'short',
        min: 0,
        description: 'Log lines that Loki takes in, per second, over the last 5 minutes.',
      }
    ),

    loki_bytes: signal.rule(
      'service:loki_bytes:rate5m',
      scope.by_service,
      'sum by (env, service) (%s)' % scope.rate('loki_distributor_bytes_received_total'),
      {
        title: 'Log bytes stored',
        unit: 'Bps',
        min: 0,
        description: 'Bytes of log lines that Loki takes in, per second ' +
                     'and before compression, over the last 5 minutes.',
      }
    ),

    loki_streams: signal.rule(
      'service:loki_streams:sum',
      scope.by_service,
      'sum by (env, service) (%s)' % scope.raw('loki_ingester_memory_streams'),
      {
        title: 'Log streams',
        unit: 'none',
        min: 0,
        decimals: 0,
        description: 'Streams that Loki has open: one for each combination of service, env and level.',
      }
    ),

    loki_disk: signal.rule(
      'service:loki_disk_used:ratio',
      scope.by_service,
      'max by (env, service) (%s)' % scope.raw('loki_ingester_wal_disk_usage_percent'),
      {
        title: "Loki's disk used",
        unit: 'percentunit',
        how: 'max',
        min: 0,
        max: 1,
        description: 'How full the disk is that Loki writes to, whoever fills it.',
      }
    ),

    loki_requests: signal.recorded({
      source: 'service_route:loki_requests:rate5m',
      records: { 'service_route:loki_requests:rate5m': scope.by_service + ['route'] },
      title: 'Loki requests',
      unit: 'reqps',
      min: 0,
      description: 'Requests to Loki per second, over the last 5 minutes.',
    }),

    loki_request_errors: signal.rule(
      'service_route:loki_request_errors:ratio_rate5m',
      scope.by_service + ['route'],
      (
        '(sum by (env, service, route) (%s) or 0 * service_route:loki_requests:rate5m) ' +
        '/ (service_route:loki_requests:rate5m > 0)'
      )
      % scope.rate('loki_request_duration_seconds_count', request + ['status_code=~"5.."']),
      {
        title: 'Loki error share',
        unit: 'percentunit',
        how: 'max',
        min: 0,
        description: 'The share of requests that Loki answers with a 5xx status, over the last 5 minutes.',
      },
    ),

    loki_rejected: signal.rule(
      'service_reason:loki_lines_rejected:rate5m',
      scope.by_service + ['reason'],
      'sum by (env, service, reason) (%s)\nor label_replace(0 * service:loki_lines:rate5m, "reason", "none", "", "")'
      % scope.rate('loki_discarded_samples_total'),
      {
        title: 'Log lines rejected',
        unit: 'short',
        min: 0,
        description: 'Log lines per second that Loki refuses, by the reason that it gives, over the last 5 minutes.',
      },
    ),

    // --- Jaeger ------------------------------------------------------------------------------------------------------

    jaeger_spans: signal.rule(
      'service:jaeger_spans:rate5m',
      scope.by_service,
      'sum by (env, service) (%s)'
      % scope.rate('otelcol_exporter_sent_spans_total', ['exporter="jaeger_storage_exporter"']),
      {
        title: 'Spans stored',
        unit: 'short',
        min: 0,
        description: 'Spans that Jaeger stores per second, over the last 5 minutes.',
      }
    ),

    jaeger_bytes: signal.rule(
      'service:jaeger_bytes:rate5m',
      scope.by_service,
      'sum by (env, service) (%s)' % scope.rate('jaeger_storage_badger_write_bytes_user'),
      {
        title: 'Trace bytes stored',
        unit: 'Bps',
        min: 0,
        description: 'Bytes that Jaeger writes into its database, per second, over the last 5 minutes.',
      }
    ),
  }

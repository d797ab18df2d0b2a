// Logs and traces on their way to where they are kept.
local starting = import '../../lib/starting.libsonnet';

// The collector's exporters by the server that they send to.
local servers(stack) = {
  'otlp_http/loki': stack.loki,
  'otlp_grpc/jaeger': stack.jaeger,
  'otlp_http/prometheus': stack.prometheus,
};

function(signals, config) [
  {
    name: 'LokiRequestErrors',
    quiet_while:: [starting.of([config.stack.loki], '5m')],
    signal: signals.loki_request_errors,
    by: ['env', 'service', 'route'],
    compare: '>',
    threshold: 0.05,
    'for': '5m',
    severity: 'error',
    cooldown: '30m',
    // A single failed search is not worth a page.
    guards: [{ signal: signals.loki_requests, compare: '>', threshold: 0.02, by: ['env', 'service', 'route'] }],
    summary: 'Loki fails %s of the requests to {{ $labels.route }}' % self.value,
    description: (
                   '{{ $labels.service }} ({{ $labels.env }}) answered %s of the requests to {{ $labels.route }} ' +
                   'with a 5xx status in the last 5 minutes; more than %s is too many. '
                 ) % [self.value, self.limit] +
                 'If it is the route that takes logs in, lines wait in the collector; ' +
                 'if it is a query, searches fail. Its log says why.',
  },
  {
    name: 'LokiIngestionRejected',
    signal: signals.loki_rejected,
    counted: ['log line', 'log lines'],
    per: 'second',
    by: ['env', 'service', 'reason'],
    compare: '>',
    threshold: 0,
    'for': '5m',
    severity: 'warning',
    cooldown: '1h',
    summary: 'Loki rejects log lines: {{ $labels.reason }}',
    description: (
                   '{{ $labels.service }} ({{ $labels.env }}) refuses %s for the reason ' +
                   '{{ $labels.reason }}. '
                 ) % self.value +
                 'They are lost: nobody sends them again. The runbook says which limit each reason stands for.',
  },
  {
    name: 'SpansDropped',
    quiet_while:: [starting.of([config.stack.collector, config.stack.jaeger], '5m')],
    signal: signals.spans_dropped,
    counted: ['span', 'spans'],
    per: 'second',
    compare: '>',
    threshold: 0,
    'for': '5m',
    severity: 'warning',
    cooldown: '1h',
    summary: '{{ $labels.service }} loses %s' % self.value,
    description: (
                   '{{ $labels.service }} ({{ $labels.env }}) has lost %s over the last 5 minutes. ' +
                   'Traces have gaps, or are missing. '
                 ) % self.value +
                 'The dashboard shows where: in an application whose collector does not answer, or at Jaeger, ' +
                 'which refuses them for good.',
  },
  {
    name: 'LogsDropped',
    quiet_while:: [starting.of([config.stack.collector, config.stack.loki], '5m')],
    signal: signals.logs_dropped,
    counted: ['log line', 'log lines'],
    per: 'second',
    compare: '>',
    threshold: 0,
    'for': '5m',
    severity: 'warning',
    cooldown: '1h',
    summary: '{{ $labels.service }} loses %s' % self.value,
    description: '{{ $labels.service }} ({{ $labels.env }}) has lost %s over the last 5 minutes. '
                 % self.value +
                 'The dashboard shows where: in an application that cannot write them, or at Loki, ' +
                 'which refuses them for good.',
  },
  {
    name: 'CollectorQueueFilling',
    quiet_while:: [starting.named('exporter', servers(config.stack), '5m')],
    signal: signals.collector_queue,
    by: ['env', 'service', 'exporter'],
    compare: '>',
    levels: [
      { severity: 'warning', threshold: 0.5, cooldown: '30m' },
      { severity: 'critical', threshold: 0.8, cooldown: '10m' },
    ],
    'for': '5m',
    summary: "The collector's queue for {{ $labels.exporter }} is %s full" % self.value,
    description: (
                   'The queue of {{ $labels.service }} ({{ $labels.env }}) for {{ $labels.exporter }} is %s full; ' +
                   'more than %s is too much. '
                 ) % [self.value, self.limit] +
                 'The server behind it is down or too slow. When it is full the collector takes no more, ' +
                 'and applications begin to drop: look at the log of that server.',
  },
  {
    name: 'CollectorExportFailing',
    quiet_while:: [starting.named('exporter', servers(config.stack), '5m')],
    signal: signals.collector_stalled,
    by: ['env', 'service', 'exporter'],
    compare: '>',
    threshold: 0,
    'for': '2m',
    severity: 'error',
    cooldown: '30m',
    summary: 'The collector delivers nothing to {{ $labels.exporter }}',
    description: '{{ $labels.service }} ({{ $labels.env }}) has delivered nothing to {{ $labels.exporter }} for at ' +
                 'least five minutes although something waits. ' +
                 "Nothing is lost yet: it waits on the collector's disk. Is the server behind it up, " +
                 "and what does the collector's log say?",
  },
  {
    name: 'CollectorBatchStuck',
    signal: signals.collector_stuck,
    counted: ['batch', 'batches'],
    by: ['env', 'service', 'exporter'],
    compare: '>',
    threshold: 0,
    'for': '5m',
    severity: 'error',
    cooldown: '1h',
    summary: 'The collector cannot get rid of %s for {{ $labels.exporter }}' % self.value,
    description: (
                   '{{ $labels.service }} ({{ $labels.env }}) has tried %s for {{ $labels.exporter }} again ' +
                   'and again while the same server took others. '
                 ) % self.value +
                 'Each holds up a part of the queue. What is in them is not lost yet; ' +
                 "the collector's log has the server's answer.",
  },
  {
    name: 'TelemetryRefused',
    signal: signals.telemetry_refused,
    counted: ['item', 'items'],
    per: 'second',
    by: ['env', 'service', 'signal', 'reason'],
    compare: '>',
    threshold: 0,
    'for': '1m',
    severity: 'warning',
    cooldown: '1h',
    summary: 'Some {{ $labels.signal }} are dropped: {{ $labels.reason }}',
    description: (
                   '{{ $labels.service }} ({{ $labels.env }}) has dropped {{ $labels.signal }} over the last ' +
                   '5 minutes (%s), because no server would ever take them: {{ $labels.reason }}. '
                 ) % self.value +
                 'They are lost; everything that was sent beside them is not. ' +
                 'The runbook says what each reason stands for, and how to find who sends them.',
  },
]

// The collector: takes traces, logs and pushed metrics over OTLP and lines from log files, masks them, chooses which
// traces are kept, and holds everything on disk until Jaeger, Loki and Prometheus have taken it. See docs/data-flow.md.
local line_statements = import 'collector/lines.libsonnet';
local own_metrics = import 'collector/own_metrics.libsonnet';
local redaction = import 'collector/redaction.libsonnet';
local duration = import 'prometheus/lib/duration.libsonnet';

local MiB = 1024 * 1024;

// The collector replaces ${…} in its configuration; a dollar that is meant stands twice.
local literal(value) =
  if std.isString(value) then std.strReplace(value, '$', '$$')
  else if std.isArray(value) then std.map(literal, value)
  else if std.isObject(value) then std.mapWithKey(function(_, field) literal(field), value)
  else value;

local ottl_string(text) = '"%s"' % std.strReplace(std.strReplace(text, '\\', '\\\\'), '"', '\\"');

// The names of the levels, by OpenTelemetry's severity numbers.
local levels = { trace: 1, debug: 5, info: 9, warning: 13, 'error': 17, critical: 21 };

// What other libraries call the same level.
local level_names = {
  trace: ['trace'],
  debug: ['debug'],
  info: ['info', 'notice', 'information'],
  warning: ['warning', 'warn'],
  'error': ['error', 'err', 'exception'],
  critical: ['critical', 'fatal', 'panic', 'alert', 'emergency'],
};

// `env` of whatever arrives: its own, else this stack's.
local env_statements(env) = [
  'set(resource.attributes["env"], resource.attributes["deployment.environment.name"]) where ' +
  'resource.attributes["env"] == nil',
  'set(resource.attributes["env"], resource.attributes["deployment.environment"]) where resource.attributes["env"] ' +
  '== nil',
  'set(resource.attributes["env"], %s) where resource.attributes["env"] == nil' % ottl_string(env),
];

function(settings, runtime)
  local servers = runtime.servers;
  local me = servers.collector;
  local config = me.config + '/collector.yaml';

  local samples = settings.tracing.keep_ratio < 1;
  local decision_wait = duration.seconds(settings.tracing.decision_wait);

  // The Python library writes errors to a second file, too, and says so in each line of it.
  local copies = {
    type: 'filter',
    expr: 'body matches `^\\{"timestamp":"[^"]{1,64}","copy_of":"`',
  };
  local reads_copies_alone(files) = std.all([std.endsWith(file, '.error.log') for file in files]);

  // One receiver for each service's files.
  local files = {
    ['file_log/%d' % index]: {
      local entry = runtime.log_files[index],
      include: std.flattenArrays([[file, file + '.*'] for file in entry.files]),  // what was rotated while we were away
      exclude: std.flattenArrays([[file + '.*.gz', file + '.gz'] for file in entry.files]),
      start_at: 'beginning',
      storage: 'file_storage/offsets',
      poll_interval: '500ms',
      include_file_name: false,
      preserve_leading_whitespaces: true,  // a stack trace is read by its indentation
      preserve_trailing_whitespaces: true,
      max_log_size: '1MiB',
      resource: { 'service.name': entry.service },
      operators: if reads_copies_alone(entry.files) then [] else [copies],
      retry_on_failure: { enabled: true, max_elapsed_time: '0s' },  // without end
    }
    for index in std.range(0, std.length(runtime.log_files) - 1)
  };

  // Acknowledged means: in this queue, on disk. It is emptied in batches. What leaves it was taken, or would never be:
  // see servers/collector/delivery, which also keeps requests to that size: an item that is larger alone is bounded or
  // sent alone.
  local queue(bytes, consumers, largest_batch=MiB) = {
    retry_on_failure: { enabled: true, initial_interval: '500ms', max_interval: '10s', max_elapsed_time: '0s' },
    sending_queue: {
      enabled: true,
      storage: 'file_storage/queues',
      sizer: 'bytes',
      queue_size: bytes,
      block_on_overflow: true,
      num_consumers: consumers,
      batch: { flush_timeout: '200ms', min_size: MiB / 4, max_size: largest_batch },
    },
  };

  local storage(folder) = {
    directory: me.data + '/' + folder,
    create_directory: true,
    recreate: true,  // a file that a power cut has damaged is put aside
    compaction: {
      directory: me.data + '/compaction',
      on_start: true,
      on_rebound: true,
      cleanup_on_start: true,
    },
  };

  local policies = [
    { name: 'errors', type: 'status_code', status_code: { status_codes: ['ERROR'] } },
    {
      name: 'server-errors',
      type: 'numeric_attribute',
      numeric_attribute: { key: 'http.response.status_code', min_value: 500, max_value: 599 },
    },
    { name: 'slow', type: 'latency', latency: { threshold_ms: duration.milliseconds(settings.tracing.slow) } },
    {
      name: 'the-rest',
      type: 'probabilistic',
      probabilistic: { sampling_percentage: settings.tracing.keep_ratio * 100 },
    },
  ];

  local processors = {
    // Refuses what would not fit, which makes its sender try again: no acknowledged data is in memory alone.
    memory_limiter: { check_interval: '1s', limit_mib: 512, spike_limit_mib: 128 },
    redaction: {
      allow_all_keys: true,
      redact_all_types: true,
      blocked_key_patterns: redaction.keys,
      blocked_values: redaction.values,
      summary: 'silent',
    },
    'transform/lines': {
      error_mode: 'silent',  // a line that is no JSON, a time in another form: the line stays as it is
      log_statements: [{ context: 'log', statements: line_statements }],
    },
    'transform/logs': {
      error_mode: 'ignore',
      log_statements: [
        {
          context: 'resource',
          statements: env_statements(settings.env) + [
            'delete_matching_keys(resource.attributes, "^(telemetry\\\\.|process\\\\.|deployment\\\\.)")',
          ],
        },
        {
          context: 'log',
          statements: [
            // Only the names of a level say more than the number does.
            'set(log.severity_number, %d) where log.severity_number == 0 and IsMatch(log.severity_text, "(?i)^(%s)$")'
            % [levels[level], std.join('|', level_names[level])]
            for level in std.objectFields(levels)
          ] + [
            'set(log.attributes["level"], "unknown") where log.severity_number == 0',
          ] + [
            'set(log.attributes["level"], "%s") where log.severity_number >= %d and log.severity_number < %d' % [
              level,
              levels[level],
              levels[level] + 4,
            ]
            for level in std.objectFields(levels)
          ] + [
            // Loki refuses a line that is a quarter of an hour early, and one older than it keeps.
            'set(log.time, log.observed_time) where log.time_unix_nano == 0',
            (
              'set(log.time, log.observed_time) where log.time > log.observed_time + Duration("10m") or log.time < ' +
              'log.observed_time - Duration("%s")'
            ) % duration.go(settings.retention.logs),
          ],
        },
      ],
    },
    // After the masking, so that no secret is cut into what is no longer seen to be one: everything gets a size, and
    // each point a time, that the stores take. See servers/collector/limits.
    limits: {},
    // What tells lines apart in Loki is looked up in the resource: a record's own service and env, and its level.
    groupbyattrs: { keys: ['service.name', 'env', 'level'] },
    'transform/spans': {
      error_mode: 'ignore',
      trace_statements: [
        { context: 'resource', statements: env_statements(settings.env) },
        {
          context: 'span',
          statements: [
            'replace_pattern(span.status.message, %s, "****")' % ottl_string(pattern)
            for pattern in redaction.values
          ],
        },
      ],
    },
    'transform/metrics': {
      error_mode: 'ignore',
      metric_statements: [{
        context: 'resource',
        statements: env_statements(settings.env) + [
          'set(resource.attributes["service"], resource.attributes["service.name"]) where ' +
          'resource.attributes["service"] == nil',
        ],
      }],
    },
  } + if !samples then {} else {
    // The sampler decides when a trace is complete and holds it in memory until then: the journal has it on disk.
    journal: { storage: 'file_storage/queues', retain: '%ds' % std.ceil(2 * decision_wait + 10), max_bytes: 256 * MiB },
    tail_sampling: {
      decision_wait: duration.go(settings.tracing.decision_wait),
      num_traces: 50000,
      block_on_overflow: true,
      expected_new_traces_per_sec: 100,
      // Spans that come after the decision follow it.
      decision_cache: { sampled_cache_size: 50000, non_sampled_cache_size: 50000 },
      policies: policies,
    },
  };

  local pipeline(receivers, processors, exporter) = {
    receivers: receivers,
    processors: ['memory_limiter'] + processors,
    exporters: [exporter],
  };

  {
    args: [
      '--config=' + config,
      // Lines go to the queue before the place up to which a file was read is written down, not at some time after.
      '--feature-gates=stanza.synchronousLogEmitter',
    ],
    env: { GOGC: '50' },
    files: {
      'collector.yaml': literal({
        extensions: {
          health_check: { endpoint: me.health_listen },
          'file_storage/queues': storage('queues'),
          'file_storage/offsets': storage('offsets'),
        },
        receivers: {
          otlp: {
            protocols: {
              grpc: { endpoint: me.otlp_grpc_listen, max_recv_msg_size_mib: 16 },
              http: { endpoint: me.otlp_http_listen },
            },
          },
        } + files,
        processors: processors,
        exporters: {
          // One batch at a time: of two that Loki takes at once, the second in its write-ahead log is skipped when the
          // log is read after a crash, if its lines had been counted first.
          'otlp_http/loki': { endpoint: 'http://%s/otlp' % servers.loki.address, timeout: '30s' }
                            + queue(1024 * MiB, 1),
          'otlp_grpc/jaeger': { endpoint: servers.jaeger.otlp_address, tls: { insecure: true }, timeout: '30s' }
                              + queue(1024 * MiB, 2, 4 * MiB),
          // One batch at a time, too: in their order.
          'otlp_http/prometheus': { endpoint: 'http://%s/api/v1/otlp' % servers.prometheus.address, timeout: '30s' }
                                  + queue(256 * MiB, 1),
        },
        service: {
          extensions: ['health_check', 'file_storage/queues', 'file_storage/offsets'],
          pipelines: {
            traces: pipeline(
              ['otlp'],
              ['redaction', 'transform/spans', 'limits'] + (if samples then ['journal', 'tail_sampling'] else []),
              'otlp_grpc/jaeger',
            ),
            logs: pipeline(['otlp'], ['redaction', 'transform/logs', 'limits', 'groupbyattrs'], 'otlp_http/loki'),
            [if files != {} then 'logs/files']: pipeline(
              std.objectFields(files),
              ['transform/lines', 'redaction', 'transform/logs', 'limits', 'groupbyattrs'],
              'otlp_http/loki',
            ),
            metrics: pipeline(['otlp'], ['redaction', 'transform/metrics', 'limits'], 'otlp_http/prometheus'),
          },
          telemetry: {
            metrics: own_metrics(me.metrics_listen),
          },
        },
      }),
    },
    checks: [['collector', 'validate', '--config=' + config]],
    ready: 'http://%s/' % me.health_address,
    reload: 'SIGHUP',
  }

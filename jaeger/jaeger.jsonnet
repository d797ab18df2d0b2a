// Jaeger: traces from the collector over OTLP, into a badger database on this machine's disk.
local own_metrics = import 'collector/own_metrics.libsonnet';
local duration = import 'prometheus/lib/duration.libsonnet';

// Jaeger replaces ${…} in its configuration; a dollar that is meant stands twice.
local literal(text) = std.strReplace(text, '$', '$$');

function(settings, runtime)
  local me = runtime.servers.jaeger;
  local config = me.config + '/jaeger.yaml';
  {
    args: ['--config=' + config],
    // It would send traces of its own queries to port 4317, and wait for them when it is stopped.
    env: { GOGC: '50', OTEL_TRACES_SAMPLER: 'always_off' },
    files: {
      'jaeger.yaml': {
        extensions: {
          jaeger_storage: {
            backends: {
              traces: {
                badger: {
                  ephemeral: false,
                  directories: { keys: literal(me.data) + '/keys', values: literal(me.data) + '/values' },
                  ttl: { spans: duration.go(settings.retention.traces) },
                  maintenance_interval: '5m',
                },
              },
            },
          },
          jaeger_query: {
            storage: { traces: 'traces' },
            enable_tracing: false,
            http: { endpoint: me.listen },
            grpc: { endpoint: '127.0.0.1:0' },  // nobody asks by gRPC; it cannot be switched off
          },
          healthcheckv2: {
            use_v2: true,
            http: { endpoint: me.health_listen, status: { enabled: true, path: '/status' } },
          },
        },
        receivers: { otlp: { protocols: { grpc: { endpoint: me.otlp_listen, max_recv_msg_size_mib: 32 } } } },
        exporters: { jaeger_storage_exporter: { trace_storage: 'traces' } },
        service: {
          extensions: ['jaeger_storage', 'jaeger_query', 'healthcheckv2'],
          // No batch processor: what is acknowledged to the collector is in the database.
          pipelines: { traces: { receivers: ['otlp'], exporters: ['jaeger_storage_exporter'] } },
          telemetry: {
            resource: { 'service.name': 'jaeger' },
            metrics: own_metrics(me.metrics_listen),
            logs: { level: 'warn' },
          },
        },
      },
    },
    checks: [['jaeger', 'validate', '--config=' + config]],
    // Asks the database, so that it does not say yes before the traces can be read.
    ready: 'http://%s/api/services' % me.address,
    reload: null,
  }

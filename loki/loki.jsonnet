// Loki: one process, files on this machine's disk, logs in over OTLP from the collector.
local duration = import 'prometheus/lib/duration.libsonnet';

local port(address) = std.parseInt(std.split(address, ':')[std.length(std.split(address, ':')) - 1]);
local host(address) =
  std.stripChars(std.substr(address, 0, std.length(address) - std.length(std.toString(port(address))) - 1), '[]');

function(settings, runtime)
  local me = runtime.servers.loki;
  local config = me.config + '/loki.yaml';
  // Loki deletes nothing that is younger than a day.
  local retention = '%ds' % std.max(86400, duration.seconds(settings.retention.logs));

  {
    args: ['-config.file=' + config],
    env: { GOGC: '50' },
    files: {
      'loki.yaml': {
        auth_enabled: false,
        analytics: { reporting_enabled: false },
        server: {
          http_listen_address: host(me.listen),
          http_listen_port: port(me.listen),
          grpc_listen_address: host(me.grpc_listen),
          grpc_listen_port: port(me.grpc_listen),
          // The collector sends up to 1 MB at a time, which grows on its way from the distributor to the ingester.
          grpc_server_max_recv_msg_size: 32 * 1024 * 1024,
          grpc_server_max_send_msg_size: 32 * 1024 * 1024,
          log_level: 'warn',
        },
        common: {
          path_prefix: me.data,
          replication_factor: 1,
          instance_addr: '127.0.0.1',
          ring: { kvstore: { store: 'inmemory' } },
          storage: { filesystem: { chunks_directory: me.data + '/chunks', rules_directory: me.data + '/rules' } },
        },
        schema_config: {
          configs: [{
            from: '2024-01-01',
            store: 'tsdb',
            object_store: 'filesystem',
            schema: 'v13',
            index: { prefix: 'index_', period: '24h' },
          }],
        },
        ingester: {
          lifecycler: { min_ready_duration: '0s' },
          // What was acknowledged is in the write-ahead log, and read again after a crash.
          wal: {
            enabled: true,
            dir: me.data + '/wal',
            checkpoint_duration: '1m',
            flush_on_shutdown: false,
            replay_memory_ceiling: '256MB',
          },
          // Half of this is how far behind a stream's newest line another may still arrive. What is older than
          // time_sharding_ignore_recent has streams of its own.
          max_chunk_age: '12h',
          // Lines of any age are found at once: without it those of more than 13 hours only once their chunk is closed.
          query_store_max_look_back_period: -1,
          chunk_idle_period: '30m',
        },
        // Chunks stay in the ingester for longer than Loki expects by default: always ask it.
        querier: { query_ingesters_within: '0s', max_concurrent: 4 },
        query_range: {
          results_cache: { cache: { embedded_cache: { enabled: true, max_size_mb: 16 } } },
          cache_results: true,
        },
        chunk_store_config: { chunk_cache_config: { embedded_cache: { enabled: true, max_size_mb: 16 } } },
        // Without a scheduler in between, whose ring would have to be looked up first: that takes ten seconds.
        frontend_worker: { frontend_address: me.grpc_address },
        frontend: { encoding: 'protobuf' },
        pattern_ingester: { enabled: false },
        compactor: {
          working_directory: me.data + '/compactor',
          compaction_interval: '10m',
          retention_enabled: true,
          retention_delete_delay: '10m',
          delete_request_store: 'filesystem',
        },
        limits_config: {
          retention_period: retention,
          // Labels are few and bounded; everything else of a line is structured metadata beside it.
          otlp_config: {
            resource_attributes: {
              ignore_defaults: true,
              attributes_config: [{ action: 'index_label', attributes: ['service.name', 'env', 'level'] }],
            },
          },
          allow_structured_metadata: true,
          max_structured_metadata_size: '1MB',
          max_structured_metadata_entries_count: 256,
          discover_log_levels: false,  // the collector has set the label `level`
          volume_enabled: true,
          // A line is cut rather than refused, and one from a long outage or an old file is taken while it would be
          // kept.
          max_line_size: '256KB',
          max_line_size_truncate: true,
          reject_old_samples: true,
          reject_old_samples_max_age: retention,
          creation_grace_period: '15m',
          // The collector catches up after an outage as fast as it can.
          ingestion_rate_mb: 64,
          ingestion_burst_size_mb: 128,
          // Files of several days are read side by side after an outage, today's lines before yesterday's.
          shard_streams: { enabled: false, time_sharding_enabled: true, time_sharding_ignore_recent: '5h' },
          per_stream_rate_limit: '64MB',
          per_stream_rate_limit_burst: '128MB',
          max_query_series: 1000,
          max_entries_limit_per_query: 5000,
          query_timeout: '1m',
        },
      },
    },
    checks: [['loki', '-config.file=' + config, '-verify-config']],
    ready: 'http://%s/ready' % me.address,
    reload: null,
  }

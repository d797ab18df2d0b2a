// For operators: machines, processes, databases, Redis and queues.
function(kit)
  local signals = kit.signals;
  local panel = kit.panels(['env', 'service']);
  // Machines are no part of the service that is looked at.
  local host_panel = kit.panels(['env']);
  local row = kit.row;
  local of_instance = '{{service}} {{instance}}';
  local machine = ['instance'];
  local disk = ['instance', 'device'];
  local disk_name = '{{instance}} {{device}}';
  local database = ['database', 'service'];
  local queue = ['queue', 'service'];
  local percentiles(title, description, lines, histogram) =
    panel.lines(lines, title, description + ' Each dot is one of them: click it for its trace.')
    + panel.exemplars([histogram]);

  kit.new(
    'Machines, processes, databases, Redis and queues.',
    [
      kit.variable('env', 'label_values(up, env)'),
      kit.variable('service', 'label_values(up{env=~"$env"}, service)'),
    ],
    [
      row('Now', [
        host_panel.gauge(signals.host_cpu, by=machine) + panel.alert(['HostCpuHigh']) + panel.size(4, 6),
        host_panel.gauge(signals.host_memory, by=machine) + panel.alert(['HostMemoryHigh']) + panel.size(4, 6),
        host_panel.gauge(signals.host_disk_used, by=disk, legend=disk_name) + panel.alert(['DiskFull'])
        + panel.size(4, 6),
        panel.stat(signals.redis_up, by=['service']) + panel.alert(['RedisDown']) + panel.size(4, 6) + panel.up_or_down
        + panel.service_links(),
        panel.stat(signals.queue_depth, by=queue) + panel.alert(['QueueDepth']) + panel.size(4, 6)
        + panel.service_links(),
        panel.stat(signals.database_latency_p95, by=database) + panel.alert(['DatabaseSlowQueries']) + panel.size(4, 6)
        + panel.service_links(),
      ]),
      row('Machines', [
        host_panel.timeseries(signals.host_cpu, by=machine) + panel.titled('CPU') + panel.alert_lines(['HostCpuHigh']),
        host_panel.timeseries(signals.host_memory, by=machine) + panel.titled('Memory')
        + panel.alert_lines(['HostMemoryHigh']),
        host_panel.timeseries(signals.host_disk_used, by=disk, legend=disk_name) + panel.titled('Disk')
        + panel.alert_lines(['DiskFull']),
        host_panel.timeseries(signals.host_network, by=['direction', 'instance'], legend='{{direction}} {{instance}}')
        + panel.titled('Network'),
        host_panel.timeseries(signals.host_disk_io, by=['direction', 'instance'], legend='{{direction}} {{instance}}'),
        host_panel.timeseries(signals.host_disk_full, by=disk, legend=disk_name) + panel.alert_lines(['DiskFullSoon'])
        + panel.mappings([
          { value: '%d' % signals.by_module.hosts.farthest, text: 'not within 30 days', color: 'green' },
          { value: '%d' % signals.by_module.hosts.not_known_yet, text: 'not known yet', color: 'text' },
        ]),
      ]),
      row('Processes', [
        panel.timeseries(signals.process_memory, by=['instance', 'service'], legend=of_instance)
        + panel.alert_lines(['HighMemoryUsage', 'CriticalMemoryUsage']) + panel.size(12) + panel.service_links(),
        panel.timeseries(signals.process_cpu) + panel.titled('Processor time by service') + panel.size(12)
        + panel.service_links(),
        panel.bargauge(signals.process_uptime, by=['service', 'instance'], legend=of_instance) + panel.size(8, 10)
        + panel.service_links(),
        host_panel.stat(signals.host_uptime, by=machine) + panel.size(4, 10),
        panel.timeseries(signals.process_open_files) + panel.size(12, 10) + panel.service_links(),
      ]),
      row('Databases', [
        percentiles(
          'Query latency',
          'Half, 95 % and 99 % of the queries of the last 5 minutes took no longer than this.',
          [signals.database_latency_p50, signals.database_latency_p95, signals.database_latency_p99],
          'database_query_duration_seconds',
        ) + panel.size(12),
        panel.timeseries(signals.database_latency_p95, by=database, legend='{{service}} {{database}}')
        + panel.titled('Query latency P95 by database') + panel.alert_lines(['DatabaseSlowQueries']) + panel.size(12)
        + panel.service_links(),
        panel.timeseries(signals.database_queries, by=['operation']) + panel.titled('Queries by operation'),
        panel.timeseries(signals.database_error_share, by=database, legend='{{service}} {{database}}')
        + panel.titled('Query errors') + panel.alert_lines(['DatabaseErrors']) + panel.service_links(),
        panel.timeseries(
          signals.database_connections,
          by=['state', 'service', 'database'],
          legend='{{service}} {{database}} {{state}}'
        )
        + panel.titled('Database connections') + panel.stacked + panel.service_links(),
        panel.timeseries(signals.database_connections_used, by=database, legend='{{service}} {{database}}')
        + panel.alert_lines(['DatabaseConnectionsNearLimit']) + panel.size(24, 6) + panel.service_links(),
      ]),
      row('Redis', [
        panel.timeseries(signals.redis_operations, by=['operation']) + panel.stacked,
        percentiles(
          'Redis latency',
          'Half, 95 % and 99 % of the Redis commands of the last 5 minutes took no longer than this.',
          [signals.redis_latency_p50, signals.redis_latency_p95, signals.redis_latency_p99],
          'redis_operation_duration_seconds',
        ),
        panel.timeseries(signals.redis_error_share) + panel.titled('Redis errors') + panel.alert_lines(['RedisErrors'])
        + panel.service_links(),
      ]),
      row('Queues', [
        panel.timeseries(signals.queue_depth, by=queue) + panel.alert_lines(['QueueDepth']) + panel.size(12)
        + panel.service_links(),
        panel.timeseries(signals.queue_undrained, by=queue) + panel.alert_lines(['QueueNotDraining']) + panel.size(12)
        + panel.service_links(),
        panel.timeseries(signals.queue_finished, by=queue) + panel.service_links(),
        panel.lines(
          [signals.queue_processing_p50, signals.queue_processing_p95, signals.queue_processing_p99],
          'Queue processing time',
          'Half, 95 % and 99 % of the items of the last 5 minutes were worked on no longer than this; the time that ' +
          'they waited is not in it.',
        ),
        panel.timeseries(signals.queue_processing_p95, by=queue) + panel.titled('Queue processing time P95 by queue')
        + panel.service_links(),
      ]),
      row('Logs', [
        panel.logs('Recent warnings and errors', 'The newest log lines of level warning and above.', [
          'level=~"warning|error|critical|fatal"',
        ]),
      ]),
    ],
    from='now-1h',
  )

// The signals of prometheus/signals/stack.libsonnet from raw metrics.
local lib = import 'lib.libsonnet';

local prometheus = { env: 'test', service: 'prometheus', instance: 'p' };
local alertmanager = { env: 'test', service: 'alertmanager', instance: 'a' };
local member(name) = alertmanager { instance: name };
local collector = { env: 'test', service: 'collector', instance: 'c' };
local loki = { env: 'test', service: 'loki', instance: 'l' };

local up(at, values='1x200') = lib.series('up', at, values);
local target(instance, values='1x200') = up({ env: 'test', service: 'shop', instance: instance }, values);
local exactly(record, labels, seconds, number) = lib.value(record, seconds, { [record + lib.labels(labels)]: number });
local of(at) = { env: at.env, service: at.service };
local shop = { env: 'test', service: 'shop' };
local share(seconds, number) = exactly('service:up:ratio', shop, seconds, number);
local nothing(expr, seconds) = lib.value(expr, seconds, {});

local sent(values, at=alertmanager) =
  lib.series('alertmanager_notifications_total', at { receiver_name: 'chat', integration: 'slack' }, values);
local failed(values, reason='serverError', at=alertmanager) =
  lib.series(
    'alertmanager_notifications_failed_total',
    at { receiver_name: 'chat', integration: 'slack', reason: reason },
    values
  );
local chat = of(alertmanager) { receiver: 'chat', integration: 'slack' };

local to_loki = collector { exporter: 'otlp_http/loki' };
local queue(values) = lib.series('otelcol_exporter_queue_size', to_loki { data_type: 'logs' }, values);
local delivered(values) = lib.series('otelcol_exporter_sent_log_records_total', to_loki, values);
local refused(signal, reason, values, component='otlp_http/loki') =
  lib.series('otelcol_refused_items_total', collector { component: component, signal: signal, reason: reason }, values);
local stalled(seconds, number) =
  exactly('exporter:collector_stalled:bool', of(collector) { exporter: to_loki.exporter }, seconds, number);

local requests(status, values, route='otlp_v1_logs') =
  lib.series(
    'loki_request_duration_seconds_count',
    loki { route: route, status_code: status, method: 'POST', ws: 'false' },
    values
  );

local jaeger = { env: 'test', service: 'jaeger', instance: 'j' };
local starts(service, values) =
  lib.series('service_starting', { env: 'test', service: service, instance: 'd' }, values);
local is_starting(services, seconds) = lib.value('service:starting:bool', seconds, {
  ['service:starting:bool' + lib.labels({ env: 'test', service: service })]: services[service]
  for service in std.objectFields(services)
});
local share_of_loki(seconds, number) = exactly('service:up:ratio', of(loki), seconds, number);

local targets = [
  lib.test(
    'a target that stops answering is missed, and still is after an hour',
    [target('a', '1x400'), target('b', '1x8 0x400')],
    values=[
      share(60, 1),
      share(180, 0.5),
      share(4800, 0.5),
    ]
  ),
  lib.test(
    'a target that has never answered may still be on its way for half an hour',
    [target('a', '1x400'), target('b', '0x400')],
    values=[
      share(60, 1),
      share(1740, 1),
      share(1860, 0.5),
    ]
  ),
  lib.test('a service that has never answered is not down for half an hour', [target('a', '0x400')], values=[
    nothing('service:up:ratio', 1740),
    share(1860, 0),
  ]),
  lib.test(
    'what `make up` still builds is not down, however long it takes, and is missed at once when nobody starts it',
    [up(jaeger, '0x800'), up(loki, '0x40 1x800'), starts('jaeger', '1x400 0x400'), starts('loki', '1x42 0x800')],
    values=[
      nothing('service:jaeger_up:count', 6000),
      nothing('service:up:ratio{service="jaeger"}', 6000),
      is_starting({ jaeger: 1, loki: 1 }, 600),
      is_starting({ jaeger: 1, loki: 0 }, 660),
      is_starting({ jaeger: 0, loki: 0 }, 6045),
      exactly('service:jaeger_up:count', of(jaeger), 6045, 0),
      lib.value('service:up:ratio', 6045, {
        ['service:up:ratio' + lib.labels(of(jaeger))]: 0,
        ['service:up:ratio' + lib.labels(of(loki))]: 1,
      }),
    ]
  ),
  lib.test(
    'what alerts look back over, so long is it known that something was starting',
    [up(loki, '0x40 1x400'), starts('loki', '1x41 0x400')],
    values=[
      exactly('service:starting:max_5m', of(loki), 600, 1),
      exactly('service:starting:max_short', of(loki), 630, 1),
      exactly('service:starting:max_short', of(loki), 675, 0),
      exactly('service:starting:max_5m', of(loki), 870, 1),
      exactly('service:starting:max_5m', of(loki), 915, 0),
      exactly('env:starting_said:max_5m', { env: 'test' }, 900, 1),
      exactly('env:starting_said:max_5m', { env: 'test' }, 930, 0),
    ]
  ),
  lib.test(
    'what has started and is down again is no longer starting to any alert',
    [up(loki, '0x40 1x4 0x400'), starts('loki', '1x41 0x400')],
    values=[
      exactly('service:starting:max_5m', of(loki), 645, 1),
      nothing('service:starting:max_5m', 705),
      nothing('service:starting:max_short', 705),
    ]
  ),
  lib.test(
    'a server whose start has failed is no longer starting to any alert',
    [up(loki, '0x400'), starts('loki', '1x40 0x400')],
    values=[exactly('service:starting:max_5m', of(loki), 600, 1), nothing('service:starting:max_5m', 615)],
  ),
  lib.test(
    'a server that `make up` restarts is not missed meanwhile, and is if it stays away',
    [up(loki, '1x40 0x200'), starts('loki', '0x40 1x8 0x200')],
    values=[
      share_of_loki(600, 1),
      nothing('service:up:ratio', 660),
      share_of_loki(750, 0),
    ]
  ),
  lib.test(
    'where nobody says what is starting, a service is starting until it has answered or half an hour is over',
    [up(loki, '0x8 1x8 0x400'), up(jaeger, '0x400')],
    values=[
      is_starting({ jaeger: 1, loki: 1 }, 60),
      is_starting({ jaeger: 1, loki: 0 }, 180),
      is_starting({ jaeger: 1, loki: 0 }, 600),
      is_starting({ jaeger: 0, loki: 0 }, 1860),
    ]
  ),
  lib.test(
    'Loki, Jaeger and the dashboards by how many of them answer',
    [up(loki, '1x8 0x400'), up({ env: 'test', service: 'jaeger', instance: 'j' }, '0x400')],
    values=[
      exactly('service:loki_up:count', of(loki), 60, 1),
      exactly('service:loki_up:count', of(loki), 300, 0),
      nothing('service:jaeger_up:count', 300),
      nothing('service:dashboards_up:count', 300),
    ]
  ),
];

local of_prometheus = [
  lib.test('rules that fail and are missed, each minute, whatever their group', [
    lib.series('prometheus_rule_evaluation_failures_total', prometheus { rule_group: 'a.yaml;one' }, '0+1x60'),
    lib.series('prometheus_rule_evaluation_failures_total', prometheus { rule_group: 'a.yaml;two' }, '0+2x60'),
    lib.series('prometheus_rule_group_iterations_missed_total', prometheus { rule_group: 'a.yaml;one' }, '0x60'),
  ], values=[
    exactly('instance:rule_failures:per_minute', prometheus, 600, 12),
    exactly('instance:rule_iterations_missed:per_minute', prometheus, 600, 0),
  ]),
  lib.test('a rule group by its name and its share of the interval', [
    lib.constant('prometheus_rule_group_last_duration_seconds', prometheus { rule_group: '/etc/rules/a.yaml;http' }, 3),
    lib.constant('prometheus_rule_group_interval_seconds', prometheus { rule_group: '/etc/rules/a.yaml;http' }, 15),
  ], values=[exactly('instance_group:rule_time:ratio', prometheus { rule_group: 'http' }, 60, 0.2)]),
  lib.test('an Alertmanager is reached if any of what is sent to it arrives', [
    lib.series('prometheus_notifications_sent_total', prometheus { alertmanager: 'well' }, '0+2x60'),
    lib.series('prometheus_notifications_errors_total', prometheus { alertmanager: 'well' }, '0+1x60'),
    lib.series('prometheus_notifications_sent_total', prometheus { alertmanager: 'away' }, '0+2x60'),
    lib.series('prometheus_notifications_errors_total', prometheus { alertmanager: 'away' }, '0+2x60'),
    lib.constant('prometheus_notifications_alertmanagers_discovered', prometheus, 2),
  ], values=[exactly('instance:alertmanagers_reached:count', prometheus, 600, 1)]),
  lib.test(
    'none is reached if none is known',
    [lib.constant('prometheus_notifications_alertmanagers_discovered', prometheus, 0)],
    values=[
      exactly('instance:alertmanagers_reached:count', prometheus, 600, 0),
    ]
  ),
  lib.test('the fullest queue of alerts', [
    lib.constant('prometheus_notifications_queue_length', prometheus { alertmanager: 'a' }, 10),
    lib.constant('prometheus_notifications_queue_length', prometheus { alertmanager: 'b' }, 4000),
    lib.constant('prometheus_notifications_queue_capacity', prometheus, 10000),
  ], values=[exactly('instance:notification_queue:ratio', prometheus, 60, 0.4)]),
  lib.test('damage found before the first scrape counts', [
    lib.constant('prometheus_tsdb_wal_corruptions_total', prometheus, 1),
    lib.constant('prometheus_tsdb_mmap_chunk_corruptions_total', prometheus, 0),
  ], values=[exactly('instance:tsdb_corruptions:since_start', prometheus, 60, 1)]),
  lib.test(
    'the growth of series within an hour, unknown in the first one',
    [lib.series('prometheus_tsdb_head_series', prometheus, '20000x239 35000x60')],
    values=[
      nothing('instance:head_series:growth_1h', 3540),
      exactly('instance:head_series:added_1h', prometheus, 3900, 15000),
      exactly('instance:head_series:growth_1h', prometheus, 3900, 0.75),
    ]
  ),
];

local of_alertmanager = [
  lib.test(
    'failed notifications as a share, for whatever reason they fail',
    [sent('0+4x60'), failed('0+1x60'), failed('0+1x60', 'clientError')],
    values=[
      exactly('receiver:notifications:per_minute', chat, 600, 16),
      exactly('receiver:notifications_failed:ratio_rate5m', chat, 600, 0.5),
    ]
  ),
  lib.test(
    'a receiver that nobody was told through has no share',
    [sent('7x60'), failed('3x60')],
    values=[nothing('receiver:notifications_failed:ratio_rate5m', 600)]
  ),
  lib.test(
    'a single Alertmanager is whole without a cluster, and gone when it is down',
    [up(alertmanager, '1x20 0x60')],
    values=[
      exactly('service:alertmanager_cluster:ratio', of(alertmanager), 120, 1),
      exactly('service:alertmanager_cluster:ratio', of(alertmanager), 600, 0),
    ]
  ),
  lib.test('members that do not find each other', [
    up(member('a')),
    up(member('b')),
    lib.series('alertmanager_cluster_members', member('a'), '2x20 1x60'),
    lib.series('alertmanager_cluster_members', member('b'), '2x20 1x60'),
    lib.series('alertmanager_config_hash', member('a'), '5x80'),
    lib.series('alertmanager_config_hash', member('b'), '5x20 6x60'),
  ], values=[
    exactly('service:alertmanager_cluster:ratio', of(alertmanager), 120, 1),
    exactly('service:alertmanager_configs:count', of(alertmanager), 120, 1),
    exactly('service:alertmanager_cluster:ratio', of(alertmanager), 600, 0.5),
    exactly('service:alertmanager_configs:count', of(alertmanager), 600, 2),
  ]),
  lib.test('the first Watchdog that is delivered counts, and one that fails does not', [
    lib.constant('process_start_time_seconds', alertmanager, lib.start.seconds),
    lib.series(
      'alertmanager_notifications_total',
      alertmanager { receiver_name: 'signalfire/watchdog', integration: 'webhook' },
      '1x19 2x19 3x40'
    ),
    lib.series(
      'alertmanager_notifications_failed_total',
      alertmanager { receiver_name: 'signalfire/watchdog', integration: 'webhook', reason: 'other' },
      '0x19 0x19 1x40'
    ),
  ], values=[
    exactly('service:watchdog_notifications:delivered_15m', of(alertmanager), 15, 1),
    exactly('service:watchdog_notifications:delivered_15m', of(alertmanager), 600, 2),
  ]),
];

local of_collecting = [
  lib.test(
    'an export stands still if nothing is delivered although something waits',
    [queue('0x20 5000x60'), delivered('0+9x20 180x60')],
    values=[
      stalled(240, 0),
      stalled(480, 0),
      stalled(700, 1),
    ]
  ),
  lib.test('an exporter that has nothing to deliver does not stand still', [queue('0x60')], values=[stalled(600, 0)]),
  lib.test(
    'an exporter that has never delivered anything stands still at once',
    [queue('5000x60')],
    values=[stalled(60, 1)]
  ),
  lib.test(
    'how full a queue is',
    [queue('50x60'), lib.constant('otelcol_exporter_queue_capacity', to_loki { data_type: 'logs' }, 200)],
    values=[
      exactly('exporter:collector_queue:ratio', of(collector) { exporter: to_loki.exporter }, 60, 0.25),
    ]
  ),
  lib.test('nothing lost is zero, not a gap', [
    lib.series('otelcol_receiver_accepted_spans_total', collector { receiver: 'otlp', transport: 'http' }, '0+9x60'),
    lib.series(
      'otelcol_receiver_accepted_log_records_total',
      collector { receiver: 'otlp', transport: 'http' },
      '0+9x60'
    ),
  ], values=[
    exactly('service:spans_dropped:rate5m', of(collector), 600, 0),
    exactly('service:logs_dropped:rate5m', of(collector), 600, 0),
  ]),
  lib.test('what an application and the collector have lost', [
    lib.series('signalfire_spans_dropped_total', shop { instance: 'a', reason: 'queue_full' }, '0+15x60'),
    lib.series('signalfire_spans_dropped_total', shop { instance: 'a', reason: 'shutdown' }, '0+15x60'),
    refused('logs', 'invalid_argument', '0+30x60'),
    refused('metrics', 'too_old', '0+30x60'),
  ], values=[
    exactly('service:spans_dropped:rate5m', shop, 600, 2),
    exactly('service:logs_dropped:rate5m', of(collector), 600, 2),
  ]),
  lib.test(
    'what is refused, by signal and reason, whichever component of the collector refuses it',
    [
      refused('metrics', 'too_old', '0+30x60', 'limits'),
      refused('metrics', 'too_old', '0+15x60', 'otlp_http/prometheus'),
      refused('traces', 'unavailable', '0x60', 'otlp_grpc/jaeger'),
    ],
    values=[lib.value('service_signal_reason:telemetry_refused:rate5m', 600, {
      ['service_signal_reason:telemetry_refused:rate5m' + lib.labels(of(collector) { signal: at[0], reason: at[1] })]:
        at[2]
      for at in [['metrics', 'too_old', 3], ['traces', 'unavailable', 0]]
    })]
  ),
  lib.test(
    'batches that are stuck, in all members of the collector',
    [
      lib.constant('otelcol_exporter_stuck_batches', collector { instance: name, exporter: 'otlp_grpc/jaeger' }, 2)
      for name in ['a', 'b']
    ],
    values=[exactly('exporter:collector_stuck_batches:sum', of(collector) { exporter: 'otlp_grpc/jaeger' }, 600, 4)]
  ),
  lib.test("Loki's failures as a share of each route, without its probes", [
    requests('204', '0+9x60'),
    requests('500', '0+3x60'),
    requests('503', '0+9x60', 'ready'),
    requests('200', '0+9x60', 'loki_api_v1_query_range'),
  ], values=[
    lib.value('service_route:loki_request_errors:ratio_rate5m', 600, {
      ['service_route:loki_request_errors:ratio_rate5m' + lib.labels(of(loki) { route: 'otlp_v1_logs' })]: 0.25,
      ['service_route:loki_request_errors:ratio_rate5m' + lib.labels(of(loki) { route: 'loki_api_v1_query_range' })]: 0,
    }),
  ]),
  lib.test('lines that Loki rejects, by reason', [
    lib.series('loki_distributor_lines_received_total', loki, '0+30x60'),
    lib.series('loki_discarded_samples_total', loki { reason: 'rate_limited' }, '0+15x60'),
  ], values=[
    lib.value('service_reason:loki_lines_rejected:rate5m', 600, {
      ['service_reason:loki_lines_rejected:rate5m' + lib.labels(of(loki) { reason: 'none' })]: 0,
      ['service_reason:loki_lines_rejected:rate5m' + lib.labels(of(loki) { reason: 'rate_limited' })]: 1,
    }),
  ]),
  lib.test('the memory of each server, by whichever name it tells it', [
    lib.constant('process_resident_memory_bytes', loki, 300),
    lib.constant('otelcol_process_memory_rss_bytes', collector, 200),
    lib.constant('otelcol_process_memory_rss', { env: 'test', service: 'jaeger', instance: 'j' }, 100),
    lib.constant('process_resident_memory_bytes', shop { instance: 'a' }, 900),
  ], values=[lib.value('sum(service:stack_memory:bytes)', 60, { '{}': 600 })]),
];

local counted(metric, labels) = lib.series(metric, labels, '0+30x60');  // 2 a second
local plain = [
  lib.test('what Prometheus says of itself', [
    lib.constant('prometheus_config_last_reload_successful', prometheus, 0),
    counted('prometheus_notifications_sent_total', prometheus { alertmanager: 'a' }),
    counted('prometheus_notifications_dropped_total', prometheus { alertmanager: 'a' }),
    lib.series('prometheus_notifications_latency_seconds_sum', prometheus { alertmanager: 'a' }, '0+6x60'),
    counted('prometheus_notifications_latency_seconds_count', prometheus { alertmanager: 'a' }),
    counted('prometheus_tsdb_head_samples_appended_total', prometheus { type: 'float' }),
    counted('prometheus_tsdb_head_samples_appended_total', prometheus { type: 'histogram' }),
    lib.constant('prometheus_tsdb_storage_blocks_bytes', prometheus, 100),
    lib.constant('prometheus_tsdb_wal_storage_size_bytes', prometheus, 20),
    lib.constant('prometheus_tsdb_head_chunks_storage_size_bytes', prometheus, 3),
    lib.series('up', prometheus { job: 'prometheus' }, '1x30 _x60'),
    lib.constant('scrape_samples_post_metric_relabeling', prometheus, 700),
    lib.constant('scrape_duration_seconds', prometheus, 0.25),
    counted('process_cpu_seconds_total', prometheus),
  ], values=[
    exactly('instance:prometheus_config:loaded', prometheus, 600, 0),
    exactly('instance:notifications_sent:per_minute', prometheus, 600, 120),
    exactly('instance:notifications_dropped:per_minute', prometheus, 600, 120),
    exactly('instance:notification_handover_seconds:mean_5m', prometheus, 600, 0.2),
    exactly('instance:samples_ingested:rate5m', prometheus, 600, 4),
    exactly('instance:tsdb_size:bytes', prometheus, 600, 123),
    exactly('env:newest_sample:age_seconds', { env: 'test' }, 510, 60),
    exactly('service:scraped_samples:sum', of(prometheus), 600, 700),
    exactly('service:scrape_duration_seconds:max', of(prometheus), 600, 0.25),
    exactly('service:stack_cpu:rate5m', of(prometheus), 600, 2),
  ]),
  lib.test('what Alertmanager says of itself', [
    lib.constant('alertmanager_config_last_reload_successful', alertmanager, 0),
    lib.constant('alertmanager_alerts', alertmanager { state: 'active' }, 3),
    lib.constant('alertmanager_alerts', alertmanager { state: 'unprocessed' }, 1),
    lib.constant('alertmanager_silences', alertmanager { state: 'active' }, 2),
    lib.constant('alertmanager_silences', alertmanager { state: 'expired' }, 9),
    lib.series('alertmanager_notification_latency_seconds_sum', alertmanager { integration: 'slack' }, '0+6x60'),
    counted('alertmanager_notification_latency_seconds_count', alertmanager { integration: 'slack' }),
  ], values=[
    exactly('instance:alertmanager_config:loaded', alertmanager, 600, 0),
    exactly('service_state:alertmanager_alerts:sum', of(alertmanager) { state: 'active' }, 600, 3),
    exactly('service_state:silences:sum', of(alertmanager) { state: 'active' }, 600, 2),
    exactly('integration:notification_latency_seconds:mean_1h', of(alertmanager) { integration: 'slack' }, 600, 0.2),
  ]),
  lib.test('what the collector, Loki, Jaeger and the dashboards say of themselves', [
    counted('otelcol_receiver_accepted_spans_total', collector { receiver: 'otlp', transport: 'grpc' }),
    counted('otelcol_receiver_accepted_spans_total', collector { receiver: 'otlp', transport: 'http' }),
    counted('loki_distributor_lines_received_total', loki),
    counted('loki_distributor_bytes_received_total', loki),
    lib.constant('loki_ingester_memory_streams', loki { tenant: 'fake' }, 8),
    lib.constant('loki_ingester_wal_disk_usage_percent', loki, 0.5),
    counted('otelcol_exporter_sent_spans_total', {
      env: 'test',
      service: 'jaeger',
      instance: 'j',
      exporter: 'jaeger_storage_exporter',
    }),
    counted('jaeger_storage_badger_write_bytes_user', { env: 'test', service: 'jaeger', instance: 'j' }),
    up({ env: 'test', service: 'jaeger', instance: 'j' }),
    up({ env: 'test', service: 'dashboards', instance: 'd' }),
  ], values=[
    exactly('service_kind:collector_received:rate5m', of(collector) { kind: 'spans' }, 600, 4),
    exactly('service:loki_lines:rate5m', of(loki), 600, 2),
    exactly('service:loki_bytes:rate5m', of(loki), 600, 2),
    exactly('service:loki_streams:sum', of(loki), 600, 8),
    exactly('service:loki_disk_used:ratio', of(loki), 600, 0.5),
    exactly('service:jaeger_spans:rate5m', { env: 'test', service: 'jaeger' }, 600, 2),
    exactly('service:jaeger_bytes:rate5m', { env: 'test', service: 'jaeger' }, 600, 2),
    exactly('service:jaeger_up:count', { env: 'test', service: 'jaeger' }, 600, 1),
    exactly('service:dashboards_up:count', { env: 'test', service: 'dashboards' }, 600, 1),
  ]),
];

// With an inventory in which the service `shop` has two targets.
local inventory = [
  lib.test(
    'a target that service discovery has lost is missed',
    [target('a', '1x400'), target('b', '1x8 stale')],
    values=[share(60, 1), share(180, 0.5), share(4800, 0.5)]
  ),
  lib.test(
    'a job that is gone as a whole is missed',
    [target('a', '1x8 stale'), target('b', '1x8 stale')],
    values=[share(60, 1), share(180, 0)]
  ),
  lib.test('a job that never came is missed after half an hour', [up(prometheus, '1x400')], values=[
    nothing('service:up:ratio{service="shop"}', 1740),
    lib.value('service:up:ratio{service="shop"}', 1860, { ['service:up:ratio' + lib.labels(shop)]: 0 }),
  ]),
  lib.test(
    'more targets than expected are all watched',
    [target('a'), target('b'), target('c', '1x8 0x60')],
    values=[share(60, 1), share(180, 2 / 3)]
  ),
];

function(config) {
  'stack.yaml': lib.file(targets + of_prometheus + of_alertmanager + of_collecting + plain),
  [if config.expected_targets != [] then 'inventory.yaml']: lib.file(inventory),
}

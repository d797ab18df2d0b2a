// The signals of prometheus/signals/stores.libsonnet from raw metrics, whoever tells of them.
local lib = import 'lib.libsonnet';

local ours = { env: 'test', service: 'ours', instance: 'a' };
local otel = { env: 'test', service: 'otel', instance: 'b' };
local server = { env: 'test', service: 'server', instance: 'c' };
local of(service, database) = lib.labels({ env: 'test', service: service, database: database });
local of_service(service) = lib.labels({ env: 'test', service: service });
local exactly(record, labels, value) = lib.value(record, 600, { [record + labels]: value });

// Per 15 seconds 120 queries: half of them take up to 0.1 s, all of them up to 1 s.
local histogram(name, labels) = [
  lib.series(name + '_bucket', labels { le: '0.1' }, '0+60x60'),
  lib.series(name + '_bucket', labels { le: '1.0' }, '0+120x60'),
  lib.series(name + '_bucket', labels { le: '+Inf' }, '0+120x60'),
  lib.series(name + '_count', labels, '0+120x60'),
];
local carts = ours { database: 'carts' };
local otel_query = otel { db_namespace: 'carts', db_operation_name: 'SELECT', db_system_name: 'postgresql' };
local otel_command = otel { db_namespace: '0', db_operation_name: 'GET', db_system_name: 'redis' };

local queries(service, share) = [
  exactly('service_database:database_queries:rate5m', of(service, 'carts'), 8),
  exactly('service_database:database_query_duration_seconds:p95_5m', of(service, 'carts'), 0.91),
  exactly('service_database:database_errors:ratio_rate5m', of(service, 'carts'), share),
];

function(config) {
  'stores.yaml': lib.file([
    lib.test(
      'queries of our own library',
      histogram('database_query_duration_seconds', carts { operation: 'SELECT' }) + [
        lib.series('database_errors_total', carts { error_type: 'IntegrityError' }, '0+12x60'),
      ],
      values=queries('ours', 0.1)
    ),
    lib.test(
      'queries of an OpenTelemetry instrumentation, Redis left out',
      histogram('db_client_operation_duration_seconds', otel_query) + [
        lib.series('db_client_operation_duration_seconds_count', otel_query { error_type: 'IntegrityError' }, '0+0x60'),
        lib.series('db_client_operation_duration_seconds_count', otel_command, '0+30x60'),
      ],
      values=queries('otel', 0)
    ),
    lib.test(
      'no error is zero errors, not a gap',
      histogram('database_query_duration_seconds', carts { operation: 'SELECT' }),
      values=queries('ours', 0)
    ),
    lib.test('a database that cannot be reached fails every attempt', [
      lib.series('database_errors_total', carts { error_type: 'OperationalError' }, '0+12x60'),
    ], values=[
      exactly('service_database:database_errors:ratio_rate5m', of('ours', 'carts'), 1),
      exactly('service_database:database_attempts:rate5m', of('ours', 'carts'), 0.8),
    ]),
    lib.test('without queries there is no latency and no share', [
      lib.constant('database_query_duration_seconds_count', carts { operation: 'SELECT' }, 7),
      lib.constant('database_query_duration_seconds_bucket', carts { operation: 'SELECT', le: '+Inf' }, 7),
    ], values=[
      lib.value('service_database:database_query_duration_seconds:p95_5m', 600, {}),
      lib.value('service_database:database_errors:ratio_rate5m', 600, {}),
      exactly('service_database:database_queries:rate5m', of('ours', 'carts'), 0),
    ]),
    lib.test('connections of pools and of a server, against their limits', [
      lib.constant('database_connections', carts { state: 'active' }, 12),
      lib.constant('database_connections', carts { state: 'idle' }, 1),
      lib.constant('database_connections_limit', carts, 15),
      lib.constant('database_connections', carts { instance: 'z', state: 'active' }, 3),
      lib.constant('database_connections_limit', carts { instance: 'z' }, 15),
      lib.constant('pg_stat_activity_count', server { datname: 'carts', state: 'active' }, 20),
      lib.constant('pg_stat_activity_count', server { datname: 'users', state: 'idle in transaction' }, 50),
      lib.constant('pg_stat_activity_count', server { datname: 'template0', state: 'active' }, 0),
      lib.constant('pg_settings_max_connections', server, 100),
      lib.constant(
        'db_client_connection_count',
        otel { db_client_connection_pool_name: 'carts', db_client_connection_state: 'used' },
        4
      ),
      lib.constant(
        'db_client_connection_count',
        otel { db_client_connection_pool_name: 'carts', db_client_connection_state: 'idle' },
        2
      ),
      lib.constant('db_client_connection_max', otel { db_client_connection_pool_name: 'carts' }, 8),
    ], values=[
      lib.value('service_database:database_connections_used:max', 600, {
        ['service_database:database_connections_used:max' + of('ours', 'carts')]: 0.8,
        ['service_database:database_connections_used:max' + of('server', 'all')]: 0.7,
        ['service_database:database_connections_used:max' + of('otel', 'carts')]: 0.5,
      }),
      lib.value(
        'sum by (service, database, state) (instance_database:database_connections:sum{service!="ours"})',
        600,
        {
          '{database="carts",service="server",state="active"}': 20,
          '{database="users",service="server",state="idle"}': 50,
          '{database="carts",service="otel",state="active"}': 4,
          '{database="carts",service="otel",state="idle"}': 2,
        }
      ),
    ]),
    lib.test(
      'Redis, as our own library, OpenTelemetry and its exporter see it',
      histogram('redis_operation_duration_seconds', ours { operation: 'GET', status: 'success' }) + [
        lib.series('redis_operations_total', ours { operation: 'GET', status: 'success' }, '0+90x60'),
        lib.series('redis_operations_total', ours { operation: 'SET', status: 'error' }, '0+30x60'),
        lib.series('db_client_operation_duration_seconds_count', otel_command, '0+45x60'),
        lib.series(
          'db_client_operation_duration_seconds_count',
          otel_command { error_type: 'TimeoutError' },
          '0+15x60'
        ),
        lib.series('redis_commands_total', server { cmd: 'get' }, '0+15x60'),
        lib.series('redis_commands_failed_calls_total', server { cmd: 'get' }, '0+3x60'),
        lib.constant('redis_up', server, 1),
      ],
      values=[
        lib.value('service:redis_operations:rate5m', 600, {
          ['service:redis_operations:rate5m' + of_service('ours')]: 8,
          ['service:redis_operations:rate5m' + of_service('otel')]: 4,
          ['service:redis_operations:rate5m' + of_service('server')]: 1,
        }),
        lib.value('service:redis_errors:ratio_rate5m', 600, {
          ['service:redis_errors:ratio_rate5m' + of_service('ours')]: 0.25,
          ['service:redis_errors:ratio_rate5m' + of_service('otel')]: 0.25,
          ['service:redis_errors:ratio_rate5m' + of_service('server')]: 0.2,
        }),
        exactly('service:redis_operation_duration_seconds:p95_5m', of_service('ours'), 0.91),
        lib.value('service:redis_up:min', 600, {
          ['service:redis_up:min' + of_service('ours')]: 1,
          ['service:redis_up:min' + of_service('server')]: 1,
        }),
      ]
    ),
    lib.test('a Redis that no command reaches is down, and one that nobody asks is unknown', [
      lib.series('redis_operations_total', ours { operation: 'GET', status: 'success' }, '0+90x20 1800x40'),
      lib.series('redis_operations_total', ours { operation: 'GET', status: 'error' }, '0x20 0+90x40'),
      lib.constant('redis_operations_total', otel { operation: 'GET', status: 'success' }, 7),
      lib.series('redis_up', server, '1x20 0x40'),
    ], values=[
      lib.value('service:redis_up:min', 600, {
        ['service:redis_up:min' + of_service('ours')]: 0,
        ['service:redis_up:min' + of_service('server')]: 0,
      }),
    ]),
  ]),
}

// Databases and Redis: as the applications that use them see them, whoever instrumented those, and as the exporters do
// that ask the databases of signalfire.yaml.
local promql = import 'promql.libsonnet';
local signal = import 'signal.libsonnet';

function(config)
  local scope = promql.scope(config);
  local sum(expr, by) = promql.fold('sum', by, expr);
  local either(exprs) = std.join('\nor ', exprs);
  local labelled = promql.labelled;

  local by_database = scope.by_service + ['database'];
  local by_instance_database = scope.by_instance + ['database'];
  local by_state = by_instance_database + ['state'];
  local by_operation = by_instance_database + ['operation'];
  local by_command = scope.by_instance + ['operation', 'status'];

  local connections = 'instance_database:database_connections:sum';
  local used = 'instance_database:database_connections_used:ratio';
  local buckets = 'instance_database:database_query_duration_seconds_bucket:rate5m';
  local queries = 'instance_database:database_queries:rate5m';
  local errors = 'instance_database:database_errors:rate5m';
  local attempts = 'instance_database:database_attempts:rate5m';
  local failed = 'service_database:database_errors:ratio_rate5m';
  local commands = 'instance_command:redis_operations:rate5m';
  local command_buckets = 'instance_command:redis_operation_duration_seconds_bucket:rate5m';
  local redis_up = 'service:redis_up:min';

  // OpenTelemetry's conventions call the database db.namespace, and have Redis among the databases.
  local otel(suffix, matchers) =
    promql.rename(
      promql.rename(scope.rate('db_client_operation_duration_seconds' + suffix, matchers), 'database', 'db_namespace'),
      'operation',
      'db_operation_name'
    );
  local otel_query(suffix, matchers=[]) = otel(suffix, ['db_system_name!="redis"'] + matchers);
  local otel_command(suffix, matchers=[]) = otel(suffix, ['db_system_name="redis"'] + matchers);
  local otel_pool(metric, matchers=[]) =
    promql.rename(scope.raw('db_client_connection_' + metric, matchers), 'database', 'db_client_connection_pool_name');
  // A server's own view: each of its databases.
  local pg_connections(matcher) =
    promql.rename(scope.raw('pg_stat_activity_count', ['datname!~"template.*"', matcher]), 'database', 'datname');

  // Whose buckets they are stays with them: unlike ones must not be added up.
  local bucketed(layout, expr, by) = labelled(sum(promql.whole_bounds(expr), by + ['le']), 'layout', layout);

  local latency(percent) = signal.quantile(percent / 100, {
    title: 'Query latency P' + percent,
    unit: 's',
    min: 0,
    description: percent + ' % of the queries of the last 5 minutes took no longer than this.',
    source: buckets,
    labels: by_operation + ['layout'],
    records: { ['service_database:database_query_duration_seconds:p' + percent + '_5m']: by_database },
  });
  local redis_latency(percent) = signal.quantile(percent / 100, {
    title: 'Redis latency P' + percent,
    unit: 's',
    min: 0,
    description: percent
                 + ' % of the Redis commands of the last 5 minutes took no longer than this, ' +
                 'as the application waited for them.',
    source: command_buckets,
    labels: scope.by_instance + ['operation', 'layout'],
    records: { ['service:redis_operation_duration_seconds:p' + percent + '_5m']: scope.by_service },
  });

  {
    sources:: [
      {
        record: connections,
        expr: promql.first_of([
          sum(scope.raw('database_connections'), by_state),
          either([
            labelled(sum(pg_connections('state="active"'), by_instance_database), 'state', 'active'),
            labelled(sum(pg_connections('state!="active"'), by_instance_database), 'state', 'idle'),
          ]),
          either([
            labelled(
              sum(otel_pool('count', ['db_client_connection_state="used"']), by_instance_database),
              'state',
              'active'
            ),
            labelled(
              sum(otel_pool('count', ['db_client_connection_state="idle"']), by_instance_database),
              'state',
              'idle'
            ),
          ]),
        ], scope.by_instance),
      },
      {
        // Of a pool those in use count, which is what a request waits for; of a server all of them, which is what it
        // refuses.
        record: used,
        expr: promql.first_of([
          '%s / (%s > 0)' % [
            sum(scope.raw('database_connections', ['state="active"']), by_instance_database),
            sum(scope.raw('database_connections_limit'), by_instance_database),
          ],
          labelled(
            '%s / (%s > 0)' % [
              sum(scope.raw('pg_stat_activity_count'), scope.by_instance),
              sum(scope.raw('pg_settings_max_connections'), scope.by_instance),
            ],
            'database',
            'all'
          ),
          '%s / (%s > 0)' % [
            sum(otel_pool('count', ['db_client_connection_state="used"']), by_instance_database),
            sum(otel_pool('max'), by_instance_database),
          ],
        ], scope.by_instance),
      },
      {
        record: buckets,
        expr: promql.first_of([
          bucketed('signalfire', scope.rate('database_query_duration_seconds_bucket'), by_operation),
          bucketed('opentelemetry', otel_query('_bucket'), by_operation),
        ], scope.by_instance),
      },
      {
        record: queries,
        expr: promql.first_of(
          [
            sum(scope.rate('database_query_duration_seconds_count'), by_operation),
            sum(otel_query('_count'), by_operation),
          ],
          scope.by_instance
        ),
      },
      {
        // No error is zero errors, not a gap.
        record: errors,
        expr: promql.first_of([
          sum(scope.rate('database_errors_total'), by_instance_database),
          sum(otel_query('_count', ['error_type!=""']), by_instance_database),
          '0 * ' + sum(queries, by_instance_database),
        ], by_instance_database),
      },
      {
        // A connection that could not be opened is an error without a query: then there were as many attempts as
        // errors.
        record: attempts,
        expr: either(['%s > %s' % [sum(queries, by_instance_database), errors], errors]),
      },
      {
        record: failed,
        expr: '%s / (%s > 0)' % [sum(errors, by_database), sum(attempts, by_database)],
      },
      {
        record: commands,
        expr: promql.first_of([
          sum(scope.rate('redis_operations_total'), by_command),
          either([
            labelled(
              sum(otel_command('_count', ['error_type=""']), scope.by_instance + ['operation']),
              'status',
              'success'
            ),
            labelled(
              sum(otel_command('_count', ['error_type!=""']), scope.by_instance + ['operation']),
              'status',
              'error'
            ),
          ]),
          either([
            labelled(sum(
              promql.rename(
                scope.rate('redis_commands_total') + ' - ' + scope.rate('redis_commands_failed_calls_total'),
                'operation',
                'cmd'
              ),
              scope.by_instance + ['operation']
            ), 'status', 'success'),
            labelled(
              sum(
                promql.rename(scope.rate('redis_commands_failed_calls_total'), 'operation', 'cmd'),
                scope.by_instance + ['operation']
              ),
              'status',
              'error'
            ),
          ]),
        ], scope.by_instance),
      },
      {
        record: command_buckets,
        expr: promql.first_of([
          bucketed(
            'signalfire',
            scope.rate('redis_operation_duration_seconds_bucket'),
            scope.by_instance + ['operation']
          ),
          bucketed('opentelemetry', otel_command('_bucket'), scope.by_instance + ['operation']),
        ], scope.by_instance),
      },
      {
        // The exporter says so; without one, a Redis that no command of a service reaches in a minute is down for it.
        record: redis_up,
        expr: promql.first_of([
          promql.fold('min', scope.by_service, scope.raw('redis_up')),
          '(%(successes)s or 0 * %(all)s) > bool 0 and %(all)s > 0' % {
            successes: sum(
              scope.rate('redis_operations_total', ['status="success"'], config.short_window),
              scope.by_service
            ),
            all: sum(scope.rate('redis_operations_total', [], config.short_window), scope.by_service),
          },
        ], scope.by_service),
      },
    ],

    database_connections: signal.recorded({
      title: 'Connections',
      unit: 'short',
      min: 0,
      decimals: 0,
      description: "Open connections, in use and idle: those of the applications' pools, " +
                   'or of a server that an exporter asks.',
      source: connections,
      records: { [connections]: by_state },
    }),

    database_connections_used: signal.recorded({
      title: 'Connections used',
      unit: 'percentunit',
      min: 0,
      decimals: 0,
      how: 'max',
      description: "The share of a pool's connections that are in use, overflow included; " +
                   'of a server, the share of those it allows.',
      source: used,
      records: {
        [used]: by_instance_database,
        'service_database:database_connections_used:max': by_database,
      },
      rules:: [
        { record: 'service_database:database_connections_used:max', expr: promql.fold('max', by_database, used) },
      ],
    }),

    database_queries: signal.sum({
      title: 'Queries',
      unit: 'ops',
      min: 0,
      description: 'Queries per second, over the last 5 minutes.',
      source: queries,
      labels: by_operation,
      records: { 'service_database:database_queries:rate5m': by_database },
    }),

    database_attempts: signal.sum({
      title: 'Queries tried',
      unit: 'ops',
      min: 0,
      description: 'Queries per second and connections that could not be opened, over the last 5 minutes.',
      source: attempts,
      labels: by_instance_database,
      records: { 'service_database:database_attempts:rate5m': by_database },
    }),

    database_latency_p50: latency(50),
    database_latency_p95: latency(95),
    database_latency_p99: latency(99),

    database_error_share: signal.recorded({
      title: 'Query error share',
      unit: 'percentunit',
      min: 0,
      decimals: 2,
      how: 'max',
      description: 'The share of queries that failed over the last 5 minutes; a connection that could not be opened ' +
                   'counts as one.',
      source: failed,
      records: { [failed]: by_database },
    }),

    redis_up: signal.recorded({
      title: 'Redis',
      unit: 'short',
      decimals: 0,
      how: 'min',
      description: 'Whether Redis answers: 1 or 0. Asked by its exporter or, where there is none, ' +
                   'by the commands of each service.',
      source: redis_up,
      records: { [redis_up]: scope.by_service },
    }),

    redis_operations: signal.sum({
      title: 'Redis operations',
      unit: 'ops',
      min: 0,
      description: 'Redis commands per second, over the last 5 minutes.',
      source: commands,
      labels: by_command,
      records: { 'service:redis_operations:rate5m': scope.by_service },
    }),

    redis_error_share: signal.share({
      title: 'Redis error share',
      unit: 'percentunit',
      description: 'The share of Redis commands that failed, over the last 5 minutes.',
      source: commands,
      part: 'status="error"',
      labels: scope.by_instance + ['operation'],
      records: { 'service:redis_errors:ratio_rate5m': scope.by_service },
    }),

    redis_latency_p50: redis_latency(50),
    redis_latency_p95: redis_latency(95),
    redis_latency_p99: redis_latency(99),
  }

// Databases and Redis.
function(signals, config) [
  {
    name: 'DatabaseConnectionsNearLimit',
    signal: signals.database_connections_used,
    by: ['env', 'service', 'database'],
    compare: '>',
    'for': '2m',
    levels: [
      { severity: 'warning', threshold: 0.8, cooldown: '30m' },
      { severity: 'critical', threshold: 0.95, cooldown: '10m' },
    ],
    dashboard: 'system-health',
    summary: '{{ $labels.service }} uses %s of the connections to {{ $labels.database }}' % self.value,
    description: (
                   'At {{ $labels.service }} ({{ $labels.env }}), %s of the connections that {{ $labels.database }} ' +
                   'may have are in use; more than %s is near the limit. '
                 ) % [self.value, self.limit] +
                 'The next request waits for a connection or is refused one. Look for slow queries, and for ' +
                 'connections that are held and not used.',
  },
  {
    name: 'DatabaseSlowQueries',
    signal: signals.database_latency_p95,
    by: ['env', 'service', 'database'],
    compare: '>',
    threshold: 1,
    'for': '5m',
    severity: 'warning',
    cooldown: '30m',
    // A nightly report alone is slow and harms nobody.
    guards: [{ signal: signals.database_queries, compare: '>', threshold: 0.1, by: ['env', 'service', 'database'] }],
    dashboard: 'system-health',
    summary: 'Queries of {{ $labels.service }} to {{ $labels.database }} take up to %s' % self.value,
    description: (
                   '5 %% of the queries of {{ $labels.service }} ({{ $labels.env }}) to {{ $labels.database }} took ' +
                   'longer than %s in the last 5 minutes; more than %s is slow. '
                 ) % [self.value, self.limit] +
                 'The log line "slow database operation" names each of them.',
  },
  {
    name: 'DatabaseErrors',
    traces:: { tags: 'error=true' },
    signal: signals.database_error_share,
    by: ['env', 'service', 'database'],
    compare: '>',
    'for': '2m',
    levels: [
      { severity: 'warning', threshold: 0.01, cooldown: '30m' },
      { severity: 'critical', threshold: 0.25, cooldown: '10m' },
    ],
    guards: [{ signal: signals.database_attempts, compare: '>', threshold: 0.05, by: ['env', 'service', 'database'] }],
    dashboard: 'system-health',
    summary: '%s of the queries of {{ $labels.service }} to {{ $labels.database }} fail' % self.value,
    description: (
                   'In the last 5 minutes %s of what {{ $labels.service }} ({{ $labels.env }}) asked of ' +
                   '{{ $labels.database }} failed; more than %s is too much. '
                 ) % [self.value, self.limit] +
                 "The error logs name the kind of error: one that cannot connect is the database's or the network's, " +
                 "another the query's.",
  },
  {
    name: 'RedisDown',
    signal: signals.redis_up,
    compare: '<',
    threshold: 1,
    'for': '1m',
    severity: 'critical',
    cooldown: '10m',
    condition: 'redis',
    dashboard: 'system-health',
    summary: 'The Redis of {{ $labels.service }} does not answer',
    description: 'No command of {{ $labels.service }} ({{ $labels.env }}) has reached its Redis for a minute, ' +
                 'or its exporter cannot. What is cached is computed again, and what keeps its queue or its sessions ' +
                 'there stands still. Look at its own log, and at its memory.',
  },
  {
    name: 'RedisErrors',
    traces:: { tags: 'error=true' },
    signal: signals.redis_error_share,
    compare: '>',
    threshold: 0.05,
    'for': '5m',
    severity: 'warning',
    cooldown: '30m',
    condition: 'redis',
    guards: [{ signal: signals.redis_operations, compare: '>', threshold: 0.1 }],
    dashboard: 'system-health',
    summary: '%s of the Redis commands of {{ $labels.service }} fail' % self.value,
    description: (
                   '%s of the Redis commands of {{ $labels.service }} ({{ $labels.env }}) failed in the last 5 ' +
                   'minutes; more than %s is too much. '
                 ) % [self.value, self.limit] +
                 "The panel Redis errors by command says which; Redis' own log and `redis-cli info` say why: " +
                 'memory, a replica that may not write, too many clients.',
  },
]

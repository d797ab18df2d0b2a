// For each alert of databases and Redis: the series it is tested on and what it then says, written out as a person
// reads it.
local shop = import 'shop.libsonnet';
local cart = shop { database: 'carts' };

{
  DatabaseConnectionsNearLimit: {
    series: cart,
    says(value, level):: {
      summary: 'shop & sons uses %s of the connections to carts' % value,
      description: (
                     'At shop & sons (test), %s of the connections that carts may have are in use; ' +
                     'more than %s is near the limit. '
                   ) % [value, level.limit_text] +
                   'The next request waits for a connection or is refused one. ' +
                   'Look for slow queries, and for connections that are held and not used.',
    },
  },
  DatabaseSlowQueries: {
    series: cart,
    says(value, level):: {
      summary: 'Queries of shop & sons to carts take up to %s' % value,
      description: (
                     '5 %% of the queries of shop & sons (test) to carts took longer than %s in the last 5 minutes; ' +
                     'more than %s is slow. '
                   ) % [value, level.limit_text] +
                   'The log line "slow database operation" names each of them.',
    },
  },
  DatabaseErrors: {
    series: cart,
    says(value, level):: {
      summary: '%s of the queries of shop & sons to carts fail' % value,
      description: (
                     'In the last 5 minutes %s of what shop & sons (test) asked of carts failed; more than %s is too ' +
                     'much. '
                   ) % [value, level.limit_text] +
                   "The error logs name the kind of error: one that cannot connect is the database's or the " +
                   "network's, another the query's.",
    },
  },
  RedisDown: {
    series: shop,
    says(value, level):: {
      summary: 'The Redis of shop & sons does not answer',
      description: 'No command of shop & sons (test) has reached its Redis for a minute, or its exporter cannot. ' +
                   'What is cached is computed again, and what keeps its queue or its sessions there stands still. ' +
                   'Look at its own log, and at its memory.',
    },
  },
  RedisErrors: {
    series: shop,
    says(value, level):: {
      summary: '%s of the Redis commands of shop & sons fail' % value,
      description: (
                     '%s of the Redis commands of shop & sons (test) failed in the last 5 minutes; more than %s is ' +
                     'too much. '
                   ) % [value, level.limit_text] +
                   "The panel Redis errors by command says which; Redis' own log and `redis-cli info` say why: " +
                   'memory, a replica that may not write, too many clients.',
    },
  },
}

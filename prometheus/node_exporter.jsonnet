// node_exporter: the host's CPU, memory, disks, file systems and network, and nothing that no dashboard shows.
local collectors = ['cpu', 'diskstats', 'filefd', 'filesystem', 'loadavg', 'meminfo', 'netdev', 'os', 'pressure', 'stat', 'time', 'uname', 'vmstat'];

function(settings, runtime)
  local me = runtime.servers.node_exporter;
  {
    args: [
      '--web.listen-address=' + me.listen,
      '--web.disable-exporter-metrics',
      '--collector.disable-defaults',
    ] + ['--collector.' + name for name in collectors],
    env: { GOGC: '50' },
    files: {},
    check: null,
    ready: 'http://%s/metrics' % me.address,
    reload: null,
  }

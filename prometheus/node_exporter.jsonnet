// node_exporter: the host's CPU, memory, disks, file systems and network, and nothing that no dashboard shows.
local collectors = [
  'cpu',
  'diskstats',
  'filefd',
  'filesystem',
  'loadavg',
  'meminfo',
  'netdev',
  'os',
  'pressure',
  'stat',
  'time',
  'uname',
  'vmstat',
];

function(settings, runtime)
  local me = runtime.servers.node_exporter;
  // In a container this machine's files are under a folder of their own.
  local host =
    if !std.objectHas(me, 'host') then []
    else ['--path.rootfs=' + me.host, '--path.procfs=%s/proc' % me.host, '--path.sysfs=%s/sys' % me.host];
  {
    args: [
      '--web.listen-address=' + me.listen,
      '--web.disable-exporter-metrics',
      '--collector.disable-defaults',
    ] + ['--collector.' + name for name in collectors] + host,
    env: { GOGC: '50' },
    files: {},
    checks: [],
    ready: 'http://%s/metrics' % me.address,
    reload: null,
  }

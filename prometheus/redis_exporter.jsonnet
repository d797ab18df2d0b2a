// redis_exporter: one process asks every Redis of signalfire.yaml, each when Prometheus scrapes its job.
function(settings, runtime)
  local me = runtime.servers.redis_exporter;
  {
    args: [
      '--web.listen-address=' + me.listen,
      '--redis.addr=',  // none of its own: each scrape names one
      '--redis.password-file=' + me.secrets + '/redis.json',
    ],
    env: { GOGC: '50' },
    files: {},
    checks: [],
    ready: 'http://%s/health' % me.address,
    reload: null,
  }

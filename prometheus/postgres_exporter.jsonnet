// postgres_exporter: one process asks every PostgreSQL of signalfire.yaml, each when Prometheus scrapes its job.
function(settings, runtime)
  local me = runtime.servers.postgres_exporter;
  {
    args: [
      '--web.listen-address=' + me.listen,
      '--config.file=' + me.secrets + '/postgres.yaml',  // users and passwords
    ],
    env: { GOGC: '50' },
    files: {},
    checks: [],
    ready: 'http://%s/' % me.address,
    reload: null,
  }

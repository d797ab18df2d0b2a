// The viewer: where it listens, which servers its page may read, and the dashboards of the mixin as files.
local signalfire = import 'mixin.libsonnet';
local duration = import 'prometheus/lib/duration.libsonnet';

// The name without a port: http://dash.example:3000/x → dash.example
local hostOf(url) =
  local authority = std.split(std.splitLimit(url, '://', 1)[1], '/')[0];
  if std.startsWith(authority, '[') then authority else std.split(authority, ':')[0];

function(settings, runtime)
  local servers = runtime.servers;
  local me = servers.dashboards;
  local mixin = signalfire { _config+:: { settings: settings, links: runtime.links } };
  local dashboards = mixin.grafanaDashboards;
  {
    args: ['-m', 'grafana.viewer.server', '--config', me.config + '/viewer.json'],
    env: {},
    files: {
      'viewer.json': std.manifestJsonEx({
        listen: me.listen,
        static: me.static,
        dashboards: me.config + '/dashboards',
        [if std.objectHas(me, 'runbooks') then 'runbooks']: me.runbooks,
        // Once a server is ready, the next scrape finds it.
        starting: { file: me.starting, settling_seconds: 2 * duration.seconds(settings.scrape.interval) },
        title: 'Signalfire',
        home: 'overview',
        // As a person calls it, and as Prometheus does.
        allowed_hosts: std.set([hostOf(runtime.links.dashboards), hostOf('http://' + me.address)]),
        datasources: {
          prometheus: {
            type: 'prometheus',
            name: 'Prometheus',
            url: 'http://' + servers.prometheus.address,
            interval: settings.scrape.interval,
          },
          loki: { type: 'loki', name: 'Loki', url: 'http://' + servers.loki.address, interval: '5s' },
          jaeger: { type: 'jaeger', name: 'Jaeger', url: 'http://' + servers.jaeger.address, interval: '5s' },
          alertmanager: {
            type: 'alertmanager',
            name: 'Alertmanager',
            url: 'http://' + servers.alertmanager.address,
            interval: '5s',
          },
        },
      }, '  '),
    } + {
      ['dashboards/' + name]: std.manifestJsonEx(dashboards[name], '  ')
      for name in std.objectFields(dashboards)
    },
    checks: [],
    ready: 'http://%s/api/health' % me.address,
    reload: null,
  }

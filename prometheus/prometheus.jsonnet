// Prometheus: scrapes every server and service, takes pushed metrics over OTLP, and evaluates the mixin's rules.
local signalfire = import 'mixin.libsonnet';
local duration = import 'prometheus/lib/duration.libsonnet';

function(settings, runtime)
  local servers = runtime.servers;
  local me = servers.prometheus;
  local config = me.config + '/prometheus.yaml';

  // A service may be listed more than once (with another path, say, or as a database): its jobs then need different
  // names, which no other service has either.
  local services = std.set([one.service for one in runtime.services + runtime.databases]);
  local free_name(service, taken, number) =
    local name = '%s-%d' % [service, number];
    if std.member(taken, name) || std.member(services, name) then free_name(service, taken, number + 1) else name;
  local named(list, taken) = std.foldl(
    function(state, one)
      local name = if std.member(state.taken, one.service) then free_name(one.service, state.taken, 2) else one.service;
      { taken: state.taken + [name], all: state.all + [one { job_name: name }] },
    list,
    { taken: taken, all: [] }
  );
  local targets = named(runtime.services, []);
  local all = targets.all;
  local databases = named(runtime.databases, targets.taken).all;
  local scrape(target) = {
    job_name: target.job_name,
    [if std.objectHas(target, 'metrics_path') then 'metrics_path']: target.metrics_path,
    [if std.objectHas(target, 'scheme') then 'scheme']: target.scheme,
    // The dashboards' server says of the other services which of them are still being started.
    [if target.service == 'dashboards' then 'honor_labels']: true,
    local labels = { job: target.service, service: target.service, env: settings.env },
    static_configs:
      if !std.objectHas(target, 'instances') then [{ targets: target.addresses, labels: labels }]
      else [  // a container may call it by another address than a person knows it by
        { targets: [target.addresses[i]], labels: labels { instance: target.instances[i] } }
        for i in std.range(0, std.length(target.addresses) - 1)
      ],
  };

  // One exporter of a kind asks all databases of that kind; a job names the one that it is about.
  local database_job = {
    redis(database): {
      metrics_path: '/scrape',
      params: { target: ['redis%s://%s' % [if database.tls then 's' else '', database.address]] },
    },
    postgres(database): {
      metrics_path: '/probe',
      params: { target: ['%s/%s' % [database.address, database.database]], auth_module: [database.service] },
    },
  };
  local database_scrape(database) = database_job[database.kind](database) + {
    job_name: database.job_name,
    static_configs: [{
      targets: [servers[database.kind + '_exporter'].address],
      labels: { job: database.service, service: database.service, env: settings.env, instance: database.instance },
    }],
  };

  // What the alert TargetDown measures the targets against: what was asked for, not what Prometheus made of it.
  local wanted = [{ service: target.service, targets: std.length(target.addresses) } for target in all]
                 + [{ service: database.service, targets: 1 } for database in runtime.databases];
  local expected_targets = [
    { env: settings.env, service: service, targets: std.sum([one.targets for one in wanted if one.service == service]) }
    for service in std.set([one.service for one in wanted])
  ];
  local mixin =
    signalfire { _config+:: { settings: settings, links: runtime.links, expected_targets: expected_targets } };

  local changed = std.objectFields(settings.alerts);
  local tests = {
    ['tests/%s.yaml' % alert]: mixin.prometheusTests[alert + '.yaml'] {
      rule_files: ['../rules/%s' % file for file in super.rule_files],
    }
    for alert in changed
    if std.objectHas(mixin.prometheusTests, alert + '.yaml')
  };

  {
    args: [
      '--config.file=' + config,
      '--web.listen-address=' + me.listen,
      '--web.external-url=' + runtime.links.prometheus,
      '--storage.tsdb.path=' + me.data,
      '--enable-feature=exemplar-storage',
      '--web.enable-otlp-receiver',
      // Alertmanager keeps no alerts on disk: after it was restarted this is how long it takes to hear of them again.
      // Four times as long is how long Prometheus may be away before Alertmanager takes its alerts for resolved.
      '--rules.alert.resend-delay=30s',
      // The time that an alert has been pending survives a restart of Prometheus if its `for` is longer than this.
      '--rules.alert.for-grace-period=10s',
      '--query.max-concurrency=10',
      '--query.timeout=1m',
    ],
    env: { GOGC: '50' },
    files: {
      'prometheus.yaml': {
        global: {
          scrape_interval: settings.scrape.interval,
          scrape_timeout: '%dms' % std.min(10000, duration.milliseconds(settings.scrape.interval)),
          evaluation_interval: settings.scrape.evaluation_interval,
          external_labels: { env: settings.env },
        },
        storage: {
          tsdb: {
            retention: { time: settings.retention.metrics },
            // Metrics pushed while Prometheus was away arrive late, from the collector's queue, which drops what is
            // older than two hours. This window is counted from the newest point, which may be ten minutes ahead.
            out_of_order_time_window: '2h15m',
          },
          exemplars: { max_exemplars: 50000 },
        },
        // The collector gives every pushed metric the labels that a scraped one gets from its target.
        otlp: { promote_resource_attributes: ['service', 'env'] },
        rule_files: ['rules/*.yaml'],
        alerting: {
          alertmanagers: [{ static_configs: [{ targets: [servers.alertmanager.address] }] }],
        },
        scrape_configs: [scrape(target) for target in all]
                        + [database_scrape(database) for database in databases],
      },
      'rules/recording.yaml': mixin.prometheusRules,
      'rules/alerts.yaml': mixin.prometheusAlerts,
    } + tests,
    checks: [['promtool', 'check', 'config', config]]
            // An alert that signalfire.yaml changes must still pass its own tests.
            + [
              ['promtool', 'test', 'rules'] + [me.config + '/' + file for file in std.objectFields(tests)]
              for _ in
                if tests == {} then [] else [1]
            ],
    ready: 'http://%s/-/ready' % me.address,
    reload: 'SIGHUP',
  }

// The dashboards, recording rules and alerts as a monitoring mixin:
//
//   local signalfire = (import 'mixin.libsonnet') + { _config+:: { selector: 'cluster="east"' } };
//   { 'alerts.yaml': std.manifestYamlDoc(signalfire.prometheusAlerts) }
//
// Every target must carry the labels `env`, `service` and `instance`.
local duration = import 'prometheus/lib/duration.libsonnet';
local settings = import 'prometheus/lib/settings.libsonnet';

{
  _config+:: {
    // What signalfire.yaml says. Only these parts of it matter here.
    settings: {
      env: 'dev',
      scrape: { interval: '15s' },
      budgets: [{ name: 'total', day_usd: 25, month_usd: 500 }],
      objectives: [
        { name: 'availability', kind: 'availability', target: 0.99, window: '30d' },
        { name: 'latency', kind: 'latency', latency_seconds: 1, target: 0.95, window: '30d' },
      ],
      alerts: {},
    },
    // Where a person's browser finds the dashboards; the runbooks are at <dashboards>/runbooks/<alert>.
    links: { dashboards: 'http://127.0.0.1:3000' },
    // Added to the selector of every metric, for example 'cluster="east"'.
    selector: '',
    // The job under which Prometheus reads its own metrics.
    prometheus_job: 'prometheus',
    // The services under which the servers of the stack are scraped.
    stack: {
      prometheus: 'prometheus',
      alertmanager: 'alertmanager',
      loki: 'loki',
      jaeger: 'jaeger',
      collector: 'collector',
      node_exporter: 'node_exporter',
      dashboards: 'dashboards',
    },
    // How many targets each service ought to have: [{ env, service, targets }]. Without it, only targets that
    // Prometheus knows of can be missed.
    expected_targets: [],
    datasources: { prometheus: 'prometheus', loki: 'loki', jaeger: 'jaeger', alertmanager: 'alertmanager' },
    // "The last minute", or longer where scrapes are so far apart that a minute would not hold two of them safely.
    short_window: '%ds' % std.max(60, std.ceil(4 * duration.seconds(self.settings.scrape.interval))),
  },

  assert settings.check(self._config.settings),

  local config = self._config,
  signals:: (import 'prometheus/signals/signals.libsonnet')(config),
  alerts:: (import 'prometheus/alerts/alerts.libsonnet')(self.signals, config),

  prometheusRules+:: {
    groups+: (import 'prometheus/rules/groups.libsonnet')($.signals, config)
             + (import 'prometheus/rules/served.libsonnet')($.alerts)
             + (import 'prometheus/rules/forecasts.libsonnet')($.alerts),
  },

  prometheusAlerts+:: {
    groups+: [
      {
        name: 'signalfire-alerts',
        rules: [level.rule(config) for a in std.objectValues($.alerts) if a.enabled for level in a.each],
      },
    ],
  },

  // Inputs of `promtool test rules`, by file name; they follow the thresholds in use. {file: {rule_files, tests, …}}
  // promtool would evaluate the groups in any order, and what reads another group's rules may then see them late.
  prometheusTests+::
    local order = [group.name for group in $.prometheusRules.groups + $.prometheusAlerts.groups];
    std.mapWithKey(
      function(_, file) file { group_eval_order: order },
      (import 'prometheus/tests/tests.libsonnet')($.alerts, config),
    ),

  grafanaDashboards+:: (import 'grafana/dashboards/dashboards.libsonnet')($.signals, $.alerts, config),
}

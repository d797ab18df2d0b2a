// Rule files and dashboards for your own Prometheus and Grafana: jsonnet -S -m out --create-output-dirs files.jsonnet
// In a file of your own: import 'signalfire/mixin.libsonnet', with -J <the folder that it is vendored in>.
local signalfire = (import '../../mixin.libsonnet') + {
  _config+:: {
    selector: 'cluster="east"',
    settings+: {
      env: 'live',
      scrape: { interval: '30s' },
      budgets: [{ name: 'total', day_usd: 100, month_usd: 2000 }],
      alerts: { HighErrorRate: { threshold: 50, services: { 'batch-jobs': { enabled: false } } } },
    },
    links: { dashboards: 'https://grafana.example' },
  },
};

{
  'rules/recording.yaml': std.manifestYamlDoc(signalfire.prometheusRules),
  'rules/alerts.yaml': std.manifestYamlDoc(signalfire.prometheusAlerts),
} + {
  ['dashboards/' + name]: std.manifestJson(signalfire.grafanaDashboards[name])
  for name in std.objectFields(signalfire.grafanaDashboards)
}

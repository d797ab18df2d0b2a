// With kube-prometheus: the rules become a PrometheusRule, the dashboards join Grafana's.
local add_mixin = import 'kube-prometheus/lib/mixin.libsonnet';

local signalfire = add_mixin({
  name: 'signalfire',
  dashboardFolder: 'Signalfire',
  mixin: (import 'signalfire/mixin.libsonnet') + {
    _config+:: {
      settings+: { env: 'live', scrape: { interval: '30s' } },
      links: { dashboards: 'https://grafana.example' },
      prometheus_job: 'prometheus-k8s',
    },
  },
});

local kp = (import 'kube-prometheus/main.libsonnet') + {
  values+:: {
    common+: { namespace: 'monitoring' },
    grafana+: { folderDashboards+:: signalfire.grafanaDashboards },
  },
};

{ ['grafana-' + name]: kp.grafana[name] for name in std.objectFields(kp.grafana) }
+ { 'signalfire-prometheusRule': signalfire.prometheusRules }

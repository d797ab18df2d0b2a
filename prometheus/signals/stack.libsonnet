// The monitoring itself: Prometheus, Alertmanager, Loki, Jaeger, the collector and the dashboards.
local modules = [
  import 'stack/targets.libsonnet',
  import 'stack/prometheus.libsonnet',
  import 'stack/alertmanager.libsonnet',
  import 'stack/collecting.libsonnet',
  import 'stack/cost.libsonnet',
];

function(config)
  local join(all, module) = all + module { sources:: all.sources + module.sources };
  std.foldl(join, [module(config) for module in modules], { sources:: [] })

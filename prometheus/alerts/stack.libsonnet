// The monitoring itself.
local modules = [
  import 'stack/targets.libsonnet',
  import 'stack/prometheus.libsonnet',
  import 'stack/alertmanager.libsonnet',
  import 'stack/collecting.libsonnet',
];

function(signals, config)
  // `pipeline` marks the alerts about how alerts travel: Alertmanager sends them by another way than the one they are
  // about.
  local marked(alert) =
    if std.get(alert, 'about_pipeline', false) then alert { fixed_labels:: { pipeline: 'true' } } else alert;
  [{ dashboard: 'stack' } + marked(alert) for module in modules for alert in module(signals, config)]

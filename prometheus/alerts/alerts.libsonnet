// Every alert by its name, with what signalfire.yaml says about it.
local alert = import 'alert.libsonnet';

function(signals, config)
  local declared = [
    alert + declaration
    for declaration in
      (import 'http.libsonnet')(signals)
      + (import 'stack.libsonnet')(signals, config)
  ];
  local names = [a.name for a in declared];
  local unknown = std.setDiff(std.objectFields(config.settings.alerts), std.set(names));
  assert unknown == [] : 'alerts: there is no alert named %s; the alerts are %s' % [std.join(', ', unknown), std.join(', ', names)];
  local adjustable = ['threshold', 'for', 'severity', 'labels', 'enabled'];
  local override(name) =
    local wanted = std.get(config.settings.alerts, name, {});
    { [key]: wanted[key] for key in adjustable if std.get(wanted, key) != null };
  { [a.name]: a + override(a.name) for a in declared }

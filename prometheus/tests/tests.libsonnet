// All promtool tests by file name. They are built from the alerts in use, so an overridden threshold is tested, too.
local cases = import 'cases.libsonnet';
local lib = import 'lib.libsonnet';

function(alerts, config)
  local expectations = (import 'alerts.libsonnet')(alerts);
  {
    [name + '.yaml']: lib.file(cases(alerts[name], expectations[name], config.links))
    for name in std.objectFields(expectations)
    if alerts[name].enabled
  }
  + (if alerts.Watchdog.enabled then { 'Watchdog.yaml': (import 'watchdog.libsonnet')(alerts, config) } else {})
  + (import 'http.libsonnet')(alerts, config)
  + (import 'ai.libsonnet')(config)
  + (import 'aliases.libsonnet')(config)
  + (import 'health.libsonnet')(config)

// All promtool tests by file name. They are built from the alerts in use, so an overridden threshold is tested, too.
local cases = import 'cases.libsonnet';

local expectations =
  (import 'alerts/http.libsonnet')
  + (import 'alerts/slo.libsonnet')
  + (import 'alerts/ai.libsonnet')
  + (import 'alerts/money.libsonnet')
  + (import 'alerts/agents.libsonnet')
  + (import 'alerts/tasks.libsonnet')
  + (import 'alerts/stores.libsonnet')
  + (import 'alerts/queues.libsonnet')
  + (import 'alerts/hosts.libsonnet')
  + (import 'alerts/anomalies.libsonnet')
  + (import 'alerts/stack.libsonnet');

function(alerts, config)
  {
    // They put in recorded series: what the rules would record of these beside them is not asked.
    [name + '.yaml']: cases(alerts[name], expectations[name], config)
    for name in std.objectFields(expectations)
    if alerts[name].enabled
  }
  + (if alerts.Watchdog.enabled then { 'Watchdog.yaml': (import 'watchdog.libsonnet')(alerts, config) } else {})
  + (import 'http.libsonnet')(alerts, config)
  + (import 'objectives.libsonnet')(alerts, config)
  + (import 'ai.libsonnet')(config)
  + (import 'money.libsonnet')(config)
  + (import 'aliases.libsonnet')(config)
  + (import 'health.libsonnet')(config)
  + (import 'agents.libsonnet')(config)
  + (import 'tasks.libsonnet')(config)
  + (import 'workflows.libsonnet')(config)
  + (import 'business.libsonnet')(config)
  + (import 'stores.libsonnet')(config)
  + (import 'queues.libsonnet')(config)
  + (import 'hosts.libsonnet')(config)
  + (import 'stack.libsonnet')(config)
  + (import 'anomalies.libsonnet')(config)

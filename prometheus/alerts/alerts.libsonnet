// Every alert by its name, with what signalfire.yaml says about it.
local alert = import 'alert.libsonnet';

local modules = {
  'HTTP services': import 'http.libsonnet',
  Objectives: import 'slo.libsonnet',
  'Model calls': import 'ai.libsonnet',
  Money: import 'money.libsonnet',
  Agents: import 'agents.libsonnet',
  'Tasks and workflows': import 'tasks.libsonnet',
  'Databases and Redis': import 'stores.libsonnet',
  'Queues and workers': import 'queues.libsonnet',
  'Machines and processes': import 'hosts.libsonnet',
  'Anomalies and forecasts': import 'anomalies.libsonnet',
  'The monitoring itself': import 'stack.libsonnet',
};
local changeable = ['threshold', 'services', 'for', 'severity', 'labels', 'enabled'];
local adjustable = ['for', 'labels', 'enabled', 'services'];

// Levels with the thresholds that signalfire.yaml gives them by severity; `off` removes one.
local with_thresholds(declared, thresholds) =
  local severities = [level.severity for level in declared.levels];
  local unknown = std.setDiff(std.objectFields(thresholds), std.set(severities));
  assert unknown == [] :
         'alerts: %s has no severity %s; it has %s' % [
    declared.name,
    std.join(', ', unknown),
    std.join(', ', severities),
  ];
  { levels: [
    level + (if std.objectHas(thresholds, level.severity) then { threshold: thresholds[level.severity] } else {})
    for level in declared.levels
    if std.get(thresholds, level.severity, true) != false
  ] };

local only_threshold(declared, thresholds) =
  local levels = with_thresholds(declared, thresholds).levels;
  assert levels != [] : 'alerts: %s: its only severity is off; write enabled: false' % declared.name;
  levels[0].threshold;

local overridden(declared, wanted) =
  local threshold = std.get(wanted, 'threshold');
  local severity = std.get(wanted, 'severity');
  local several = std.length(declared.levels) > 1;
  local unknown = std.setDiff(std.objectFields(wanted), std.set(changeable));
  assert unknown == [] :
         'alerts: %s: there is no such setting: %s; there are %s' % [
    declared.name,
    std.join(', ', unknown),
    std.join(', ', changeable),
  ];
  assert threshold == null || std.isNumber(threshold) || std.isObject(threshold) :
         'alerts: %s: threshold is %s; write a number, or one by severity: {%s: 5}' % [
    declared.name,
    std.manifestJsonMinified(threshold),
    declared.levels[0].severity,
  ];
  local shape = '{%s}' % std.join(', ', ['%s: %.10g' % [level.severity, level.threshold] for level in declared.levels]);
  assert !several || threshold == null || std.isObject(threshold) :
         'alerts: %s has several severities; write threshold: %s' % [declared.name, shape];
  assert !several || severity == null :
         'alerts: %s has several severities, which cannot be changed; write threshold: {%s: off} to leave one out' % [
    declared.name,
    declared.levels[0].severity,
  ];
  assert std.member([null, {}], std.get(wanted, 'services')) || std.member(declared.by, 'service') :
         'alerts: %s is not about a service; leave out services' % declared.name;
  declared
  + { [key]: wanted[key] for key in adjustable if std.get(wanted, key) != null }
  + (
    if std.isObject(threshold) && several then with_thresholds(declared, threshold)
    // Of one severity, which may be changed along with it.
    else if std.isObject(threshold) then { threshold: only_threshold(declared, threshold) }
    else if threshold != null then { threshold: threshold } else {}
  )
  + (if severity != null then { severity: severity } else {});

function(signals, config)
  local declared = [
    alert { area: area } + declaration
    for area in std.objectFields(modules)
    for declaration in modules[area](signals, config)
  ];
  local names = [a.name for a in declared];
  local unknown = std.setDiff(std.objectFields(config.settings.alerts), std.set(names));
  assert unknown == [] :
         'alerts: there is no alert named %s; the alerts are %s' % [std.join(', ', unknown), std.join(', ', names)];
  { [a.name]: overridden(a, std.get(config.settings.alerts, a.name, {})) for a in declared }

// The recording rules as rule groups. Within a group a rule sees what the ones before it recorded at the same moment, so each
// group starts with what its signals are computed from.
local aliases = import 'aliases.libsonnet';
local promql = import '../signals/promql.libsonnet';

function(signals, config)
  local modules = signals.by_module;
  local recorded_signals(module) = std.flattenArrays([module[name].rules for name in std.objectFields(module)]);
  local group(name, rules, extra={}) = { name: 'signalfire-' + name, rules: rules } + extra;
  local groups = [
    group('http', modules.http.sources + recorded_signals(modules.http)),
    group('agents', modules.agents.sources + recorded_signals(modules.agents)),
    group('ai', modules.ai.sources + recorded_signals(modules.ai)),
    // These look back over a day or more, so they run at a pace at which that is cheap.
    group('calendar', modules.ai.calendar_rules, { interval: '30s' }),
    group('objectives', modules.objectives.sources + recorded_signals(modules.objectives), { interval: '30s' }),
    group('health', modules.health.sources + recorded_signals(modules.health)),
    group('aliases', [{ record: alias.record, expr: promql.select(alias.metric, [config.selector]) } for alias in aliases]),
  ];
  [g for g in groups if g.rules != []]

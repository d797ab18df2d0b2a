// The recording rules as rule groups. Within a group a rule sees what the ones before it recorded at the same moment,
// so each group starts with what its signals are computed from.
local promql = import '../signals/promql.libsonnet';
local aliases = import 'aliases.libsonnet';

function(signals, config)
  local modules = signals.by_module;
  local recorded_signals(module) = std.flattenArrays([module[name].rules for name in std.objectFields(module)]);
  local group(name, rules, extra={}) = { name: 'signalfire-' + name, rules: rules } + extra;
  // What is counted exactly is counted as often as the targets are asked.
  // Rules that look back over hours run at a pace at which that is cheap.
  local groups = std.flattenArrays([
    [
      group(name + '-tally', std.get(modules[name], 'tally_sources', []), {
        interval: config.settings.scrape.interval,
      }),
      group(name, std.get(modules[name], 'sources', []) + recorded_signals(modules[name])),
      group(name + '-slow', std.get(modules[name], 'slow_sources', []), { interval: '30s' }),
      group(name + '-sampled', std.get(modules[name], 'sampled_sources', []), {
        interval: std.get(modules[name], 'sampling_interval'),
      }),
    ]
    for name in std.objectFields(modules)
  ]) + [
    group('aliases', [
      { record: alias.record, expr: promql.select(alias.metric, [config.selector]) }
      for alias in aliases
    ]),
  ];
  [g for g in groups if g.rules != []]

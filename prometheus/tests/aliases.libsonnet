// Each older name answers as the metric does that it stands for.
local aliases = import '../rules/aliases.libsonnet';
local lib = import 'lib.libsonnet';

function(config) {
  'aliases.yaml': lib.file([
    local labels = { env: 'test', service: 'shop', instance: 'a' } + { [label]: 'x' for label in alias.labels };
    lib.test(alias.record + ' is ' + alias.metric, [lib.constant(alias.metric, labels, 7)], values=[
      lib.value(alias.record, 60, { [alias.record + lib.labels(labels)]: 7 }),
    ])
    for alias in aliases
  ]),
}

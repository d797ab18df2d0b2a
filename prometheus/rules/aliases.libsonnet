// The names that metrics had before they ended in their unit, kept alive so that older dashboards and alerts keep
// working.
local catalogue = std.parseYaml(importstr '../../instrumentation/catalogue.yaml');
local parts = { counter: [''], gauge: [''], histogram: ['_bucket', '_count', '_sum'], summary: ['_count', '_sum'] };

// [{ record, metric, labels }], each series of each alias; labels are the metric's own
[
  { record: alias + part, metric: name + part, labels: std.objectFields(std.get(metrics[name], 'labels', {})) }
  for metrics in [group.metrics for group in catalogue.groups]
  for name in std.objectFields(metrics)
  for alias in std.get(metrics[name], 'aliases', [])
  for part in parts[metrics[name].type]
]

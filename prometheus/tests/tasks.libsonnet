// The signals of prometheus/signals/tasks.libsonnet from raw metrics.
local lib = import 'lib.libsonnet';

function(config) {}

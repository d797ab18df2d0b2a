// The signals of prometheus/signals/workflows.libsonnet from raw metrics.
local lib = import 'lib.libsonnet';

function(config) {}

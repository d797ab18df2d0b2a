// The signals of prometheus/signals/stack.libsonnet from raw metrics.
local lib = import 'lib.libsonnet';

function(config) {}

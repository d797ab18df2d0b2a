// The signals of prometheus/signals/queues.libsonnet from raw metrics.
local lib = import 'lib.libsonnet';

function(config) {}

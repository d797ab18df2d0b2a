// The signals of prometheus/signals/anomalies.libsonnet from raw metrics.
local lib = import 'lib.libsonnet';

function(config) {}

// The signals of prometheus/signals/stores.libsonnet from raw metrics.
local lib = import 'lib.libsonnet';

function(config) {}

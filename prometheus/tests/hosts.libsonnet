// The signals of prometheus/signals/hosts.libsonnet from raw metrics.
local lib = import 'lib.libsonnet';

function(config) {}

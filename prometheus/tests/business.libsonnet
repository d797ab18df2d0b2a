// The signals of prometheus/signals/business.libsonnet from raw metrics.
local lib = import 'lib.libsonnet';

function(config) {}

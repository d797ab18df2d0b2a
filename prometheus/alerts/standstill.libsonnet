// What stands still: for how long, where Prometheus knows when it last went on, else as a multiple of what is usual.
local lookup = import '../lib/lookup.libsonnet';
local units = import '../signals/units.libsonnet';

// since: the record of the moment at which all was well. by: its labels. value: how the multiple is written.
function(since, by, value) {
  formats: { duration: units.formats.s },
  text: lookup.found(
    'time() - %s{MATCHERS}' % since,
    by,
    units.written('duration', lookup.value),
    '%s as long as usual' % value,
  ),
}

// Is what is under way getting anywhere? For agents and workflows, which have a gauge of what is under way, a counter
// of what ended and a histogram of how long it took.
//
//   level      of the recorded names, such as 'service_agent'
//   name       of what is under way, such as 'agent'
//   by         the labels of one of them
//   active, finished, duration    its metrics
//
// The standstill is the time since the last moment at which all was well, as a multiple of the P99 of what it usually
// takes. All is well while nothing is under way, whenever something ends, and in the first minute that anything is
// known: neither an idle agent nor one that was just started stands still.
local promql = import 'promql.libsonnet';

// What usually ends within a blink is not stuck after two of them.
local shortest_unit = 60;
// A P99 of fewer says nothing.
local enough = 10;

function(config, declaration)
  local scope = promql.scope(config);
  local by = std.join(', ', declaration.by);
  local name(operation) = '%s:%s:%s' % [declaration.level, declaration.name, operation];
  local active_at(offset) = 'sum by (%s) (%s%s)' % [by, scope.raw(declaration.active), offset];
  local active = active_at('');
  local well = name('progress_timestamp_seconds');
  local p99 = name('usual_p99_6h');
  {
    standstill: name('standstill_ratio'),

    slow_sources: [{
      record: p99,
      expr: (
        |||
          clamp_min(
            histogram_quantile(0.99, sum by (%(by)s, le) (rate(%(buckets)s[6h]))) >= 0,
            %(shortest)d
          )
          and sum by (%(by)s) (increase(%(count)s[6h])) >= %(enough)d
        ||| % {
          by: by,
          buckets: scope.raw(declaration.duration + '_bucket'),
          count: scope.raw(declaration.duration + '_count'),
          shortest: shortest_unit,
          enough: enough,
        }
      ),
    }],

    sources: [
      // A rule that reads what it recorded before: it moves on while all is well, and stands where it was while it is
      // not.
      {
        record: well,
        expr: (
          |||
            time() + 0 * (
              %(active)s == 0
              or sum by (%(by)s) (changes(%(finished)s[%(window)s])) > 0
              or (%(active)s unless %(active_before)s)
            )
            or (last_over_time(%(well)s[5m]) and %(active)s)
            or time() + 0 * %(active)s
          ||| % {
            active: active,
            active_before: active_at(' offset ' + config.short_window),
            by: by,
            finished: scope.raw(declaration.finished),
            window: config.short_window,
            well: well,
          }
        ),
      },
      { record: name('standstill_ratio'), expr: '(time() - %s) / (%s > 0)' % [well, p99] },
    ],
  }

// What a counter has counted, exactly: since midnight, since the first of the month, in the last 24 hours.
//
// `increase` extrapolates to the ends of its range and begins with the first value that it sees; money must do neither.
// So a rule keeps a tally: at each evaluation it adds what every process has counted since the evaluation before. All
// that it must remember for that is recorded by that one rule, in one write, under the label `entry`:
//
//   read           how far each process's counter has been counted
//   total          what has been counted in all
//   day, month     what `total` was when the day and the month (UTC) began
//   at             when this was written
//
// Whatever happens in between, an evaluation that is missed, a Prometheus that was down, the next one goes on from a
// state that is whole: nothing is counted twice.
//
// A process that starts anew counts from 0. A series counts from 0, too, where its process was there before and had
// none, as before the first call of a model; one that was there when its process was asked for the first time counts
// from that value on.
local duration = import '../lib/duration.libsonnet';
local calendar = import 'calendar.libsonnet';
local promql = import 'promql.libsonnet';

// After a longer absence of Prometheus it goes on from what was written at the last full hour, and after one that is
// longer than `kept` it begins anew.
local remembered = '1h';
local kept = '30h:1h';
// So long a process may be away without anything being lost.
local waited_for = '6h:1h';

// level: of the recorded names, such as 'model'; name: 'ai_cost_usd'; counter: its metric; labels: what to tell apart
function(config, level, name, counter, labels) {
  local interval = config.settings.scrape.interval,
  local record = 'service_%s:%s:tally' % [level, name],
  local before = 'service_%s:%s:tally_before' % [level, name],
  local reading = 'instance_%s:%s:reading' % [level, name],
  local raw = promql.select(counter, [config.selector]),
  local up = promql.select('up', [config.selector]),
  local by_process = labels + ['instance'],
  local of_process(expr) = promql.fold('sum', by_process, expr),
  local of_all(expr) = promql.fold('sum', labels, expr),
  local entry(of, which) = promql.select(of, ['entry="%s"' % which]),
  local words = {
    all_read: of_process(entry(before, 'read')),
    at: entry(before, 'at'),
    by_process: 'on (%s)' % std.join(', ', by_process),
    identity: 'on (env, service, instance)',
    labels: 'on (%s)' % std.join(', ', labels),
    read: entry(before, 'read'),
    reading: reading,
    record: record,
    remembered: remembered,
    seen: std.join(' or ', ['last_over_time(%s[%s])' % [raw, range] for range in [remembered, waited_for]]),
    total: entry(before, 'total'),
    up: up,
  },
  local filled(template, more={}) = std.rstripChars(template, '\n') % (words + more),

  // What a process has counted that is not in the tally yet. One that counts less than before, by more than a rounding,
  // has started anew; what it was seen to have counted until then is looked for among the samples since.
  local counted = filled(|||
    %(reading)s - %(by_process)s %(read)s > -1e-9
    or %(reading)s + %(by_process)s clamp_min(%(peak)s - %(by_process)s %(read)s, 0)
    or %(reading)s and %(by_process)s %(read)s
  |||, { peak: of_process('max_over_time(%s[%s])' % [raw, interval]) }),

  // Processes that were there when the tally was written last: asked so long ago, and not longer ago than that.
  local there_before(ago) = filled('(%(up)s offset %(ago)s == 1 and on () %(at)s >= time() - %(seconds)d)', {
    ago: ago,
    seconds: duration.seconds(ago),
  }),

  local entries = {
    // A series that is new begins at what it will be counted from, and is counted from then on.
    read: filled(|||
      %(reading)s and %(by_process)s %(read)s
      or 0 * %(reading)s and %(identity)s (%(short)s or %(long)s or %(read)s)
      or %(reading)s
      or %(all_read)s and %(by_process)s (%(seen)s)
    |||, { short: there_before('%dms' % (2 * duration.milliseconds(interval))), long: there_before('10m') }),
    total: of_all(filled('\n%(counted)s\nor %(total)s\nor 0 * %(reading)s\n', { counted: counted })),
    // What belongs to the time before: a range in steps of a day has one step, at midnight, and none where that is
    // longer ago.
    local since(which) = filled(|||
      %(until_then)s and on () %(at)s < %(start)s
      or %(start_of_before)s
    |||, {
      until_then: of_all(filled('%(total)s or clamp_min(%(at_midnight)s - %(by_process)s %(read)s, 0)', {
        at_midnight: of_process('last_over_time(%s[1h:1d])' % raw),
      })),
      start: calendar.start[which],
      start_of_before: of_all('%s or 0 * %s' % [entry(before, which), reading]),
    }),
    day: since('day'),
    month: since('month'),
    at: 'vector(time())',
  },

  // What has counted nothing in this month, nor was seen of late. The first days still tell of the last 24 hours.
  local forgotten(range) = filled(|||
    (last_over_time(%(total)s[%(range)s]) == ignoring (entry) last_over_time(%(month)s[%(range)s]))
      and on () day_of_month() > 2
      unless %(labels)s (%(seen)s)
  |||, { month: entry(record, 'month'), range: range, total: entry(record, 'total') }),

  rules: [
    {
      // All entries go back to the same full hour, and so still belong together.
      record: before,
      expr: filled(|||
        (
          last_over_time(%(record)s[%(remembered)s])
          or last_over_time(%(record)s[%(kept)s]) unless on () group(last_over_time(%(record)s[%(remembered)s]))
        ) unless %(labels)s (
          %(forgotten)s
        ) unless %(labels)s (
          %(long_forgotten)s
        )
      |||, { kept: kept, forgotten: forgotten(remembered), long_forgotten: forgotten(kept) }),
    },
    {
      // Also what was seen last, between the last look and the end of a process; 0 where it answers without it.
      record: reading,
      expr: filled(|||
        %(now)s
        or %(last)s
        or 0 * %(all_read)s and %(identity)s %(up)s == 1
      |||, {
        last: of_process('last_over_time(%s[%s])' % [raw, interval]),
        now: of_process(raw),
      }),
    },
    {
      record: record,
      expr: std.join('\nor ', [
        'label_replace(\n%s\n, "entry", "%s", "", "")' % [entries[which], which]
        for which in std.objectFields(entries)
      ]),
    },
  ],

  // As PromQL, by `labels`.
  local now = of_all(entry(record, 'total')),
  since_midnight: '%s - %s' % [now, of_all(entry(record, 'day'))],
  since_month_start: '%s - %s' % [now, of_all(entry(record, 'month'))],
  in_last(range)::
    local total = entry(record, 'total');
    local earlier = of_all(std.join(' or ', [
      'last_over_time(%s[%s] offset %s)' % [total, memory, range]
      for memory in [remembered, kept]
    ]));
    '%s - %s > -1e-9\nor %s' % [now, earlier, now],
}

// Sums since the start of the calendar day and month (UTC). PromQL only has ranges of a fixed length, so:
//
// today   What was counted in the last day, with the minutes before midnight left out; it copes with resets, with
//         processes that have ended since, and with hours without Prometheus, those around midnight included.
// month   Today, and what the month had come to by the end of the last day before. That is read from the month's own
//         recorded series, so it needs neither a month of retention nor a Prometheus that was never down: the highest
//         value of each day is looked for over the last `memory`. A month in which the rules were introduced starts on
//         that day.
local counted = import 'counted.libsonnet';

local day_start = 'calendar:day_start:timestamp_seconds';
local month_start = 'calendar:month_start:timestamp_seconds';
local month_end = 'calendar:month_end:timestamp_seconds';
local memory = '7d';
local daily_peak(record) = 'max_over_time(%s[1d])' % record;

// Inside a subquery, time() is the step's time; "@ end()" reads the calendar as of the moment of the evaluation.
local since(start) = 'on () (vector(time()) >= on () (%s @ end()))' % start;

{
  // They stand before the rules that read them, in the same group, so that both see the same midnight.
  rules: [
    { record: day_start, expr: 'vector(time() - time() % 86400)' },
    { record: month_start, expr: '%s - 86400 * (day_of_month() - 1)' % day_start },
    { record: month_end, expr: '%s + 86400 * days_in_month()' % month_start },
  ],
  // How much of the day or month is still to come, as a scalar.
  hours_left: {
    day: 'scalar((86400 + %s - time()) / 3600)' % day_start,
    month: 'scalar((%s - time()) / 3600)' % month_end,
  },

  today(counter, labels, selector)::
    counted.in_range(counter, labels, '1d', selector, only='and ' + since(day_start)),

  // A day's peak stands at the midnight that ends it: after the month's start, up to today's.
  month(record, today)::
    local days =
      '%s and on () (vector(time()) > on () (%s @ end())) and on () (vector(time()) <= on () (%s @ end()))' % [
        daily_peak(record),
        month_start,
        day_start,
      ];
    local earlier = 'max_over_time((%s)[%s:1d])' % [days, memory];
    '%s + %s\nor %s\nor %s' % [today, earlier, earlier, today],
}

// The calendar day and month, in UTC, as scalars of PromQL.
local day_start = '(time() - time() % 86400)';
local month_start = '(%s - 86400 * (scalar(day_of_month()) - 1))' % day_start;

{
  start: { day: day_start, month: month_start },
  // How much of the day or month is still to come.
  hours_left: {
    day: '(86400 + %s - time()) / 3600' % day_start,
    month: '(%s + 86400 * scalar(days_in_month()) - time()) / 3600' % month_start,
  },
}

// Spend by the calendar, through restarts and gaps, and against the budgets.
local lib = import 'lib.libsonnet';

local bot = { env: 'test', service: 'bot', instance: 'a' };
local spend = bot { provider: 'openai', model: lib.model, operation: 'ad_copy' };
local spend_labels = { [name]: spend[name] for name in std.objectFields(spend) if name != 'instance' };
local cost(values) = [lib.series('ai_api_cost_usd_total', spend, values), lib.constant('up', bot, 1, 3600)];
local minute = 60;
local hour = 60 * minute;

// In tenths of a dollar, so that the half minute by which a day's sum may be off does not matter.
local tenths(record, seconds, value) =
  lib.value('round(10 * %s)' % record, seconds, { '{env="test"}': std.round(value * 10) });
local today(seconds, value) = tenths('env:ai_cost_usd:today', seconds, value);
local month(seconds, value) = tenths('env:ai_cost_usd:month', seconds, value);

local day = 24 * hour;
local days_known(seconds, days) = lib.value('round(env:ai_cost_usd:days_known)', seconds, { '{env="test"}': days });
local forecast(budget, seconds, dollars) =
  lib.value('round(budget:ai_cost_usd:forecast{budget="%s",period="month"}, 5)' % budget.name, seconds, {
    [lib.labels({ budget: budget.name, env: 'test', period: 'month' })]: 5 * std.round(dollars / 5),
  });

// A cent a minute for two days and a half, from 18:00 on the 28th of February.
local from_february(year) = { start_timestamp: '%d-02-28T18:00:00Z' % year };
local steadily = cost('0+0.01x3600');

function(config) {
  'money.yaml': lib.file([
    lib.test('AI spend in a leap year: the 29th is still February', steadily, interval='1m', values=[
      today(5 * hour, 3),
      month(5 * hour, 3),
      today(18 * hour, 7.2),
      month(18 * hour, 3.6 + 7.2),
      today(29 * hour + 55 * minute, 14.35),
      month(29 * hour + 55 * minute, 3.55 + 14.35),
      // the 1st of March
      today(30 * hour, 0),
      month(30 * hour, 0),
      today(42 * hour, 7.2),
      month(42 * hour, 7.2),
    ]) + from_february(2028),
    lib.test('AI spend in an ordinary year: the next day is March', steadily, interval='1m', values=[
      month(5 * hour, 3),
      today(18 * hour, 7.2),
      month(18 * hour, 7.2),
      // the 2nd of March: both days count
      month(42 * hour, 14.4 + 7.2),
    ]) + from_february(2027),
    lib.test('AI spend at the turn of the year', steadily, interval='1m', values=[
      month(5 * hour, 3),
      month(18 * hour, 7.2),
    ]) + { start_timestamp: '2027-12-31T18:00:00Z' },
    lib.test(
      'AI spend survives a restarted process',
      cost('0+0.01x359 0+0.01x360'),
      interval='1m',
      values=[today(11 * hour, 6.6), month(11 * hour, 6.6)]
    ),
    lib.test('AI spend keeps what a process spent that is gone', cost('0+0.01x300 stale'), interval='1m', values=[
      today(11 * hour, 3),
      // the next day
      today(20 * hour, 0),
      month(20 * hour, 3),
    ]),
    lib.test('AI spend counts the first call of a model that was not there before', [
      lib.constant('up', bot, 1, 3600),
      // ten dollars at once, an hour after the process started
      lib.series('ai_api_cost_usd_total', spend, '_x59 10x300'),
    ], interval='1m', values=[
      today(3 * hour, 10),
      lib.value('round(service_model:ai_cost_usd:last_24h)', 3 * hour, { [lib.labels(spend_labels)]: 10 }),
    ]),
    lib.test("AI spend of before Prometheus first asked is not today's", [
      lib.series('up', bot, '_x59 1x300'),
      lib.series('ai_api_cost_usd_total', spend, '_x59 5000x300'),
    ], interval='1m', values=[today(3 * hour, 0)]),
    lib.test('AI spend keeps what was spent before a restart in which the series is gone at first', [
      lib.constant('up', bot, 1, 3600),
      // more than before the restart, so that it does not look like one
      lib.series('ai_api_cost_usd_total', spend, '0+0.01x100 stale _x30 8x300'),
    ], interval='1m', values=[today(5 * hour, 1 + 8)]),
    lib.test('AI spend goes on over hours in which Prometheus was down, also over midnight', [
      lib.series('up', bot, '1x240 _x240 1x600'),
      lib.series('ai_api_cost_usd_total', spend, '0+0.01x240 _x239 4.8+0.01x600'),
    ], interval='1m', values=[
      today(3 * hour, 1.8),
      // from 22:00 to 02:00 it was down, so all that it finds then is the new day's; none is lost
      today(9 * hour, 3),
      month(9 * hour, 2.4 + 3),
    ]) + { start_timestamp: '2026-01-15T18:00:00Z' },
    lib.test(
      'AI spend in a month of 30 days',
      steadily,
      interval='1m',
      values=[month(5 * hour, 3), month(6 * hour, 0), month(18 * hour, 7.2)]
    )
    + { start_timestamp: '2026-04-30T18:00:00Z' },
    lib.test(
      'AI spend in a month of 31 days',
      steadily,
      interval='1m',
      values=[month(18 * hour, 3.6 + 7.2), month(30 * hour, 0), month(42 * hour, 7.2)]
    )
    + { start_timestamp: '2026-01-30T18:00:00Z' },
    lib.test('nothing spent is $0, not a gap', [lib.constant('up', bot, 1)], interval='1m', values=[
      today(30 * minute, 0),
      month(30 * minute, 0),
      tenths('env:ai_cost_usd:per_hour', 30 * minute, 0),
    ]),
    lib.test('AI spend per hour is the pace of the last minutes', steadily, interval='1m', values=[
      lib.value('round(service_model:ai_cost_usd:per_hour, 0.001)', 2 * hour, {
        [
        lib.labels({ env: 'test', service: 'bot', provider: 'openai', model: lib.model, operation: 'ad_copy' })
        ]: 0.6,
      }),
      lib.value('round(env:ai_cost_usd:per_hour, 0.001)', 2 * hour, { '{env="test"}': 0.6 }),
    ]),
    lib.test('budgets: the day and the month so far against their limits', steadily, interval='1m', values=[
      lib.value(
        'round(10 * %.10g * budget:ai_cost_usd:used_ratio{budget="%s",period="%s"})' % [
          budget[period + '_usd'],
          budget.name,
          period,
        ],
        29 * hour + 55 * minute,
        {
          [lib.labels({ budget: budget.name, env: 'test', period: period })]: if period == 'day' then 144 else 179,
        }
      )
      for budget in config.settings.budgets
      for period in ['day', 'month']
      if std.get(budget, period + '_usd') != null && budget[period + '_usd'] > 0
    ]) + from_february(2028),
  ], interval='5m'),

  'budgets.yaml': lib.file([
    lib.test('a budget that processes share is one, the worst that any of them tells', [
      lib.constant('budget_spent_usd', at { budget: 'of an application', period: 'day' }, spent, 60)
      for at in [bot, bot { instance: 'b' }]
      for spent in [if at.instance == 'a' then 6 else 8]
    ] + [
      lib.constant('budget_limit_usd', bot { budget: 'of an application', period: 'day' }, 10, 60),
      lib.constant('budget_forecast_usd', bot { budget: 'of an application', period: 'day' }, 12, 60),
    ], values=[
      lib.value('budget:ai_cost_usd:used_ratio{budget="of an application"}', 600, {
        'budget:ai_cost_usd:used_ratio{budget="of an application",env="test",period="day"}': 0.8,
      }),
      lib.value('budget:ai_cost_usd:forecast{budget="of an application"}', 600, {
        'budget:ai_cost_usd:forecast{budget="of an application",env="test",period="day"}': 12,
      }),
      lib.value('budget_day:ai_cost_usd:used_ratio{budget="of an application"}', 600, {
        'budget_day:ai_cost_usd:used_ratio{budget="of an application",env="test"}': 0.8,
      }),
      lib.value('budget_month:ai_cost_usd:used_ratio{budget="of an application"}', 600, {}),
    ]),
  ] + [
    lib.test('of two budgets with the name %s the one in signalfire.yaml counts' % budget.name, [
      lib.constant('up', bot, 1, 60),
      lib.constant('budget_spent_usd', bot { budget: budget.name, period: 'day' }, 1000, 60),
      lib.constant('budget_limit_usd', bot { budget: budget.name, period: 'day' }, 1, 60),
    ], values=[
      lib.value('max(budget:ai_cost_usd:spent{budget="%s"})' % budget.name, 600, { '{}': 0 }),
    ])
    for budget in config.settings.budgets
  ] + [
    // $0.60 an hour; the forecast goes on from the mean of the days before.
    lib.test(
      'the forecast of the month %s: the first days and the last' % budget.name,
      cost('0+0.01x7200'),
      interval='1m',
      values=[
        days_known(2 * day, 2),
        days_known(4 * day, 4),
        // from the 27th of April at noon: 3.5 days to the end of the month
        forecast(budget, 2 * day, 0.6 * 3.5 * 24),
        // the 1st of May at noon: 12 hours of it, and 30.5 days to come
        forecast(budget, 4 * day, 0.6 * 31 * 24),
      ]
    ) + { start_timestamp: '2026-04-27T12:00:00Z' }
    for budget in config.settings.budgets
    if std.get(budget, 'month_usd') != null
  ], interval='5m'),
}

// Spend by the calendar, through restarts and gaps, and against the budgets.
local lib = import 'lib.libsonnet';

local bot = { env: 'test', service: 'bot', instance: 'a' };
local spend = bot { provider: 'openai', model: lib.model, operation: 'ad_copy' };
local spend_labels = { [name]: spend[name] for name in std.objectFields(spend) if name != 'instance' };
local cost(values) = [lib.series('ai_api_cost_usd_total', spend, values), lib.constant('up', bot, 1, 3600)];
local minute = 60;
local hour = 60 * minute;

// To a hundredth of a cent.
local rounded(record, labels, seconds, value) =
  lib.value('round(%s, 0.0001)' % record, seconds, { [labels]: std.round(value * 10000) / 10000 });
local exactly(record, seconds, value) = rounded(record, '{env="test"}', seconds, value);
local today(seconds, value) = exactly('env:ai_cost_usd:today', seconds, value);
local month(seconds, value) = exactly('env:ai_cost_usd:month', seconds, value);
local of_call(record, seconds, value) = rounded(record, lib.labels(spend_labels), seconds, value);
local last_day(seconds, value) = of_call('service_model:ai_cost_usd:last_24h', seconds, value);

local day = 24 * hour;
local of_budget(record, budget, period, seconds, value) =
  lib.value('round(%s{budget="%s",period="%s"}, 0.1)' % [record, budget, period], seconds, {
    [lib.labels({ budget: budget, env: 'test', period: period })]: value,
  });
local hours_known(budget, seconds, hours) =
  of_budget('budget:ai_cost_usd:hours_known', budget, 'month', seconds, hours);
local forecast(budget, seconds, dollars) = lib.value(
  'abs(budget:ai_cost_usd:forecast{budget="%s",period="month"} / %.10g - 1) < bool 0.05' % [budget, dollars],
  seconds,
  { [lib.labels({ budget: budget, env: 'test', period: 'month' })]: 1 }
);

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
      month(29 * hour + 55 * minute, 3.6 + 14.35),
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
      // It is looked at every 5 minutes here, and the last 4 before the restart are lost.
      values=[today(11 * hour, 3.55 + 3), month(11 * hour, 3.55 + 3)]
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
      last_day(3 * hour, 10),
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
    lib.test('AI spend goes on over hours in which a process could not be asked, also over midnight', [
      lib.series('up', bot, '1x260 _x220 1x600'),
      lib.series('ai_api_cost_usd_total', spend, '0+0.01x260 _x219 4.8+0.01x600'),
    ], interval='1m', values=[
      today(3 * hour, 1.8),
      // from 22:20 to 02:00; all that is found then is the new day's, and none is lost
      today(9 * hour, 2.8),
      month(9 * hour, 2.6 + 2.8),
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
      exactly('env:ai_cost_usd:per_hour', 30 * minute, 0),
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
          [lib.labels({ budget: budget.name, env: 'test', period: period })]: if period == 'day' then 144 else 180,
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
    ], values=[
      lib.value('budget:ai_cost_usd:used_ratio{budget="of an application"}', 600, {
        'budget:ai_cost_usd:used_ratio{budget="of an application",env="test",period="day"}': 0.8,
      }),
      lib.value('budget:ai_cost_usd:forecast{budget="of an application"}', 600, {
        'budget:ai_cost_usd:forecast{budget="of an application",env="test",period="day"}': 8,
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
    // $0.60 an hour, as the total and as a budget that an application keeps: both are foretold alike.
    lib.test(
      'the forecast of the month %s: the first hour, the first days and the last' % budget.name,
      cost('0+0.01x7200') + [
        lib.series('budget_spent_usd', bot { budget: 'agents', period: 'month' }, '0+0.01x5040 0+0.01x2160'),
        lib.constant('budget_limit_usd', bot { budget: 'agents', period: 'month' }, 10, 7200),
      ],
      interval='1m',
      values=std.flattenArrays([
        [
          // from the 27th of April at noon: 3.5 days to the end of the month
          hours_known(name, 2 * hour, 2),
          forecast(name, 2 * hour, 0.6 * 3.5 * 24),
          hours_known(name, 2 * day, 48),
          forecast(name, 2 * day, 0.6 * 3.5 * 24),
          hours_known(name, 4 * day, 96),
          // the 1st of May at noon: 12 hours of it, and 30.5 days to come
          forecast(name, 4 * day, 0.6 * 31 * 24),
        ]
        for name in [budget.name, 'agents']
      ])
    ) + { start_timestamp: '2026-04-27T12:00:00Z' }
    for budget in config.settings.budgets
    if std.get(budget, 'month_usd') != null
  ], interval='5m'),

  // Looked at with each scrape: what the counters said last is what is told, to the cent.
  'tally.yaml': lib.file([
    lib.test('a runaway, a restart, and a day that ends', cost('0+0.01x20 0.2+7.213x40 0+1.117x200'), values=[
      // $0.01 in 15 s, then $7.213
      today(20 * 15, 0.2),
      today(40 * 15, 0.2 + 19 * 7.213),
      last_day(40 * 15, 0.2 + 19 * 7.213),
      // it stops: nothing moves any more but what is counted
      today(61 * 15, 0.2 + 40 * 7.213),
      // it starts anew, and counts from 0
      today(62 * 15, 0.2 + 40 * 7.213),
      today(72 * 15, 0.2 + 40 * 7.213 + 10 * 1.117),
      last_day(72 * 15, 0.2 + 40 * 7.213 + 10 * 1.117),
      month(72 * 15, 0.2 + 40 * 7.213 + 10 * 1.117),
      // 30 minutes on it is midnight, and the first of the next month
      today(120 * 15, 0),
      month(120 * 15, 0),
      today(130 * 15, 10 * 1.117),
      month(130 * 15, 10 * 1.117),
      last_day(130 * 15, 0.2 + 40 * 7.213 + 68 * 1.117),
    ]) + { start_timestamp: '2026-04-30T23:30:00Z' },
    lib.test('two processes, of which one ends', [
      lib.constant('up', bot, 1, 400),
      lib.constant('up', bot { instance: 'b' }, 1, 20),
      lib.series('ai_api_cost_usd_total', spend, '0+0.5x400'),
      lib.series('ai_api_cost_usd_total', spend { instance: 'b' }, '100+0.25x20 stale'),
    ], values=[today(40 * 15, 20 + 5), last_day(300 * 15, 150 + 5)]),
    lib.test('a process that is pushed: nobody asks it', [
      lib.series('ai_api_cost_usd_total', spend, std.join(' ', ['%.10g _ _ _' % (7.77 * n) for n in std.range(0, 40)])),
    ], values=[
      of_call('service_model:ai_cost_usd:today', 39 * 60, 7.77 * 39),
      of_call('service_model:ai_cost_usd:today', 80 * 60, 7.77 * 40),
    ]),
    lib.test('a model that is used for the first time costs from its first call on, whoever asks', [
      lib.series('ai_api_cost_usd_total', spend, '5+0x40'),
      lib.series('ai_api_cost_usd_total', spend { model: 'another' }, '_x9 3x30'),
    ], values=[exactly('env:ai_cost_usd:today', 60, 0), exactly('env:ai_cost_usd:today', 300, 3)]),
  ]),
  'tally-days.yaml': lib.file([
    lib.test('the last 24 hours are those, whatever was before', cost('0+0.01x4000'), interval='1m', values=[
      last_day(12 * hour, 7.2),
      last_day(24 * hour, 14.4),
      last_day(30 * hour, 14.4),
      last_day(60 * hour, 14.4),
    ]),
    lib.test('what ended long ago is told until its day has passed, and forgotten in the next month', [
      lib.constant('up', bot, 1, 200),
      lib.series('ai_api_cost_usd_total', spend, '0+0.01x200 stale'),
    ], interval='1m', values=[
      last_day(20 * hour, 2),
      last_day(30 * hour, 0),
      of_call('service_model:ai_cost_usd:month', 30 * hour, 0),
      lib.value('service_model:ai_cost_usd:month', 80 * hour, {}),
    ]) + { start_timestamp: '2026-04-30T12:00:00Z' },
    lib.test('a laptop that slept for ten hours: yesterday is still in the last 24 hours', [
      lib.series('up', bot, '1x600 _x599 1x600'),
      lib.series('ai_api_cost_usd_total', spend, '0+0.01x600 _x599 6+0.01x600'),
    ], interval='1m', values=[
      last_day(21 * hour, 6 + 0.6),
      today(21 * hour, 0.6),
    ]) + { start_timestamp: '2026-01-15T12:00:00Z' },
  ], interval='5m'),
}

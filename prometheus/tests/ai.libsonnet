// Spend by the calendar and against the budgets, and what agents do.
local lib = import 'lib.libsonnet';

local bot = { env: 'test', service: 'bot', instance: 'a' };
local spend = bot { provider: 'openai', model: 'gpt-4o-mini', operation: 'ad_copy' };
local cost(values) = [lib.series('ai_api_cost_usd_total', spend, values), lib.constant('up', bot, 1, 3600)];
local minute = 60;
local hour = 60 * minute;

// In tenths of a dollar, so that the half minute by which a day's sum may be off does not matter.
local tenths(record, seconds, value) = lib.value('round(10 * %s)' % record, seconds, { '{env="test"}': std.round(value * 10) });
local today(seconds, value) = tenths('env:ai_cost_usd:today', seconds, value);
local month(seconds, value) = tenths('env:ai_cost_usd:month', seconds, value);

// A cent a minute for two days and a half, from 18:00 on the 28th of February.
local from_february(year) = { start_timestamp: '%d-02-28T18:00:00Z' % year };
local steadily = cost('0+0.01x3600');

function(config) {
  'ai.yaml': lib.file([
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
    lib.test('AI spend survives a restarted process', cost('0+0.01x359 0+0.01x360'), interval='1m', values=[today(11 * hour, 6.6), month(11 * hour, 6.6)]),
    lib.test('AI spend keeps what a process spent that is gone', cost('0+0.01x300 stale'), interval='1m', values=[
      today(11 * hour, 3),
      // the next day
      today(20 * hour, 0),
      month(20 * hour, 3),
    ]),
    lib.test('nothing spent is $0, not a gap', [lib.constant('up', bot, 1)], interval='1m', values=[
      today(30 * minute, 0),
      month(30 * minute, 0),
      tenths('env:ai_cost_usd:per_hour', 30 * minute, 0),
    ]),
    lib.test('AI spend per hour is the pace of the last minutes', steadily, interval='1m', values=[
      lib.value('round(service_model:ai_cost_usd:per_hour, 0.001)', 2 * hour, { [lib.labels({ env: 'test', service: 'bot', provider: 'openai', model: 'gpt-4o-mini', operation: 'ad_copy' })]: 0.6 }),
      lib.value('round(env:ai_cost_usd:per_hour, 0.001)', 2 * hour, { '{env="test"}': 0.6 }),
    ]),
    lib.test('budgets: the day and the month so far against their limits', steadily, interval='1m', values=[
      lib.value('round(10 * %g * budget:ai_cost_usd:used_ratio{budget="%s",period="%s"})' % [budget[period + '_usd'], budget.name, period], 29 * hour + 55 * minute, {
        [lib.labels({ budget: budget.name, env: 'test', period: period })]: if period == 'day' then 144 else 179,
      })
      for budget in config.settings.budgets
      for period in ['day', 'month']
      if std.get(budget, period + '_usd') != null && budget[period + '_usd'] > 0
    ]) + from_february(2028),
  ], interval='5m'),

  'agents.yaml': lib.file([
    lib.test('agents at work and tasks per hour', [
      lib.constant('agents_active', bot { agent: 'copywriter' }, 2, 120),
      lib.series('agents_active', bot { agent: 'analyst' }, '0x117 1 0x20'),
      lib.series('tasks_total', bot { task_type: 'ad_copy', agent: 'copywriter', status: 'success' }, '0+1x120'),
      lib.series('tasks_total', bot { task_type: 'ad_copy', agent: 'copywriter', status: 'error' }, '0+0.25x120'),
    ], values=[
      lib.value('service:agents_active:max_recent', 1800, { 'service:agents_active:max_recent{env="test",service="bot"}': 3 }),
      lib.value('service:tasks:per_hour', 1800, { 'service:tasks:per_hour{env="test",service="bot"}': 300 }),
      lib.value('service_agent:tasks:per_hour{status="error"}', 1800, { 'service_agent:tasks:per_hour{agent="copywriter",env="test",service="bot",status="error"}': 60 }),
    ]),
  ]),
}

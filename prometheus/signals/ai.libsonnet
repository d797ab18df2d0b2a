// What model providers cost, and what is left of the budgets in signalfire.yaml.
local calendar = import 'calendar.libsonnet';
local promql = import 'promql.libsonnet';
local signal = import 'signal.libsonnet';

function(config)
  local cost = promql.select('ai_api_cost_usd_total', [config.selector]);
  local by_env = ['env'];
  local by_model = ['env', 'service', 'provider', 'model', 'operation'];

  local today = 'service_model:ai_cost_usd:today';
  local month = 'service_model:ai_cost_usd:month';
  local env_today = 'env:ai_cost_usd:today';
  local env_month = 'env:ai_cost_usd:month';
  // Nothing spent is $0, not a gap, wherever anything is watched at all.
  local zero = '0 * sum by (env) (%s)' % promql.select('up', [config.selector]);

  local budget_rules = std.flattenArrays([
    [
      {
        record: 'budget:ai_cost_usd:spent',
        expr: if period == 'day' then env_today else env_month,
        labels: { budget: budget.name, period: period },
      },
      {
        record: 'budget:ai_cost_usd:limit',
        expr: 'vector(%g)' % budget[period + '_usd'],
        labels: { budget: budget.name, period: period },
      },
    ]
    for budget in config.settings.budgets
    for period in ['day', 'month']
    if std.get(budget, period + '_usd') != null
  ]);

  {
    // A day in minutes is looked at each time.
    slow_sources:: calendar.rules + [
      { record: today, expr: calendar.today(cost, by_model) },
      { record: month, expr: calendar.month(month, today) },
      { record: env_today, expr: 'sum by (env) (%s) or %s' % [today, zero] },
      { record: env_month, expr: 'sum by (env) (%s) or %s' % [month, zero] },
    ] + budget_rules + [
      {
        record: 'budget:ai_cost_usd:used_ratio',
        expr: 'budget:ai_cost_usd:spent / on (budget, period) group_left () (budget:ai_cost_usd:limit > 0)',
      },
    ],
    sources:: [
      {
        record: 'service_model:ai_cost_usd:per_hour',
        expr: '3600 * sum by (%s) (rate(%s[5m]))' % [std.join(', ', by_model), cost],
      },
      {
        record: 'env:ai_cost_usd:per_hour',
        expr: 'sum by (env) (service_model:ai_cost_usd:per_hour) or ' + zero,
      },
    ],

    ai_cost_per_hour: signal.recorded({
      title: 'AI spend per hour',
      unit: 'currencyUSD',
      min: 0,
      description: 'What an hour at the pace of the last 5 minutes costs, at list prices.',
      source: 'service_model:ai_cost_usd:per_hour',
      records: { 'service_model:ai_cost_usd:per_hour': by_model, 'env:ai_cost_usd:per_hour': by_env },
    }),

    ai_cost_today: signal.recorded({
      title: 'AI spend today',
      unit: 'currencyUSD',
      min: 0,
      description: 'Spent on model providers since midnight UTC, at list prices.',
      source: env_today,
      records: { [env_today]: by_env },
    }),

    ai_cost_month: signal.recorded({
      title: 'AI spend this month',
      unit: 'currencyUSD',
      min: 0,
      description: 'Spent on model providers since the first of the month (UTC), at list prices.',
      source: env_month,
      records: { [env_month]: by_env },
    }),

    budget_spent: signal.recorded({
      title: 'Spent',
      unit: 'currencyUSD',
      min: 0,
      description: 'What counts against each budget so far, in its day or month (UTC).',
      source: 'budget:ai_cost_usd:spent',
      records: { 'budget:ai_cost_usd:spent': ['env', 'budget', 'period'] },
    }),

    budget_used: signal.recorded({
      title: 'Budget used',
      unit: 'percentunit',
      min: 0,
      how: 'max',
      description: 'The share of each budget in signalfire.yaml that its day or month (UTC) has used so far.',
      source: 'budget:ai_cost_usd:used_ratio',
      records: { 'budget:ai_cost_usd:used_ratio': ['env', 'budget', 'period'] },
    }),
  }

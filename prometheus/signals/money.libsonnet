// What model providers cost, by the calendar, and what is left of the budgets.
//
// Budgets come from signalfire.yaml, which count everything in an environment in UTC, and from applications that keep
// their own (signalfire.costs). Each is one series by env, budget and period; of two with one name the one in
// signalfire.yaml counts.
local regex = import '../lib/regex.libsonnet';
local calendar = import 'calendar.libsonnet';
local counted = import 'counted.libsonnet';
local promql = import 'promql.libsonnet';
local signal = import 'signal.libsonnet';

function(config)
  local scope = promql.scope(config);
  local cost = scope.raw('ai_api_cost_usd_total');
  local saved = scope.raw('ai_cache_saved_usd_total');
  local by_env = ['env'];
  local by_model = ['env', 'service', 'provider', 'model'];
  local by_call = by_model + ['operation'];
  local by_budget = ['env', 'budget', 'period'];

  local day = 'service_model:ai_cost_usd:last_24h';
  local today = 'service_model:ai_cost_usd:today';
  local month = 'service_model:ai_cost_usd:month';
  local env_today = 'env:ai_cost_usd:today';
  local env_month = 'env:ai_cost_usd:month';
  local per_hour = 'service_model:ai_cost_usd:per_hour';
  local env_per_hour = 'env:ai_cost_usd:per_hour';
  local env_spent = { day: env_today, month: env_month };
  // Nothing spent is $0, not a gap, wherever anything is watched at all.
  local zero = '0 * sum by (env) (%s)' % scope.raw('up');

  // The mean of what an hour costs, from which a forecast goes on. Each moment of the rate of 5 minutes counts once.
  local pace = { day: 'env:ai_cost_usd:per_hour_mean_1d', month: 'env:ai_cost_usd:per_hour_mean_7d' };
  local mean(range) = 'avg_over_time(%s[%s:5m]) or %s' % [env_per_hour, range, env_per_hour];
  local history = 'env:ai_cost_usd:days_known';

  local declared = [
    { name: budget.name, period: period, limit: budget[period + '_usd'] }
    for budget in config.settings.budgets
    for period in ['day', 'month']
    if std.get(budget, period + '_usd') != null
  ];
  local declared_names = std.set([budget.name for budget in config.settings.budgets]);
  local of_applications = if declared_names == [] then [] else ['budget!~"%s"' % regex.any_of(declared_names)];
  local budget_rules(what, of_declared) =
    [
      {
        record: 'budget:ai_cost_usd:' + what,
        expr: of_declared(budget),
        labels: { budget: budget.name, period: budget.period },
      }
      for budget in declared
    ] + [{
      record: 'budget:ai_cost_usd:' + what,
      // Every process that shares a budget tells of it.
      expr: promql.fold('max', by_budget, scope.raw('budget_%s_usd' % what, of_applications)),
    }];

  // What is left of one kind of budget, as alerts need it.
  local used(period, name) = signal.recorded({
    title: '%s budget used' % name,
    unit: 'percentunit',
    min: 0,
    how: 'max',
    description: 'The share of each budget of a %s that is spent.' % period,
    source: 'budget_%s:ai_cost_usd:used_ratio' % period,
    records: { ['budget_%s:ai_cost_usd:used_ratio' % period]: ['env', 'budget'] },
  });

  {
    sources:: [
      { record: per_hour, expr: '3600 * ' + promql.fold('sum', by_call, 'rate(%s[5m])' % cost) },
      { record: env_per_hour, expr: 'sum by (env) (%s) or %s' % [per_hour, zero] },
    ],
    // A day in minutes is looked at each time.
    slow_sources:: calendar.rules + [
                     { record: today, expr: calendar.today(cost, by_call, config.selector) },
                     { record: month, expr: calendar.month(month, today) },
                     { record: env_today, expr: 'sum by (env) (%s) or %s' % [today, zero] },
                     { record: env_month, expr: 'sum by (env) (%s) or %s' % [month, zero] },
                     { record: day, expr: counted.in_a_day(cost, by_call, config.selector) },
                     {
                       record: 'service_model:ai_cache_saved_usd:last_24h',
                       expr: counted.in_a_day(saved, by_model, config.selector),
                     },
                     { record: pace.day, expr: mean('1d') },
                     { record: pace.month, expr: mean('7d') },
                     {
                       record: history,
                       expr: 'count_over_time(%s[7d:5m]) / 288 or 0 * %s' % [env_per_hour, env_per_hour],
                     },
                   ]
                   + budget_rules('spent', function(budget) env_spent[budget.period])
                   + budget_rules('limit', function(budget) '%.10g + 0 * %s' % [budget.limit, env_month])
                   + budget_rules(
                     'forecast',
                     function(budget) '%s + %s * %s' % [
                       env_spent[budget.period],
                       pace[budget.period],
                       calendar.hours_left[budget.period],
                     ]
                   )
                   + [
                     {
                       record: 'budget:ai_cost_usd:used_ratio',
                       expr: 'budget:ai_cost_usd:spent / (budget:ai_cost_usd:limit > 0)',
                     },
                   ] + [
      {
        record: 'budget_%s:ai_cost_usd:used_ratio' % period,
        expr: 'max by (env, budget) (budget:ai_cost_usd:used_ratio{period="%s"})' % period,
      }
      for period in ['day', 'month']
    ] + [
      {
        record: 'budget_month:ai_cost_usd:forecast_ratio',
        expr: 'max by (env, budget) (budget:ai_cost_usd:forecast{period="month"} / (budget:ai_cost_usd:limit > 0))',
      },
    ],

    ai_cost_per_hour: signal.recorded({
      title: 'AI spend per hour',
      unit: 'currencyUSD',
      min: 0,
      description: 'What an hour at the pace of the last 5 minutes costs, at list prices.',
      source: per_hour,
      records: { [per_hour]: by_call, [env_per_hour]: by_env },
    }),

    ai_cost_24h: signal.recorded({
      title: 'AI spend, last 24 hours',
      unit: 'currencyUSD',
      min: 0,
      description: 'Spent on model providers in the last 24 hours, at list prices.',
      source: day,
      records: { [day]: by_call },
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

    ai_cache_saved_24h: signal.recorded({
      title: 'Cache savings, last 24 hours',
      unit: 'currencyUSD',
      min: 0,
      description: "What prompts read from the providers' caches would have cost more without them, " +
                   'in the last 24 hours.',
      source: 'service_model:ai_cache_saved_usd:last_24h',
      records: { 'service_model:ai_cache_saved_usd:last_24h': by_model },
    }),

    ai_cost_history: signal.recorded({
      title: 'Days of spending known',
      unit: 'd',
      min: 0,
      decimals: 1,
      how: 'min',
      description: 'How much of the last 7 days a forecast can be made from.',
      source: history,
      records: { [history]: by_env },
    }),

    budget_spent: signal.recorded({
      title: 'Spent',
      unit: 'currencyUSD',
      min: 0,
      how: 'max',
      description: 'What counts against each budget so far, in its day or month.',
      source: 'budget:ai_cost_usd:spent',
      records: { 'budget:ai_cost_usd:spent': by_budget },
    }),

    budget_limit: signal.recorded({
      title: 'Limit',
      unit: 'currencyUSD',
      min: 0,
      how: 'max',
      description: 'What may be spent in the day or month.',
      source: 'budget:ai_cost_usd:limit',
      records: { 'budget:ai_cost_usd:limit': by_budget },
    }),

    budget_forecast: signal.recorded({
      title: 'Forecast',
      unit: 'currencyUSD',
      min: 0,
      how: 'max',
      description: 'What the day or month will have cost at its end, if every hour to come costs what an hour of the ' +
                   'last day or week did.',
      source: 'budget:ai_cost_usd:forecast',
      records: { 'budget:ai_cost_usd:forecast': by_budget },
    }),

    budget_used: signal.recorded({
      title: 'Budget used',
      unit: 'percentunit',
      min: 0,
      how: 'max',
      description: 'The share of each budget that its day or month has used so far.',
      source: 'budget:ai_cost_usd:used_ratio',
      records: { 'budget:ai_cost_usd:used_ratio': by_budget },
    }),
    budget_day_used: used('day', 'Day'),
    budget_month_used: used('month', 'Month'),

    budget_forecast_used: signal.recorded({
      title: 'Month forecast against budget',
      unit: 'percentunit',
      min: 0,
      how: 'max',
      description: 'The forecast for the end of the month as a share of the budget.',
      source: 'budget_month:ai_cost_usd:forecast_ratio',
      records: { 'budget_month:ai_cost_usd:forecast_ratio': ['env', 'budget'] },
    }),
  }

// What model providers cost, by the calendar, and what is left of the budgets.
//
// Budgets come from signalfire.yaml, which count everything in an environment in UTC, and from applications that keep
// their own (signalfire.costs). Each is one series by env, budget and period; of two with one name the one in
// signalfire.yaml counts.
local regex = import '../lib/regex.libsonnet';
local calendar = import 'calendar.libsonnet';
local promql = import 'promql.libsonnet';
local signal = import 'signal.libsonnet';
local tally = import 'tally.libsonnet';

function(config)
  local scope = promql.scope(config);
  local cost = scope.raw('ai_api_cost_usd_total');
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
  local spent = tally(config, 'model', 'ai_cost_usd', 'ai_api_cost_usd_total', by_call);
  local saved = tally(config, 'model', 'ai_cache_saved_usd', 'ai_cache_saved_usd_total', by_model);
  // Nothing spent is $0, not a gap, wherever anything is watched at all.
  local zero = '0 * sum by (env) (%s)' % scope.raw('up');

  // What a forecast goes on from: what was spent of a budget in the last day or week, and how many hours of it are
  // known.
  // A look every 5 minutes is near enough for what is an estimate. A budget that begins anew counts from 0.
  // In the first hour that would jump with each call, so it is taken as if that much time had passed.
  local shortest_hours = 1;
  local looked_back = { day: '1d', month: '7d' };
  local of_period(record, period) = '%s{period="%s"}' % [record, period];
  local budget_spent = 'budget:ai_cost_usd:spent';
  local days_known = 'budget_month:ai_cost_usd:days_known';
  local known = 'budget:ai_cost_usd:hours_known';
  local history(period) =
    local spent = of_period(budget_spent, period);
    '(count_over_time(%s[%s:5m]) - 0.5) / 12 or 0 * %s' % [spent, looked_back[period], spent];
  local forecast(period) =
    local spent = of_period(budget_spent, period);
    '%s + increase(%s[%s:5m]) / clamp_min(%s, %d) * (%s)\nor %s' % [
      spent,
      spent,
      looked_back[period],
      of_period(known, period),
      shortest_hours,
      calendar.hours_left[period],
      spent,
    ];

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
    // Together, so that what is spent and what may be agree, and soon.
    tally_sources:: spent.rules + saved.rules + [
                      { record: today, expr: spent.since_midnight },
                      { record: month, expr: spent.since_month_start },
                      { record: day, expr: spent.in_last('1d') },
                      { record: 'service_model:ai_cache_saved_usd:last_24h', expr: saved.in_last('1d') },
                      { record: env_today, expr: 'sum by (env) (%s) or %s' % [today, zero] },
                      { record: env_month, expr: 'sum by (env) (%s) or %s' % [month, zero] },
                    ]
                    + budget_rules('spent', function(budget) env_spent[budget.period])
                    + budget_rules('limit', function(budget) '%.10g + 0 * %s' % [budget.limit, env_month])
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
    ],
    slow_sources:: [
      { record: known, expr: '%s\nor %s' % [history('day'), history('month')] },
      { record: 'budget:ai_cost_usd:forecast', expr: '(%s)\nor (%s)' % [forecast('day'), forecast('month')] },
      {
        record: 'budget_month:ai_cost_usd:forecast_ratio',
        expr: 'max by (env, budget) (budget:ai_cost_usd:forecast{period="month"} / (budget:ai_cost_usd:limit > 0))',
      },
      {
        record: days_known,
        expr: 'max by (env, budget) (%s) / 24' % of_period(known, 'month'),
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

    budget_days_known: signal.recorded({
      title: 'Days of spending known',
      unit: 'd',
      min: 0,
      decimals: 1,
      how: 'min',
      description: 'How much of the last 7 days the forecast of a month is based on.',
      source: days_known,
      records: { [days_known]: ['env', 'budget'] },
    }),

    budget_hours_known: signal.recorded({
      title: 'Based on',
      unit: 'dtdurations',
      decimals: 0,
      min: 0,
      how: 'min',
      description: 'How much of the last day or week the forecast of each budget is based on.',
      source: known,
      records: { [known]: by_budget },
      expr(by, matchers=[]):: '3600 * ' + promql.fold('min', by, promql.select(known, matchers)),
      query(by, vars):: self.expr(by, self.matchers(vars)),
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
                   'last day or week did, of as much of it as is known.',
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

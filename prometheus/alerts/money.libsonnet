// What models cost, and the budgets.
local lookup = import '../lib/lookup.libsonnet';
local units = import '../signals/units.libsonnet';

local dollars = { dollars: units.formats.currencyUSD };
local amount = units.written('dollars', lookup.value);
// Who spent most of what a record holds; the budgets of applications do not say who draws on them.
local spender(text, record) =
  lookup.found('topk(1, sum by (service) (%s{MATCHERS}) > 0)' % record, ['env'], text);
local service = '{{ . | first | label "service" }}';
// What a budget holds against what there is of it.
local of_limit(record, period) =
  local of(name) = 'budget:ai_cost_usd:%s{period="%s",MATCHERS}' % [name, period];
  lookup.found(of(record), ['env', 'budget'], ': ' + amount)
  + lookup.found(
    '%s and on (env, budget) %s' % [of('limit'), of(record)], ['env', 'budget'], ' of ' + amount
  );

local used(period, since, spent) = {
  formats: dollars,
  compare: '>=',
  // Not on a single evaluation.
  'for': '1m',
  by: ['env', 'budget'],
  levels: [
    { severity: 'warning', threshold: 0.8, cooldown: '4h' },
    { severity: 'critical', threshold: 1, cooldown: '1h' },
  ],
  dashboard: 'ai-costs',
  local share = '%s of the %s budget {{ $labels.budget }} is spent' % [self.value, period],
  brief:: share,
  summary: share + of_limit('spent', period),
  description: (
                 'Since %s, %s of what the budget {{ $labels.budget }} ({{ $labels.env }}) allows was spent on ' +
                 'models; this is told from %s on. '
               ) % [since, self.value, self.limit] +
               spender('In {{ $labels.env }} %s spent most: %s. ' % [service, amount], spent) +
               'Nothing is stopped. The dashboard shows which services, models and operations the money goes to.',
};

function(signals, config) [
  {
    name: 'AiCostPerHour',
    signal: signals.ai_cost_per_hour,
    by: ['env'],
    compare: '>',
    'for': '5m',
    levels: [
      { severity: 'warning', threshold: 100, cooldown: '1h' },
      { severity: 'error', threshold: 500, cooldown: '30m' },
      { severity: 'critical', threshold: 1000, cooldown: '15m' },
    ],
    dashboard: 'ai-costs',
    formats: dollars,
    local pace = 'Models cost %s an hour in {{ $labels.env }}' % self.value,
    brief:: pace,
    summary: pace + lookup.found(
      'topk(1, sum by (service, model) (service_model:ai_cost_usd:per_hour{MATCHERS}) > 0)',
      ['env'],
      ', %s of it %s with {{ . | first | label "model" }}' % [amount, service],
    ),
    description: (
                   'At the pace of the last 5 minutes an hour of model calls in {{ $labels.env }} costs %s; more ' +
                   'than %s is too much. '
                 ) % [self.value, self.limit] +
                 'The dashboard shows which service, model and operation spends it.',
  },
  used('day', 'midnight', 'service_model:ai_cost_usd:today') {
    name: 'BudgetDay',
    signal: signals.budget_day_used,
  },
  used('month', 'the first of the month', 'service_model:ai_cost_usd:month') {
    name: 'BudgetMonth',
    signal: signals.budget_month_used,
  },
  {
    name: 'BudgetForecast',
    signal: signals.budget_forecast_used,
    by: ['env', 'budget'],
    compare: '>',
    threshold: 1,
    'for': '1h',
    severity: 'warning',
    cooldown: '1d',
    guards: [{ signal: signals.budget_days_known, by: ['env', 'budget'], compare: '>=', threshold: 3 }],
    dashboard: 'ai-costs',
    formats: dollars,
    local share = 'At this pace the month will cost %s of the budget {{ $labels.budget }}' % self.value,
    brief:: share,
    summary: share + of_limit('forecast', 'month'),
    description: (
                   'What the month has cost so far, and what the hours to come will cost at the mean pace of the ' +
                   'last days, is %s of the budget {{ $labels.budget }} ({{ $labels.env }}). '
                 ) % self.value +
                 spender(
                   'This month %s spent most in {{ $labels.env }}: %s. ' % [service, amount],
                   'service_model:ai_cost_usd:month'
                 ) +
                 'There is time to act: the dashboard shows which service, model and operation to begin with.',
  },
]

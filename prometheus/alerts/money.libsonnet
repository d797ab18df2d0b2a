// What models cost, and the budgets.
local used(period, since) = {
  compare: '>=',
  // Not on a single evaluation.
  'for': '1m',
  by: ['env', 'budget'],
  levels: [
    { severity: 'warning', threshold: 0.8, cooldown: '4h' },
    { severity: 'critical', threshold: 1, cooldown: '1h' },
  ],
  dashboard: 'ai-costs',
  summary: '%s of the %s budget {{ $labels.budget }} is spent' % [self.value, period],
  description: (
                 'Since %s, %s of what the budget {{ $labels.budget }} ({{ $labels.env }}) allows was spent on ' +
                 'models; this is told from %s on. '
               ) % [since, self.value, self.limit] +
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
    summary: 'Models cost %s an hour in {{ $labels.env }}' % self.value,
    description: (
                   'At the pace of the last 5 minutes an hour of model calls in {{ $labels.env }} costs %s; more ' +
                   'than %s is too much. '
                 ) % [self.value, self.limit] +
                 'The dashboard shows which service, model and operation spends it.',
  },
  used('day', 'midnight') { name: 'BudgetDay', signal: signals.budget_day_used },
  used('month', 'the first of the month') { name: 'BudgetMonth', signal: signals.budget_month_used },
  {
    name: 'BudgetForecast',
    signal: signals.budget_forecast_used,
    by: ['env', 'budget'],
    compare: '>',
    threshold: 1,
    'for': '1h',
    severity: 'warning',
    cooldown: '1d',
    guards: [{ signal: signals.ai_cost_history, by: ['env'], compare: '>=', threshold: 3 }],
    dashboard: 'ai-costs',
    summary: 'At this pace the month will cost %s of the budget {{ $labels.budget }}' % self.value,
    description: (
                   'What the month has cost so far, and what the hours to come will cost at the mean pace of the ' +
                   'last days, is %s of the budget {{ $labels.budget }} ({{ $labels.env }}). '
                 ) % self.value +
                 'There is time to act: use a cheaper model, cache more, ask less, or raise the budget.',
  },
]

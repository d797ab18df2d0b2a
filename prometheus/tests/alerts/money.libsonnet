// For each alert in prometheus/alerts/money.libsonnet: the series it is tested on and what it then says.
local agents = { env: 'test', budget: 'agents' };

{
  AiCostPerHour: {
    series: { env: 'test' },
    says(value, level):: {
      summary: 'Models cost %s an hour in test' % value,
      description: (
                     'At the pace of the last 5 minutes an hour of model calls in test costs %s; more than %s is too ' +
                     'much. '
                   ) % [value, level.limit_text] +
                   'The dashboard shows which service, model and operation spends it.',
    },
  },
  BudgetDay: {
    series: agents,
    says(value, level):: {
      summary: '%s of the day budget agents is spent' % value,
      description: (
                     'Since midnight, %s of what the budget agents (test) allows was spent on models; ' +
                     'this is told from %s on. '
                   ) % [value, level.limit_text] +
                   'Nothing is stopped. The dashboard shows which services, models and operations the money goes to.',
    },
  },
  BudgetMonth: {
    series: agents,
    says(value, level):: {
      summary: '%s of the month budget agents is spent' % value,
      description: (
                     'Since the first of the month, %s of what the budget agents (test) allows was spent on models; ' +
                     'this is told from %s on. '
                   ) % [value, level.limit_text] +
                   'Nothing is stopped. The dashboard shows which services, models and operations the money goes to.',
    },
  },
  BudgetForecast: {
    series: agents,
    says(value, level):: {
      summary: 'At this pace the month will cost %s of the budget agents' % value,
      description: (
                     'What the month has cost so far, and what the hours to come will cost at the mean pace of the ' +
                     'last days, is %s of the budget agents (test). '
                   ) % value +
                   'There is time to act: use a cheaper model, cache more, ask less, or raise the budget.',
    },
  },
}

// For each alert in prometheus/alerts/money.libsonnet: the series it is tested on and what it then says.
local agents = { env: 'test', budget: 'agents' };
local spent = { env: 'test', service: 'shop & sons', provider: 'openai', model: 'gpt-17', operation: 'write' };

// record: where it looks up who spent most.
local budget(period, since, record) = {
  series: agents,
  local told(dollars, spender) = function(value, level) {
    summary: '%s of the %s budget agents is spent%s' % [value, period, dollars],
    description: (
                   'Since %s, %s of what the budget agents (test) allows was spent on models; ' +
                   'this is told from %s on. '
                 ) % [since, value, level.limit_text] + spender +
                 'Nothing is stopped. The dashboard shows which services, models and operations the money goes to.',
  },
  says:: told('', ''),
  beside: [{
    title: 'says how many dollars, and who spent most',
    series: { [record]: 1061.125 },
    labels: { [record]: spent },
    others: [
      { record: 'budget:ai_cost_usd:spent', labels: agents { period: period }, value: 1212.348 },
      { record: 'budget:ai_cost_usd:limit', labels: agents { period: period }, value: 500 },
      { record: record, labels: spent { service: 'other' }, value: 151.23 },
    ],
    says:: told(': $1,212.35 of $500.00', 'In test shop & sons spent most: $1,061.12. '),
  }],
};

{
  AiCostPerHour: {
    series: { env: 'test' },
    local told(most) = function(value, level) {
      summary: 'Models cost %s an hour in test%s' % [value, most],
      description: (
                     'At the pace of the last 5 minutes an hour of model calls in test costs %s; more than %s is too ' +
                     'much. '
                   ) % [value, level.limit_text] +
                   'The dashboard shows which service, model and operation spends it.',
    },
    says:: told(''),
    beside: [{
      title: 'says who spends most',
      series: { 'service_model:ai_cost_usd:per_hour': 1400.5 },
      labels: { 'service_model:ai_cost_usd:per_hour': spent },
      others: [
        { record: 'service_model:ai_cost_usd:per_hour', labels: spent { model: 'gpt-17-mini' }, value: 93.5 },
        { record: 'service_model:ai_cost_usd:per_hour', labels: spent { env: 'another' }, value: 9000 },
      ],
      says:: told(', $1,400.50 of it shop & sons with gpt-17'),
    }],
  },
  BudgetDay: budget('day', 'midnight', 'service_model:ai_cost_usd:today'),
  BudgetMonth: budget('month', 'the first of the month', 'service_model:ai_cost_usd:month'),
  BudgetForecast: {
    series: agents,
    local told(dollars, spender) = function(value, level) {
      summary: 'At this pace the month will cost %s of the budget agents%s' % [value, dollars],
      description: (
                     'What the month has cost so far, and what the hours to come will cost at the mean pace of the ' +
                     'last days, is %s of the budget agents (test). '
                   ) % value + spender +
                   'There is time to act: the dashboard shows which service, model and operation to begin with.',
    },
    says:: told('', ''),
    beside: [{
      title: 'says how many dollars, and who spent most',
      series: { 'service_model:ai_cost_usd:month': 0.004 },
      labels: { 'service_model:ai_cost_usd:month': spent },
      others: [
        { record: 'budget:ai_cost_usd:forecast', labels: agents { period: 'month' }, value: 1234567.891 },
        { record: 'budget:ai_cost_usd:forecast', labels: agents { period: 'day' }, value: 7 },
        { record: 'budget:ai_cost_usd:limit', labels: agents { period: 'month' }, value: 500 },
      ],
      says:: told(': $1,234,567.89 of $500.00', 'This month shop & sons spent most in test: less than $0.01. '),
    }],
  },
}

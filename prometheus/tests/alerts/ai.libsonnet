// For each alert in prometheus/alerts/ai.libsonnet: the series it is tested on and what it then says.
local shop = import 'shop.libsonnet';

{
  AiProviderDown: {
    series: shop { provider: 'openai' },
    says(value, level):: {
      summary: 'shop & sons cannot reach its model provider openai',
      description: 'The check llm_openai of shop & sons (test) fails: the provider does not answer, ' +
                   'answers with an error, or refuses the key. Calls to its models fail; what agents do with them ' +
                   'waits or is lost. ' +
                   "The service's /health says what the provider answered.",
    },
  },
  AiErrorRate: {
    series: shop { provider: 'openai' },
    says(value, level):: {
      summary: '%s of the calls of shop & sons to openai fail' % value,
      description: (
                     '%s of the calls of shop & sons (test) to models of openai failed in the last 5 minutes; more ' +
                     'than %s is too many. '
                   ) % [value, level.limit_text] +
                   'The dashboard shows which models and which kinds of failure.',
    },
  },
  AiLatencyP95: {
    series: shop { operation: 'write' },
    says(value, level):: {
      summary: 'The slowest model calls for write in shop & sons take more than %s' % value,
      description: (
                     'One in twenty calls to models for write in shop & sons (test) takes longer than %s; ' +
                     '%s is too long. '
                   ) % [value, level.limit_text] +
                   'The dashboard shows which model, whether the first token is late or the answer long, ' +
                   'and single calls with their traces.',
    },
  },
  TokenUsageSpike: {
    series: shop { measure: 'a call' },
    says(value, level):: {
      summary: 'shop & sons uses %s its usual tokens a call' % value,
      description: (
                     'shop & sons (test) uses %s as many tokens a call as it does at this hour, ' +
                     'by the median of the last week; '
                   ) % value +
                   'more than %s is unusual. A loop, prompts that grew, or more users: the dashboard names the model.'
                   % level.limit_text,
    },
  },
  AiCacheHitRateLow: {
    series: shop { operation: 'write' },
    says(value, level):: {
      summary: 'Only %s of the prompts for write in shop & sons are read from the cache' % value,
      description: 'The provider read only %s of the prompts for write in shop & sons (test) from its cache; below %s '
                   % [value, level.limit_text] +
                   'something may have changed at their beginning. What is not read from the cache is paid in full: ' +
                   'the dashboard shows since when.',
    },
  },
  UnpricedCalls: {
    series: shop { provider: 'openai', model: 'gpt-17' },
    says(value, level):: {
      summary: 'What gpt-17 cost shop & sons is not known: no price for %s in the last hour' % value,
      description: (
                     'shop & sons (test) made %s to gpt-17 of openai in the last hour, ' +
                     'and what that cost is not known: '
                   ) % value +
                   'the model is not in the price list, or the answers told no tokens. ' +
                   'Costs, budgets and forecasts are too low by that. The runbook says where a price is added.',
    },
  },
}

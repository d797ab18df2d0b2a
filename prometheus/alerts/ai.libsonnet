// Model providers: errors, latency, tokens, caches, prices.
function(signals, config) [
  {
    name: 'AiProviderDown',
    signal: signals.ai_provider_health,
    by: ['env', 'service', 'provider'],
    compare: '<',
    threshold: 0.5,  // degraded, as with a rate limit that is used up, is not down
    'for': '1m',
    severity: 'critical',
    cooldown: '15m',
    dashboard: 'ai-costs',
    variables: ['env', 'service', 'provider'],
    summary: '{{ $labels.service }} cannot reach its model provider {{ $labels.provider }}',
    description: 'The check llm_{{ $labels.provider }} of {{ $labels.service }} ({{ $labels.env }}) fails: ' +
                 'the provider does not answer, answers with an error, or refuses the key. Calls to its models fail; ' +
                 'what agents do with them waits or is lost. ' +
                 "The service's /health says what the provider answered.",
  },
  {
    name: 'AiErrorRate',
    traces:: { tags: 'error=true' },
    signal: signals.ai_error_share,
    by: ['env', 'service', 'provider'],
    compare: '>',
    threshold: 0.05,
    'for': '5m',
    severity: 'error',
    cooldown: '15m',
    // One failure among a handful of calls says nothing.
    guards: [{ signal: signals.ai_calls, by: ['env', 'service', 'provider'], compare: '>', threshold: 0.05 }],
    dashboard: 'ai-costs',
    variables: ['env', 'service', 'provider'],
    summary: '%s of the calls of {{ $labels.service }} to {{ $labels.provider }} fail' % self.value,
    description: (
                   '%s of the calls of {{ $labels.service }} ({{ $labels.env }}) to models of {{ $labels.provider }} ' +
                   'failed in the last 5 minutes; '
                 ) % self.value +
                 'more than %s is too many. The dashboard shows which models and which kinds of failure.' % self.limit,
  },
  {
    name: 'AiLatencyP95',
    signal: signals.ai_latency_p95,
    by: ['env', 'service', 'operation'],
    compare: '>',
    threshold: 10,
    'for': '5m',
    severity: 'warning',
    cooldown: '30m',
    // Of fewer calls the P95 is the slowest one.
    guards: [{ signal: signals.ai_calls, by: ['env', 'service', 'operation'], compare: '>', threshold: 0.05 }],
    dashboard: 'ai-costs',
    summary: 'The slowest model calls for {{ $labels.operation }} in {{ $labels.service }} take more than %s'
             % self.value,
    description: (
                   'One in twenty calls to models for {{ $labels.operation }} in {{ $labels.service }} ' +
                   '({{ $labels.env }}) takes longer than %s; %s is too long. '
                 ) % [self.value, self.limit] +
                 'The dashboard shows which model, whether the first token is late or the answer long, ' +
                 'and single calls with their traces.',
  },
  {
    name: 'TokenUsageSpike',
    signal: signals.ai_tokens_times_usual,
    by: ['env', 'service', 'measure'],
    compare: '>',
    threshold: 3,
    'for': '10m',
    severity: 'warning',
    cooldown: '1h',
    dashboard: 'ai-costs',
    summary: '{{ $labels.service }} uses %s its usual tokens {{ $labels.measure }}' % self.value,
    description: (
                   '{{ $labels.service }} ({{ $labels.env }}) uses %s as many tokens {{ $labels.measure }} as ' +
                   'it does at this hour, by the median of the last week; '
                 ) % self.value +
                 'more than %s is unusual. A loop, prompts that grew, or more users: the dashboard names the model.'
                 % self.limit,
  },
  {
    name: 'AiCacheHitRateLow',
    signal: signals.ai_cache_hit_share,
    by: ['env', 'service', 'operation'],
    compare: '<',
    threshold: 0.3,
    'for': '30m',
    severity: 'info',
    cooldown: '4h',
    guards: [
      { signal: signals.ai_cache_requests, by: ['env', 'service', 'operation'], compare: '>', threshold: 0.05 },
      // An operation whose prompts are never cached has no cache that could fail.
      { signal: signals.ai_cache_in_use, by: ['env', 'service', 'operation'], compare: '>', threshold: 0 },
    ],
    dashboard: 'ai-costs',
    summary: 'Only %s of the prompts for {{ $labels.operation }} in {{ $labels.service }} are read from the cache'
             % self.value,
    description: (
                   'The provider read only %s of the prompts for {{ $labels.operation }} in {{ $labels.service }} ' +
                   '({{ $labels.env }}) from its cache; below %s '
                 ) % [self.value, self.limit] +
                 'something may have changed at their beginning. What is not read from the cache is paid in full: ' +
                 'the dashboard shows since when.',
  },
  {
    name: 'UnpricedCalls',
    signal: signals.ai_unpriced_calls,
    counted: ['call', 'calls'],
    by: ['env', 'service', 'provider', 'model'],
    compare: '>',
    threshold: 0,
    'for': '0s',
    severity: 'info',
    cooldown: '1d',
    dashboard: 'ai-costs',
    variables: ['env', 'service', 'provider', 'model'],
    summary: 'What {{ $labels.model }} cost {{ $labels.service }} is not known: no price for %s in the last hour'
             % self.value,
    description: (
                   '{{ $labels.service }} ({{ $labels.env }}) made %s to {{ $labels.model }} of ' +
                   '{{ $labels.provider }} ' +
                   'in the last hour, and what that cost is not known: '
                 ) % self.value +
                 'the model is not in the price list, or the answers told no tokens. ' +
                 'Costs, budgets and forecasts are too low by that. The runbook says where a price is added.',
  },
]

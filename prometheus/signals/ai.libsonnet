// Calls to model providers: how many, how fast, how many fail, what they read and write (money.libsonnet has what they
// cost).
local instrumentations = import 'ai_instrumentations.libsonnet';
local promql = import 'promql.libsonnet';
local signal = import 'signal.libsonnet';
local tally = import 'tally.libsonnet';

function(config)
  local scope = promql.scope(config);
  local rate(kind, extra=[]) = instrumentations.rate(kind, '5m', config.selector, extra);

  local by_provider = scope.by_service + ['provider'];
  local by_model = by_provider + ['model'];
  local by_call = by_model + ['operation'];
  local by_operation = scope.by_service + ['operation'];

  local calls = 'service_model:ai_calls:rate5m';
  local tokens = 'service_model:ai_tokens:per_minute';
  local tokens_day = 'service_model:ai_tokens:last_24h';
  local buckets = 'service_model:ai_duration_seconds_bucket:rate5m';
  local first_token_buckets = 'service_model:ai_time_to_first_token_seconds_bucket:rate5m';
  local errors = 'service_model:ai_errors:rate5m';
  local cache = 'service_model:ai_cache_requests:rate5m';
  local unpriced = tally(config, 'model', 'ai_unpriced_calls', 'ai_api_unpriced_calls_total', by_model);
  // Cached tokens are among the input, reasoning is among the output: these two are all there are.
  local all_tokens = 'type=~"input|output"';

  local cache_part(metric, result) =
    'label_replace(sum by (%s) (rate(%s[5m])), "result", "%s", "", "")' % [
      std.join(', ', by_call),
      scope.raw(metric),
      result,
    ];

  // What is usual is the median of the same hour on each of the last 7 days. While there are fewer than 3 of them to
  // compare with, whatever is now counts as usual. Below `floor` nothing is unusual: a service that wakes up from
  // nothing is no spike.
  local usual_hour(record, floor) =
    local same_hour(day) =
      'label_replace(avg_over_time(%s[1h] offset %dm), "day", "%d", "", "")' % [record, day * 24 * 60 - 30, day];
    local days = std.join('\n  or ', std.map(same_hour, std.range(1, 7)));
    'clamp_min(\n  quantile without (day) (0.5,\n  %s\n  ) and count without (day) (\n  %s\n  ) >= 3\n  or %s, %.10g)'
    % [days, days, record, floor];

  local latency(percent) = signal.quantile(percent / 100, {
    title: 'Latency P' + percent,
    unit: 's',
    min: 0,
    description: '%d %% of the calls to models of the last 5 minutes took at most this long, a stream to its last part.'
                 % percent,
    source: buckets,
    labels: by_call + ['layout'],
    records: {
      ['service:ai_duration_seconds:p%d_5m' % percent]: scope.by_service,
      ['service_operation:ai_duration_seconds:p%d_5m' % percent]: by_operation,
    },
  });
  local first_token(percent) = signal.quantile(percent / 100, {
    title: 'First token P' + percent,
    unit: 's',
    min: 0,
    description: '%d %% of the streams of the last 5 minutes brought their first part within this time.' % percent,
    source: first_token_buckets,
    labels: by_model + ['layout'],
  });

  {
    sources:: [
      { record: calls, expr: rate('calls') },
      {
        record: errors,
        expr: rate('errors')
              + '\nor label_replace(0 * sum by (%s) (%s), "error_type", "none", "", "")' % [
                std.join(', ', by_model),
                calls,
              ],
      },
      { record: tokens, expr: '60 * ' + rate('tokens') },
      { record: buckets, expr: rate('duration', ['le']) },
      { record: first_token_buckets, expr: rate('time_to_first_token', ['le']) },
      {
        record: cache,
        expr: cache_part('ai_cache_hits_total', 'hit') + '\nor ' + cache_part('ai_cache_misses_total', 'miss'),
      },
      {
        record: 'service:ai_tokens:per_minute',
        expr: 'sum by (env, service) (%s)' % promql.select(tokens, [all_tokens]),
      },
      // Of a handful of calls the mean says nothing.
      {
        record: 'service:ai_tokens:per_call',
        expr: 'service:ai_tokens:per_minute / (60 * sum by (env, service) (%s) > 1)' % calls,
      },
      // The worst of the provider's checks by a service's instances. check_llm_connectivity names its checks
      // llm_<provider>.
      {
        record: 'service_provider:ai_provider_health:min',
        expr: 'min by (env, service, provider) (label_replace(%s, "provider", "$1", "check", "llm_(.+)"))' %
              scope.raw('service_health', ['check=~"llm_.+"']),
      },
    ],
    tally_sources:: unpriced.rules + [
      {
        record: 'service_model:ai_unpriced_calls:last_hour',
        expr: '%s\nor 0 * sum by (%s) (%s)' % [unpriced.in_last('1h'), std.join(', ', by_model), calls],
      },
    ],
    slow_sources:: [
      {
        record: 'service_measure:ai_tokens:times_usual',
        expr: 'service:ai_tokens:%s / %s' % [
          measure.record,
          usual_hour('service:ai_tokens:' + measure.record, measure.floor),
        ],
        labels: { measure: measure.title },
      }
      for measure in [
        { record: 'per_minute', title: 'a minute', floor: 10000 },
        { record: 'per_call', title: 'a call', floor: 500 },
      ]
    ] + [
      // Every fifth minute's rate of 5 minutes: each moment counts once.
      // In the first minutes in finer steps.
      { record: tokens_day, expr: '5 * sum_over_time(%s[1d:5m])\nor sum_over_time(%s[15m:1m])' % [tokens, tokens] },
      // Hits of the last day, of those operations that are at work.
      {
        record: 'service_operation:ai_cache_hits:rate1d',
        expr: 'sum by (env, service, operation) (rate(%s[1d]))' % scope.raw('ai_cache_hits_total'),
      },
    ],

    ai_calls: signal.sum({
      title: 'Model calls',
      unit: 'reqps',
      min: 0,
      description: 'Calls to model providers per second, over the last 5 minutes.',
      source: calls,
      labels: by_call + ['status'],
      records: {
        'service_provider:ai_calls:rate5m': by_provider,
        'service_operation:ai_calls:rate5m': by_operation,
      },
    }),

    ai_error_share: signal.share({
      title: 'Error share of model calls',
      unit: 'percentunit',
      description: 'The share of calls to model providers that failed, over the last 5 minutes. Cancelled ones did ' +
                   'not fail.',
      source: calls,
      part: 'status="error"',
      labels: by_call,
      records: { 'service_provider:ai_errors:ratio_rate5m': by_provider },
    }),

    ai_errors: signal.sum({
      title: 'Errors of model calls',
      unit: 'reqps',
      min: 0,
      description: 'Calls to model providers per second that failed, by kind of failure, ' +
                   'over the last 5 minutes. "none" stands for a model that had none.',
      source: errors,
      labels: by_model + ['error_type'],
    }),

    ai_latency_p50: latency(50),
    ai_latency_p95: latency(95),
    ai_latency_p99: latency(99),
    ai_first_token_p50: first_token(50),
    ai_first_token_p95: first_token(95),

    ai_tokens: signal.sum({
      title: 'Tokens per minute',
      unit: 'short',
      min: 0,
      description: 'Tokens read and written per minute, over the last 5 minutes; cached ones ' +
                   'and reasoning are among them.',
      source: tokens,
      matchers_of_source:: [all_tokens],
      labels: by_call,
    }),

    ai_tokens_by_type: signal.sum({
      title: 'Tokens by type',
      unit: 'short',
      min: 0,
      description: 'Tokens per minute by type, over the last 5 minutes. Cached ones (cache_read, ' +
                   'cache_write) are part of the input, reasoning is part of the output: input and output together ' +
                   'are all.',
      source: tokens,
      labels: by_call + ['type'],
    }),

    ai_tokens_24h: signal.sum({
      title: 'Tokens, last 24 hours',
      unit: 'short',
      min: 0,
      description: 'Tokens read and written in the last 24 hours; cached ones and reasoning are among them.',
      source: tokens_day,
      matchers_of_source:: [all_tokens],
      labels: by_call,
    }),

    ai_tokens_per_call: signal.recorded({
      title: 'Tokens per call',
      unit: 'short',
      min: 0,
      how: 'max',
      description: 'Tokens read and written in a call, on average over the last 5 minutes.',
      source: 'service:ai_tokens:per_call',
      records: { 'service:ai_tokens:per_call': scope.by_service },
    }),

    ai_tokens_times_usual: signal.recorded({
      title: 'Tokens against the usual',
      unit: 'suffix: ×',
      format: 'times',
      min: 0,
      how: 'max',
      description: 'Tokens a minute and tokens a call, as a multiple of the median of the same hour on the last 7 ' +
                   'days. With fewer than 3 days to compare with, and where there are few tokens, it is at most 1.',
      source: 'service_measure:ai_tokens:times_usual',
      records: { 'service_measure:ai_tokens:times_usual': scope.by_service + ['measure'] },
    }),

    ai_cache_hit_share: signal.share({
      title: 'Prompt cache hit rate',
      unit: 'percentunit',
      max: 1,
      decimals: 0,
      description: 'The share of model calls whose prompt the provider read at least partly from its cache, ' +
                   'over the last 5 minutes.',
      source: cache,
      part: 'result="hit"',
      labels: by_call,
      records: { 'service_operation:ai_cache_hits:ratio_rate5m': by_operation },
    }),

    ai_cache_requests: signal.sum({
      title: 'Calls that ask the prompt cache',
      unit: 'reqps',
      min: 0,
      description: 'Model calls per second for which the provider told what it had cached, over the last 5 minutes.',
      source: cache,
      labels: by_call + ['result'],
      records: { 'service_operation:ai_cache_requests:rate5m': by_operation },
    }),

    ai_cache_in_use: signal.recorded({
      title: 'Prompt cache in use',
      unit: 'reqps',
      min: 0,
      description: 'Calls per second that hit the prompt cache, over the last day; ' +
                   'above 0 where a cache is used at all.',
      source: 'service_operation:ai_cache_hits:rate1d',
      records: { 'service_operation:ai_cache_hits:rate1d': by_operation },
    }),

    ai_unpriced_calls: signal.recorded({
      title: 'Unpriced calls',
      unit: 'none',
      min: 0,
      decimals: 0,
      description: 'Calls of the last hour whose price is not known: they are missing from every amount on this page.',
      source: 'service_model:ai_unpriced_calls:last_hour',
      records: { 'service_model:ai_unpriced_calls:last_hour': by_model },
    }),

    ai_provider_health: signal.recorded({
      title: 'Providers as the services see them',
      unit: 'none',
      format: 'score',
      min: 0,
      max: 1,
      how: 'min',
      description: "Each service's own checks that its model providers answer and take the key: " +
                   '1 healthy, 0.5 degraded, 0 down.',
      source: 'service_provider:ai_provider_health:min',
      records: { 'service_provider:ai_provider_health:min': by_provider },
    }),
  }

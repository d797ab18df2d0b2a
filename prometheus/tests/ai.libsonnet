// Model calls from each instrumentation's own metrics; and what agents do.
local lib = import 'lib.libsonnet';

local bot = { env: 'test', service: 'bot', instance: 'a' };
local service = { env: 'test', service: 'bot' };
local model = { provider: 'openai', model: lib.model };
local call = model { operation: 'chat' };

// Per 15 seconds: 30 calls (2 a second) of which 3 fail, 3000 tokens read and 600 written; all take up to a second.
local our_calls = [
  lib.series('ai_api_calls_total', bot + call { status: 'success' }, '0+27x60'),
  lib.series('ai_api_calls_total', bot + call { status: 'error' }, '0+3x60'),
  lib.series('ai_api_errors_total', bot + model { error_type: 'RateLimitError' }, '0+3x60'),
  lib.series('ai_api_tokens_total', bot + call { type: 'input' }, '0+3000x60'),
  lib.series('ai_api_tokens_total', bot + call { type: 'cache_read' }, '0+1500x60'),
  lib.series('ai_api_tokens_total', bot + call { type: 'output' }, '0+600x60'),
  lib.series('ai_api_duration_seconds_bucket', bot + call { le: '1.0' }, '0+30x60'),
  lib.series('ai_api_duration_seconds_bucket', bot + call { le: '+Inf' }, '0+30x60'),
];
local otel_calls(provider) =
  local asked = bot + provider { gen_ai_request_model: lib.model, gen_ai_operation_name: 'chat' };
  local duration = 'gen_ai_client_operation_duration_seconds_';
  [
    lib.series(duration + 'count', asked, '0+27x60'),
    lib.series(duration + 'count', asked { error_type: 'RateLimitError' }, '0+3x60'),
    lib.series(duration + 'bucket', asked { le: '1.0' }, '0+30x60'),
    lib.series(duration + 'bucket', asked { le: '+Inf' }, '0+30x60'),
    lib.series('gen_ai_client_token_usage_sum', asked { gen_ai_token_type: 'input' }, '0+3000x60'),
    lib.series('gen_ai_client_token_usage_sum', asked { gen_ai_token_type: 'output' }, '0+600x60'),
  ];
local expected = [
  lib.value('service_provider:ai_calls:rate5m', 600, {
    ['service_provider:ai_calls:rate5m' + lib.labels(service { provider: 'openai' })]: 2,
  }),
  lib.value('service_provider:ai_errors:ratio_rate5m', 600, {
    ['service_provider:ai_errors:ratio_rate5m' + lib.labels(service { provider: 'openai' })]: 0.1,
  }),
  lib.value('service_model:ai_errors:rate5m{error_type!="none"}', 600, {
    ['service_model:ai_errors:rate5m' + lib.labels(service + model { error_type: 'RateLimitError' })]: 0.2,
  }),
  lib.value('service:ai_tokens:per_minute', 600, { ['service:ai_tokens:per_minute' + lib.labels(service)]: 14400 }),
  lib.value('service:ai_tokens:per_call', 600, { ['service:ai_tokens:per_call' + lib.labels(service)]: 120 }),
  lib.value('service_operation:ai_duration_seconds:p95_5m', 600, {
    ['service_operation:ai_duration_seconds:p95_5m' + lib.labels(service { operation: 'chat' })]: 0.95,
  }),
];
local check(name, instance, value) =
  lib.constant('service_health', bot { instance: instance, component: 'bot', check: name }, value);
local provider_health(seconds, values) = lib.value('service_provider:ai_provider_health:min', seconds, {
  ['service_provider:ai_provider_health:min' + lib.labels(service { provider: provider })]: values[provider]
  for provider in std.objectFields(values)
});
local times_usual(measure, seconds, value) =
  lib.value('round(service_measure:ai_tokens:times_usual{measure="%s"}, 0.1)' % measure, seconds, {
    [lib.labels(service { measure: measure })]: value,
  });
local hour = 3600;
local day = 24 * hour;

function(config) {
  'ai.yaml': lib.file([
    lib.test('model calls from our own library', our_calls, values=expected),
    lib.test('model calls from OpenTelemetry', otel_calls({ gen_ai_provider_name: 'openai' }), values=expected),
    lib.test(
      'model calls from older OpenTelemetry, which calls the provider system',
      otel_calls({ gen_ai_system: 'openai' }),
      values=expected
    ),
    lib.test(
      'an instance that speaks two of them is counted once',
      our_calls + otel_calls({ gen_ai_provider_name: 'other' }),
      values=expected
    ),
    lib.test('no error is zero errors; a cancelled call is none', [
      lib.series('ai_api_calls_total', bot + call { status: 'cancelled' }, '0+30x60'),
    ], values=[
      lib.value('service_provider:ai_errors:ratio_rate5m', 600, {
        ['service_provider:ai_errors:ratio_rate5m' + lib.labels(service { provider: 'openai' })]: 0,
      }),
      lib.value('service_model:ai_errors:rate5m', 600, {
        ['service_model:ai_errors:rate5m' + lib.labels(service + model { error_type: 'none' })]: 0,
      }),
    ]),
    lib.test('without calls there is no share, no latency and nothing a call', [
      lib.constant('ai_api_calls_total', bot + call { status: 'success' }, 7),
      lib.constant('ai_api_tokens_total', bot + call { type: 'input' }, 700),
      lib.constant('ai_api_duration_seconds_bucket', bot + call { le: '+Inf' }, 7),
    ], values=[
      lib.value('service_provider:ai_errors:ratio_rate5m', 600, {}),
      lib.value('service_operation:ai_duration_seconds:p95_5m', 600, {}),
      lib.value('service:ai_tokens:per_call', 600, {}),
    ]),
    lib.test('a provider is as healthy as the worst check of it', [
      check('llm_openai', 'a', 1),
      check('llm_openai', 'b', 0),
      check('llm_mistral', 'a', 0.5),
      check('database', 'a', 0),
      check('overall', 'a', 0),
    ], values=[provider_health(600, { openai: 0, mistral: 0.5 })]),
    lib.test('prompt caches, hits and misses', [
      lib.series('ai_cache_hits_total', bot + call, '0+45x60'),
      lib.series('ai_cache_misses_total', bot + call, '0+15x60'),
    ], values=[
      lib.value('service_operation:ai_cache_hits:ratio_rate5m', 600, {
        ['service_operation:ai_cache_hits:ratio_rate5m' + lib.labels(service { operation: 'chat' })]: 0.75,
      }),
      lib.value('service_operation:ai_cache_requests:rate5m', 600, {
        ['service_operation:ai_cache_requests:rate5m' + lib.labels(service { operation: 'chat' })]: 4,
      }),
      lib.value('service_operation:ai_cache_hits:rate1d > bool 0', 600, {
        [lib.labels(service { operation: 'chat' })]: 1,
      }),
    ]),
    lib.test('a single unpriced call counts for an hour; a model with a price has none', our_calls + [
      lib.constant('up', bot, 1, 400),
      lib.series('ai_api_unpriced_calls_total', bot { provider: 'openai', model: 'gpt-17' }, '_x20 1x400'),
    ], values=[
      lib.value('round(service_model:ai_unpriced_calls:last_hour)', 600, {
        [lib.labels(service + model)]: 0,
        [lib.labels(service { provider: 'openai', model: 'gpt-17' })]: 1,
      }),
      lib.value('round(service_model:ai_unpriced_calls:last_hour{model="gpt-17"})', 5400, {
        [lib.labels(service { provider: 'openai', model: 'gpt-17' })]: 0,
      }),
    ]),
  ]),

  // A sample each 5 minutes: 288 a day. 20,000 tokens a minute, and on the fifth day five times as many.
  'tokens.yaml': lib.file([
    lib.test('tokens against the same hour of the days before', [
      lib.series('service:ai_tokens:per_minute', service, '20000x1440 100000x36'),
      lib.series('service:ai_tokens:per_call', service, '100x1440 400x36'),
    ], interval='5m', values=[
      // Two days are too few to compare with: as usual.
      times_usual('a minute', 2 * day, 1),
      times_usual('a minute', 5 * day, 1),
      times_usual('a minute', 5 * day + hour, 5),
      // 400 a call is four times as many and still few.
      times_usual('a call', 5 * day + hour, 0.8),
    ]),
    lib.test('a spike yesterday does not become the usual', [
      lib.series('service:ai_tokens:per_minute', service, '20000x1152 900000x12 20000x276 100000x36'),
    ], interval='5m', values=[times_usual('a minute', 5 * day + hour, 5)]),
    lib.test('with a jump within the first days there is nothing to compare with', [
      lib.series('service:ai_tokens:per_minute', service, '20000x576 100000x36'),
    ], interval='5m', values=[times_usual('a minute', 2 * day + hour, 1)]),
  ], interval='15m'),
}

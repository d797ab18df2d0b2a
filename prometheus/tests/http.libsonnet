// The signals of HTTP services from each instrumentation's own metrics, and HighErrorRate from end to end.
local lib = import 'lib.libsonnet';

local ours = { env: 'test', service: 'ours', instance: 'a' };
local fastapi = { env: 'test', service: 'fastapi', instance: 'b' };
local otel = { env: 'test', service: 'otel', instance: 'c' };

// Per 15 seconds, at one endpoint: 120 requests (8 a second) of which 36 fail; half of them take up to 0.1 s, all of them up to 1 s.
local our_requests(at=ours) = [
  lib.series('http_requests_total', at { method: 'GET', endpoint: '/ads/{id}', status: '200' }, '0+84x60'),
  lib.series('http_requests_total', at { method: 'GET', endpoint: '/ads/{id}', status: '500' }, '0+36x60'),
];
local histogram(name, labels) = [
  lib.series(name + '_bucket', labels { le: '0.1' }, '0+60x60'),
  lib.series(name + '_bucket', labels { le: '1.0' }, '0+120x60'),
  lib.series(name + '_bucket', labels { le: '+Inf' }, '0+120x60'),
];
local summary(name, labels, sum, count) = [
  lib.series(name + '_sum', labels, '0+%dx60' % sum),
  lib.series(name + '_count', labels, '0+%dx60' % count),
];
local our_details = histogram('http_request_duration_seconds', ours { method: 'GET', endpoint: '/ads/{id}' })
                    + summary('http_request_size_bytes', ours { method: 'GET', endpoint: '/ads/{id}' }, 2400, 120)
                    + summary('http_response_size_bytes', ours { method: 'GET', endpoint: '/ads/{id}' }, 12000, 120)
                    + [lib.constant('http_requests_in_progress', ours { method: 'GET' }, 3)];

local fastapi_requests = [
  lib.series('http_requests_total', fastapi { method: 'GET', handler: '/ads/{id}', status: '2xx' }, '0+84x60'),
  lib.series('http_requests_total', fastapi { method: 'GET', handler: '/ads/{id}', status: '5xx' }, '0+36x60'),
] + histogram('http_request_duration_seconds', fastapi { method: 'GET', handler: '/ads/{id}' })
  + summary('http_request_size_bytes', fastapi { handler: '/ads/{id}' }, 2400, 120)
  + summary('http_response_size_bytes', fastapi { handler: '/ads/{id}' }, 12000, 120)
  + [lib.constant('http_requests_inprogress', fastapi { method: 'GET' }, 3)];

// At whatever route: two instrumentations need not agree on its spelling.
local otel_requests(at=otel, route='/ads/{id}') =
  local labels = at { http_request_method: 'GET', http_route: route };
  local answered = labels { http_response_status_code: '200' };
  [
    lib.series('http_server_request_duration_seconds_count', answered, '0+84x60'),
    lib.series('http_server_request_duration_seconds_count', labels { http_response_status_code: '500' }, '0+36x60'),
    lib.constant('http_server_active_requests', labels, 3),
  ]
  + histogram('http_server_request_duration_seconds', answered)
  + summary('http_server_request_body_size_bytes', answered, 2400, 120)
  + summary('http_server_response_body_size_bytes', answered, 12000, 120);

// The same, whoever measured it.
local expected(at, second_status) =
  local service = lib.labels({ env: at.env, service: at.service });
  local exactly(record, value) = lib.value(record, 600, { [record + service]: value });
  local endpoint(status) = 'instance_endpoint:http_requests:rate5m' + lib.labels(at { method: 'GET', endpoint: '/ads/{id}', status: status });
  [
    lib.value('instance_endpoint:http_requests:rate5m', 600, { [endpoint(second_status[0])]: 5.6, [endpoint(second_status[1])]: 2.4 }),
    exactly('service:http_requests:rate5m', 8),
    exactly('service:http_errors:rate5m', 2.4),
    exactly('service:http_errors:ratio_rate5m', 0.3),
    exactly('service:http_errors:per_minute', 144),
    exactly('service:http_request_duration_seconds:p50_5m', 0.1),
    exactly('service:http_request_duration_seconds:p95_5m', 0.91),
    exactly('service:http_request_duration_seconds:p99_5m', 0.982),
    exactly('service:http_request_size_bytes:mean_5m', 20),
    exactly('service:http_response_size_bytes:mean_5m', 100),
    exactly('service:http_requests_in_progress:sum', 3),
  ];

local shop = { env: 'test', service: 'shop' };

function(alerts, config)
  local alert = alerts.HighErrorRate;
  // 8 requests a second, 30 % of which fail from the fifth minute to the tenth.
  local fault = [
    lib.series('http_requests_total', shop { instance: 'a', method: 'GET', endpoint: '/', status: '200' }, '0+40x60 2428+28x60 4120+40x60'),
    lib.series('http_requests_total', shop { instance: 'a', method: 'GET', endpoint: '/', status: '503' }, '0x60 12+12x60 732x60'),
  ];
  local firing(seconds) = lib.value('count(ALERTS{alertname="HighErrorRate",alertstate="firing"})', seconds, { '{}': 1 });
  local not_firing(seconds) = lib.value('ALERTS{alertname="HighErrorRate",alertstate="firing"}', seconds, {});
  local as_shipped = alert.enabled && alert.threshold == 5 && alert['for'] == '1m';
  {
    'http.yaml': lib.file([
      lib.test('HTTP signals from our own library', our_requests() + our_details, values=expected(ours, ['200', '500'])),
      lib.test('HTTP signals from prometheus-fastapi-instrumentator', fastapi_requests, values=expected(fastapi, ['2xx', '5xx'])),
      lib.test('HTTP signals from OpenTelemetry', otel_requests(), values=expected(otel, ['200', '500'])),
      lib.test('an instance that speaks two instrumentations is counted once', our_requests() + our_details + otel_requests(ours, '/ads/:id'), values=expected(ours, ['200', '500'])),
      lib.test('instances of one service are added up, whatever each speaks', our_requests(shop { instance: 'a' }) + otel_requests(shop { instance: 'b' }), values=[
        lib.value('service:http_requests:rate5m', 600, { 'service:http_requests:rate5m{env="test",service="shop"}': 16 }),
        lib.value('service:http_errors:per_minute', 600, { 'service:http_errors:per_minute{env="test",service="shop"}': 288 }),
      ]),
      lib.test('no error is zero errors, not a gap', [our_requests()[0]], values=[
        lib.value('service:http_errors:per_minute', 600, { 'service:http_errors:per_minute{env="test",service="ours"}': 0 }),
        lib.value('service:http_errors:ratio_rate5m', 600, { 'service:http_errors:ratio_rate5m{env="test",service="ours"}': 0 }),
        lib.value('service_exception:http_exceptions:per_minute', 600, { 'service_exception:http_exceptions:per_minute{env="test",exception_type="none",service="ours"}': 0 }),
      ]),
      lib.test('without traffic there is no share and no latency, and no division by zero', [
        lib.constant('http_requests_total', ours { method: 'GET', endpoint: '/', status: '200' }, 7),
        lib.constant('http_request_duration_seconds_bucket', ours { method: 'GET', endpoint: '/', le: '1.0' }, 7),
        lib.constant('http_request_duration_seconds_bucket', ours { method: 'GET', endpoint: '/', le: '+Inf' }, 7),
      ], values=[
        lib.value('service:http_requests:rate5m', 600, { 'service:http_requests:rate5m{env="test",service="ours"}': 0 }),
        lib.value('service:http_errors:ratio_rate5m', 600, {}),
        lib.value('service:http_request_duration_seconds:p95_5m', 600, {}),
      ]),
      lib.test('a restarted process does not look like traffic', [
        lib.series('http_requests_total', ours { method: 'GET', endpoint: '/', status: '200' }, '0+15x29 0+15x30'),
      ], values=[lib.value('service:http_requests:rate5m < bool 1.01', 600, { '{env="test",service="ours"}': 1 })]),
      lib.test('caches, rate limits and exceptions', [
        lib.series('cache_requests_total', ours { cache: 'ads', result: 'hit' }, '0+30x60'),
        lib.series('cache_requests_total', ours { cache: 'ads', result: 'miss' }, '0+10x60'),
        lib.series('rate_limit_requests_total', ours { decision: 'allowed', limit_type: 'ip' }, '0+45x60'),
        lib.series('rate_limit_requests_total', ours { decision: 'blocked', limit_type: 'ip' }, '0+15x60'),
        lib.series('http_exceptions_total', ours { exception_type: 'KeyError', endpoint: '/' }, '0+3x60'),
      ], values=[
        lib.value('service_cache:cache_hits:ratio_rate5m', 600, { 'service_cache:cache_hits:ratio_rate5m{cache="ads",env="test",service="ours"}': 0.75 }),
        lib.value('service:rate_limit_blocked:ratio_rate5m', 600, { 'service:rate_limit_blocked:ratio_rate5m{env="test",service="ours"}': 0.25 }),
        lib.value('service_exception:http_exceptions:per_minute', 600, { 'service_exception:http_exceptions:per_minute{env="test",exception_type="KeyError",service="ours"}': 12 }),
      ]),
    ]),
  } + if !as_shipped then {} else {
    // The fault begins at 300 s and ends at 605 s.
    'fault.yaml': lib.file([
      lib.test('HighErrorRate tells of a fault within 90 seconds and is over within two minutes', fault, interval='5s', values=[
        not_firing(300),
        not_firing(350),
        firing(390),
        firing(600),
        not_firing(725),
      ]),
    ], interval='5s'),
  }

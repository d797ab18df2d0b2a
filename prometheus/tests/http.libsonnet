// The signals of HTTP services from each instrumentation's own metrics, and HighErrorRate from end to end.
local lib = import 'lib.libsonnet';

local ours = { env: 'test', service: 'ours', instance: 'a' };
local fastapi = { env: 'test', service: 'fastapi', instance: 'b' };
local otel = { env: 'test', service: 'otel', instance: 'c' };

// Per 15 seconds, at one endpoint: 120 requests (8 a second) of which 36 fail; half of them take up to 0.1 s, all of
// them up to 1 s.
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
                           lib.series(
                             'http_requests_total',
                             fastapi { method: 'GET', handler: '/ads/{id}', status: '2xx' },
                             '0+84x60'
                           ),
                           lib.series(
                             'http_requests_total',
                             fastapi { method: 'GET', handler: '/ads/{id}', status: '5xx' },
                             '0+36x60'
                           ),
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
  local endpoint(status) =
    'instance_endpoint:http_requests:rate5m' + lib.labels(at { method: 'GET', endpoint: '/ads/{id}', status: status });
  [
    lib.value('instance_endpoint:http_requests:rate5m', 600, {
      [endpoint(second_status[0])]: 5.6,
      [endpoint(second_status[1])]: 2.4,
    }),
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
local answered(status, values, endpoint='/', method='GET') =
  lib.series('http_requests_total', shop { instance: 'a', method: method, endpoint: endpoint, status: status }, values);
local of_shop(record, seconds, value) = lib.value(record, seconds, { [record + lib.labels(shop)]: value });
local days(count, minutes_more=0) = 86400 * count + 60 * minutes_more;

function(alerts, config)
  local alert = alerts.HighErrorRate;
  // 8 requests a second, 30 % of which fail from the fifth minute to the tenth.
  local fault = [
    lib.series(
      'http_requests_total',
      shop { instance: 'a', method: 'GET', endpoint: '/', status: '200' },
      '0+40x60 2428+28x60 4120+40x60'
    ),
    lib.series(
      'http_requests_total',
      shop { instance: 'a', method: 'GET', endpoint: '/', status: '503' },
      '0x60 12+12x60 732x60'
    ),
  ];
  local firing(seconds) =
    lib.value('count(ALERTS{alertname="HighErrorRate",alertstate="firing"})', seconds, { '{}': 1 });
  local not_firing(seconds) = lib.value('ALERTS{alertname="HighErrorRate",alertstate="firing"}', seconds, {});
  local as_shipped = alert.enabled && alert.threshold == 5 && alert['for'] == '1m';
  {
    'http.yaml': lib.file([
      lib.test(
        'HTTP signals from our own library',
        our_requests() + our_details,
        values=expected(ours, ['200', '500'])
      ),
      lib.test(
        'HTTP signals from prometheus-fastapi-instrumentator',
        fastapi_requests,
        values=expected(fastapi, ['2xx', '5xx'])
      ),
      lib.test('HTTP signals from OpenTelemetry', otel_requests(), values=expected(otel, ['200', '500'])),
      lib.test(
        'an instance that speaks two instrumentations is counted once',
        our_requests() + our_details + otel_requests(ours, '/ads/:id'),
        values=expected(ours, ['200', '500'])
      ),
      lib.test(
        'instances of one service are added up, whatever each speaks',
        our_requests(shop { instance: 'a' }) + otel_requests(shop { instance: 'b' }),
        values=[
          lib.value('service:http_requests:rate5m', 600, {
            'service:http_requests:rate5m{env="test",service="shop"}': 16,
          }),
          lib.value('service:http_errors:per_minute', 600, {
            'service:http_errors:per_minute{env="test",service="shop"}': 288,
          }),
        ]
      ),
      lib.test('no error is zero errors, not a gap', [our_requests()[0]], values=[
        lib.value('service:http_errors:per_minute', 600, {
          'service:http_errors:per_minute{env="test",service="ours"}': 0,
        }),
        lib.value('service:http_errors:ratio_rate5m', 600, {
          'service:http_errors:ratio_rate5m{env="test",service="ours"}': 0,
        }),
        lib.value('service_exception:http_exceptions:per_minute', 600, {
          'service_exception:http_exceptions:per_minute{env="test",exception_type="none",service="ours"}': 0,
        }),
      ]),
      lib.test('without traffic there is no share and no latency, and no division by zero', [
        lib.constant('http_requests_total', ours { method: 'GET', endpoint: '/', status: '200' }, 7),
        lib.constant('http_request_duration_seconds_bucket', ours { method: 'GET', endpoint: '/', le: '1.0' }, 7),
        lib.constant('http_request_duration_seconds_bucket', ours { method: 'GET', endpoint: '/', le: '+Inf' }, 7),
      ], values=[
        lib.value('service:http_requests:rate5m', 600, {
          'service:http_requests:rate5m{env="test",service="ours"}': 0,
        }),
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
        lib.value('service_cache:cache_hits:ratio_rate5m', 600, {
          'service_cache:cache_hits:ratio_rate5m{cache="ads",env="test",service="ours"}': 0.75,
        }),
        lib.value('service:rate_limit_blocked:ratio_rate5m', 600, {
          'service:rate_limit_blocked:ratio_rate5m{env="test",service="ours"}': 0.25,
        }),
        lib.value('service_exception:http_exceptions:per_minute', 600, {
          'service_exception:http_exceptions:per_minute{env="test",exception_type="KeyError",service="ours"}': 12,
        }),
        lib.value('service_cache:cache_requests:rate5m', 600, {
          'service_cache:cache_requests:rate5m{cache="ads",env="test",service="ours"}': 2.6666666666666665,
        }),
        lib.value('service:rate_limit_requests:rate5m', 600, {
          'service:rate_limit_requests:rate5m{env="test",service="ours"}': 4,
        }),
      ]),
      lib.test('success is neither 4xx nor 5xx; unknown routes and rate limits are left out', [
        answered('200', '0+60x60'),
        answered('304', '0+20x60'),
        answered('401', '0+15x60'),
        answered('500', '0+5x60'),
        answered('429', '0+300x60'),
        answered('404', '0+300x60', endpoint='unmatched'),
      ], values=[of_shop('service:http_successes:ratio_rate5m', 600, 0.8)]),
      lib.test('success as prometheus-fastapi-instrumentator groups statuses', fastapi_requests, values=[
        lib.value('service:http_successes:ratio_rate5m', 600, {
          'service:http_successes:ratio_rate5m{env="test",service="fastapi"}': 0.7,
        }),
      ]),
      lib.test('validation failures as an application counts them, not its statuses on top', [
        answered('422', '0+15x60'),
        lib.series('validation_failures_total', shop { instance: 'a', endpoint: '/', reason: 'missing' }, '0+3x60'),
      ], values=[of_shop('service:validation_failures:per_minute', 600, 12)]),
      lib.test('validation failures of one that does not count them are its 400 and 422', [
        answered('400', '0+2x60'),
        answered('422', '0+1x60'),
        answered('404', '0+9x60'),
        answered('200', '0+9x60'),
      ], values=[of_shop('service:validation_failures:per_minute', 600, 12)]),
      lib.test('without validation failures there are none, and no jump', [answered('200', '0+9x60')], values=[
        of_shop('service:validation_failures:per_minute', 600, 0),
        of_shop('service:validation_failures:ratio_yesterday', 600, 0),
        lib.value('service:validation_failures:yesterday', 600, {}),
      ]),
    ]),

    // Days, in steps of five minutes: one sample a minute.
    'http-days.yaml': lib.file([
      lib.test('validation failures against the same hour yesterday', interval='1m', input_series=[
        // two a minute for a day, then ten
        answered('422', '0+2x1440 2890+10x120'),
      ], values=[
        of_shop('service:validation_failures:ratio_yesterday', days(0, 60), 1),
        lib.value('service:validation_failures:yesterday', days(0, 60), {}),
        of_shop('service:validation_failures:ratio_yesterday', days(1, 60), 5),
      ]),
      lib.test(
        'after a day with hardly any, a few are no jump',
        interval='1m',
        input_series=[answered('422', '0x1440 0+2x120')],
        values=[
          of_shop('service:validation_failures:yesterday', days(1, 60), 0),
          of_shop('service:validation_failures:ratio_yesterday', days(1, 60), 2),
        ]
      ),
      lib.test(
        'an hour of a new service is not yet a yesterday',
        interval='1m',
        input_series=[answered('422', '0+2x20 40+30x1500')],
        values=[
          lib.value('service:validation_failures:yesterday', days(1, 10), {}),
        ]
      ),
      // 30 requests a minute for a day; then the process still answers Prometheus, but nobody asks it for anything.
      lib.test(
        'traffic that stops is missed, and found again',
        interval='1m',
        input_series=[answered('200', '0+30x1500 45000x60 45000+30x60')],
        values=[
          of_shop('service:http_requests:missing', days(0, 60), 0),
          of_shop('service:http_requests:missing', days(1, 30), 0),
          of_shop('service:http_requests:missing', days(1, 100), 0.5),
          of_shop('service:http_requests:missing', days(1, 150), 0),
        ],
        alerts=[lib.silent(alerts.TrafficDroppedToZero, days(1, 60))]
      ),
      lib.test(
        'traffic of a service that vanished altogether is missed, until it is forgotten',
        interval='1m',
        input_series=[answered('200', '0+30x1500 _x4500')],
        values=[
          of_shop('service:http_requests:missing', days(1, 100), 0.5),
          of_shop('service:http_requests:missing', days(3, 100), 0.5),
          lib.value('service:http_requests:missing', days(4, 200), {}),
        ]
      ),
      lib.test(
        'a new service without traffic misses none',
        interval='1m',
        input_series=[answered('200', '0x1500')],
        values=[
          lib.value('service:http_requests:expected', days(0, 1380), {}),
          of_shop('service:http_requests:missing', days(0, 1380), 0),
          of_shop('service:http_requests:missing', days(1, 50), 0),
        ]
      ),
      lib.test('an hour in which there is no traffic on any day is not missed', interval='1m', input_series=[
        // sixteen hours with and eight without
        answered('200', '0+30x960 28800x480 28800+30x960 57600x480'),
      ], values=[
        of_shop('service:http_requests:missing', days(1, 20 * 60), 0),
        of_shop('service:http_requests:expected', days(1, 12 * 60), 0.5),
      ]),
      // Closed on the first day of each week.
      lib.test('a quiet day is none to tell of once it was quiet a week ago, too', interval='1m', input_series=[
        answered('200', '0x1440 0+30x8640 259200x1440'),
      ], values=[
        of_shop('service:http_requests:missing', days(7, 720), 0),
        of_shop('service:http_requests:expected', days(6, 720), 0.5),
      ]),
    ], interval='5m'),
  } + if !as_shipped then {} else {
    // The fault begins at 300 s and ends at 605 s.
    'fault.yaml': lib.file([
      lib.test(
        'HighErrorRate tells of a fault within 90 seconds and is over within two minutes',
        fault,
        interval='5s',
        values=[
          not_firing(300),
          not_firing(350),
          firing(390),
          firing(600),
          not_firing(725),
        ]
      ),
    ], interval='5s'),
  }

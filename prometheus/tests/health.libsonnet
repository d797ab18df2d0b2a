// The health of services, and the score of the whole.
local lib = import 'lib.libsonnet';

local target(service, instance, values='1x60') =
  lib.series('up', { env: 'test', service: service, instance: instance }, values);
local requests(status, values) = lib.series(
  'http_requests_total',
  { env: 'test', service: 'shop', instance: 'a', method: 'GET', endpoint: '/', status: status },
  values
);
local health(service, value) = lib.value('service:health:worst{service="%s"}' % service, 300, {
  ['service:health:worst{env="test",service="%s"}' % service]: value,
});
local score(value, seconds=300) =
  lib.value('env:system_health:score', seconds, { 'env:system_health:score{env="test"}': value });
local lost(part, value, seconds=300) =
  lib.value('sum by (part) (env:system_health:points_lost) > 0', seconds, { ['{part="%s"}' % part]: value });

function(config) {
  'health.yaml': lib.file([
    lib.test('a service is as healthy as its worst check and target', [
      target('well', 'a'),
      lib.constant(
        'service_health',
        { env: 'test', service: 'well', instance: 'a', component: 'database', check: 'ping' },
        1
      ),
      target('ailing', 'a'),
      lib.constant(
        'service_health',
        { env: 'test', service: 'ailing', instance: 'a', component: 'database', check: 'ping' },
        1
      ),
      lib.constant(
        'service_health',
        { env: 'test', service: 'ailing', instance: 'a', component: 'provider', check: 'ping' },
        0.5
      ),
      target('sick', 'a'),
      lib.constant(
        'service_health',
        { env: 'test', service: 'sick', instance: 'a', component: 'provider', check: 'ping' },
        0
      ),
      target('half', 'a'),
      target('half', 'b', '0x60'),
      target('down', 'a', '0x60'),
      target('without', 'a'),
      target('built', 'a', '0x60'),
      lib.constant('service_starting', { env: 'test', service: 'built', instance: 'dashboards' }, 1),
      target('built before', 'a'),
      lib.constant('service_starting', { env: 'test', service: 'built before', instance: 'dashboards' }, 0),
      target('failed', 'a', '0x60'),
      lib.constant('service_starting', { env: 'test', service: 'failed', instance: 'dashboards' }, 0),
    ], values=[
      health('well', 1),
      health('ailing', 0.5),
      health('sick', 0),
      health('half', 0.5),
      health('down', 0),
      health('without', 1),
      health('built', 2),
      health('built before', 1),
      health('failed', 0),
    ]),

    lib.test('a service is as healthy as what its users get', [
      target('failing', 'a'),
      lib.constant('service:http_requests:rate5m', { env: 'test', service: 'failing' }, 5),
      lib.constant('service:http_errors:ratio_rate5m', { env: 'test', service: 'failing' }, 0.29),
      target('worse', 'a'),
      lib.constant('service:http_requests:rate5m', { env: 'test', service: 'worse' }, 5),
      lib.constant('service:http_errors:ratio_rate5m', { env: 'test', service: 'worse' }, 0.02),
      target('slow', 'a'),
      lib.constant('service:http_requests:rate5m', { env: 'test', service: 'slow' }, 5),
      lib.constant('service:http_errors:ratio_rate5m', { env: 'test', service: 'slow' }, 0),
      lib.constant('service:http_request_duration_seconds:p95_5m', { env: 'test', service: 'slow' }, 4),
      target('seldom', 'a'),
      lib.constant('service:http_requests:rate5m', { env: 'test', service: 'seldom' }, 0.05),
      lib.constant('service:http_errors:ratio_rate5m', { env: 'test', service: 'seldom' }, 0.5),
      // nobody scrapes it
      lib.constant('service:http_requests:rate5m', { env: 'test', service: 'pushed' }, 5),
      lib.constant('service_provider:ai_calls:rate5m', { env: 'test', service: 'calling', provider: 'openai' }, 5),
    ], values=[
      health('failing', 0),
      health('worse', 0.5),
      health('slow', 0.5),
      health('seldom', 1),
      health('pushed', 1),
      health('calling', 1),
    ]),

    lib.test('of several severities of the same thing the worst is told', [
      lib.constant('ALERTS', { alertstate: 'firing', env: 'test' } + one, 1)
      for one in [
        { alertname: 'Watchdog', severity: 'info' },
        { alertname: 'HttpErrorRatio', condition: 'error_rate', service: 'shop', severity: 'warning' },
        { alertname: 'HttpErrorRatio', condition: 'error_rate', service: 'shop', severity: 'critical' },
        { alertname: 'HighErrorRate', condition: 'error_rate', service: 'shop', severity: 'error' },
        { alertname: 'HttpErrorRatio', condition: 'error_rate', service: 'other', severity: 'warning' },
        { alertname: 'TargetDown', condition: 'TargetDown', service: 'third', severity: 'critical' },
        { alertname: 'TrafficDroppedToZero', condition: 'TrafficDroppedToZero', service: 'third', severity: 'error' },
      ]
    ], values=[
      lib.value('count by (alertname, service, severity) (service_alert:firing:told)', 300, {
        '{alertname="HttpErrorRatio", service="shop", severity="critical"}': 1,
        '{alertname="HttpErrorRatio", service="other", severity="warning"}': 1,
        '{alertname="TargetDown", service="third", severity="critical"}': 1,
      }),
    ]),

    lib.test(
      'the score is 100 when all is well, and every part says so',
      [target('shop', 'a'), requests('200', '0+15x60')],
      values=[
        score(100),
        lib.value('sort_desc(count by (env) (env:system_health:points_lost == 0))', 300, { '{env="test"}': 5 }),
      ]
    ),
    // 45 s in, before TargetDown fires and takes points of its own
    lib.test(
      'the score: a target down',
      [target('shop', 'a'), target('shop', 'b', '1 0x60')],
      values=[score(90, 45), lost('targets', 10, 45)]
    ),
    lib.test(
      'the score: an alert that fires',
      [
        lib.constant('ALERTS', { env: 'test', alertname: 'Made up', alertstate: 'firing', severity: 'warning' }, 1),
        target('shop', 'a'),
      ],
      values=[
        score(98),
        lost('alerts', 2),
      ]
    ),
    lib.test(
      'the score: failing requests, one in a hundred',
      [target('shop', 'a'), requests('200', '0+99x60'), requests('500', '0+1x60')],
      values=[score(97.5, 45), lost('errors', 2.5, 45)]
    ),
    lib.test('the score: slow requests, a P95 of 4.5 s', [
      target('shop', 'a'),
      lib.series(
        'http_request_duration_seconds_bucket',
        { env: 'test', service: 'shop', instance: 'a', method: 'GET', endpoint: '/', le: '3.55' },
        '0+0x60'
      ),
      lib.series(
        'http_request_duration_seconds_bucket',
        { env: 'test', service: 'shop', instance: 'a', method: 'GET', endpoint: '/', le: '4.55' },
        '0+10x60'
      ),
      lib.series(
        'http_request_duration_seconds_bucket',
        { env: 'test', service: 'shop', instance: 'a', method: 'GET', endpoint: '/', le: '+Inf' },
        '0+10x60'
      ),
    ], values=[score(92.5), lost('latency', 7.5)]),
  ]),
}

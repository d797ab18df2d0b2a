// The signals of prometheus/signals/anomalies.libsonnet and rules/forecasts.libsonnet from the series that they look
// at, a sample a minute. `make bench-anomalies` measures the same rules on days of such series.
local lib = import 'lib.libsonnet';

local at(service) = { env: 'test', service: service };
local minutes = 240;
local incident = 180;
// Between -1 and 1, the same each time.
local noise(seed, minute) =
  local x = std.sin(12.9898 * seed + 78.233 * minute) * 43758.5453;
  2 * (x - std.floor(x)) - 1;

// level(minute), or null for no sample
local course(service, level) = lib.series('service:http_requests:rate5m', at(service), std.join(' ', [
  if level(minute) == null then '_' else '%.10g' % (std.round(1e4 * level(minute)) / 1e4)
  for minute in std.range(0, minutes)
]));
local around(seed, mean, spread=0.05) = function(minute) mean * (1 + spread * noise(seed, minute));
// `changed` for some minutes from the incident on.
local within(level, length, changed) = function(minute)
  if minute >= incident && minute < incident + length then changed(level(minute)) else level(minute);

local firing(alert) = 'count by (service) (ALERTS{alertname="%s",alertstate="firing"})' % alert;
local fire(alert, minute, services) =
  lib.value(firing(alert), 60 * minute, { ['{service="%s"}' % service]: 1 for service in services });

local flat = { env: 'test', service: 'flat', signal: 'traffic' };
local exactly(record, minute, value) =
  lib.value(record + '{service="flat"}', 60 * minute, { [record + lib.labels(flat)]: value });

// 0.01 percentage points more of the requests fail each minute: at 1 %, where HttpErrorRatio begins, after 100 minutes.
local share(service, values) = lib.series('service:http_errors:ratio_rate5m', at(service), values);
local growing = { env: 'test', service: 'growing', will_fire: 'HttpErrorRatio' };
local rounded(record, seconds, value) =
  lib.value('round(%s{service="growing"}, 0.001)' % record, seconds, { [lib.labels(growing)]: value });

function(config) {
  'anomalies.yaml': lib.file([
    lib.test('an incident is an anomaly, noise and the time of day are none', [
      course('step', within(around(1, 10), 40, function(level) 2 * level)),
      course('half', within(around(2, 10), 40, function(level) level / 2)),
      course('spike', within(around(3, 10), 15, function(level) 3 * level)),
      course('zero', within(around(4, 10), 30, function(level) 0)),
      course('gone', within(around(5, 10), 30, function(level) null)),
      // Its band reaches below zero, yet zero is rare.
      course('rough', within(around(6, 10, 0.9), 30, function(level) 0)),
      course('noise', around(7, 10, 0.3)),
      course('blip', within(around(8, 10), 3, function(level) 3 * level)),
      course('season', function(minute) around(9, 10 + 5 * std.sin(2 * 3.14159 * minute / 1440))(minute)),
      // Too little, and too young, to say anything.
      course('tiny', within(around(10, 0.01), 30, function(level) 0)),
      course(
        'young',
        function(minute) if minute < 150 then null else within(around(11, 10), 30, function(level) 3 * level)(minute)
      ),
    ], interval='1m', values=[
      fire('AnomalyDetected', incident, []),
      fire('AnomalyDetected', incident + 10, ['step', 'half', 'spike', 'zero', 'gone', 'rough']),
      // It ends with the incident, or when the new level has become the usual one.
      fire('AnomalyDetected', incident + 55, []),
    ]),

    lib.test('a band is the usual value and a margin, after an hour of history', [
      lib.series('service:http_requests:rate5m', at('flat'), '10x99 30x20'),
    ], interval='1m', values=[
      lib.value('{__name__=~"service_signal:band:.*"}', 60 * 50, {}),
      exactly('service_signal:anomaly:score', 50, 0),
      // A fifth of the usual, where nothing strays.
      exactly('service_signal:band:margin', 99, 2),
      exactly('service_signal:band:upper', 99, 12),
      exactly('service_signal:band:lower', 99, 8),
      exactly('service_signal:anomaly:score', 99, 0),
      exactly('service_signal:anomaly:score', 101, 9),
    ]),

    lib.test('what was the same yesterday at this time is usual', [
      lib.series('service:http_requests:rate5m', at('flat'), '10x599 30x99 10x1339 30x99 10x99'),
    ], interval='1m', values=[fire('AnomalyDetected', 610, ['flat']), fire('AnomalyDetected', 2050, [])]),

    lib.test('less errors or a shorter latency than usual is no anomaly', [
      lib.series('service:http_errors:rate5m', at('shop'), '5x199 0x60'),
      lib.series('service:http_request_duration_seconds:p95_5m', at('shop'), '2x199 0.1x60'),
    ], interval='1m', values=[fire('AnomalyDetected', 210, [])]),
  ], interval='1m'),

  'forecasts.yaml': lib.file([
    lib.test('a signal that moves steadily towards its threshold',
             [
               share('growing', '0+0.0001x180'),
               share('idle', '0+0.0001x180'),
               share('falling', '0.02-0.0001x180'),
               share(
                 'noise',
                 std.join(' ', [
                   '%.10g' % (std.round(1e5 * (0.008 + 0.0015 * noise(1, minute))) / 1e5)
                   for minute in std.range(0, 180)
                 ])
               ),
               share('young', std.join(' ', ['_x%d' % 40, '0+0.0001x140'])),
               share('slow', '0+0.00003x180'),
             ] + [
               lib.constant('service:http_requests:rate5m', at(service), 8, 180)
               for service in ['growing', 'falling', 'noise', 'young', 'slow']
             ],
             interval='1m',
             values=[
               // As soon as there is enough of it, the one with traffic.
               fire('ThresholdBreachForecast', 40, []),
               fire('ThresholdBreachForecast', 70, ['growing']),
               rounded('service_alert:time_to_breach:seconds', 4200, 1800),
               rounded('service_alert:threshold_used:ratio', 4200, 0.7),
               rounded('service_alert:threshold_used:forecast_1h', 4200, 1.3),
               // Beyond its first threshold, and far from the next.
               fire('ThresholdBreachForecast', 125, ['young']),
             ]),
  ], interval='1m'),
}

// Objectives from raw requests to their alerts: with the targets of signalfire.yaml where the numbers follow from them,
// and otherwise with those that are shipped.
local lib = import 'lib.libsonnet';

local shop = { env: 'test', service: 'shop' };
local requests(status, values) =
  lib.series('http_requests_total', shop { instance: 'a', method: 'GET', endpoint: '/', status: status }, values);
// A bucket of what took as long, cumulative as the histogram is.
local within(le, values, at=shop { instance: 'a' }) =
  lib.series('http_request_duration_seconds_bucket', at { method: 'GET', endpoint: '/', le: le }, values);

local hours(count) = 3600 * count;
local days(count) = 86400 * count;

function(alerts, config)
  local objectives = config.settings.objectives;
  local of(kind) = [o for o in objectives if std.get(o, 'kind', 'availability') == kind];
  local labels(objective) = shop { objective: objective.name, kind: std.get(objective, 'kind', 'availability') };

  local fast = alerts.SloAvailabilityBurnsFast;
  local slow = alerts.SloAvailabilityBurnsSlowly;
  local slow_latency = alerts.SloLatencyBurnsSlowly;
  local burning(alert, seconds) =
    lib.value('count(ALERTS{alertname="%s",alertstate="firing",service="shop"})' % alert.name, seconds, { '{}': 1 });
  local quiet(alert, seconds) = lib.value('ALERTS{alertname="%s",alertstate="firing"}' % alert.name, seconds, {});
  local burn(window, seconds, value) =
    lib.value('round(service:slo_burn:rate%s{kind="availability"}, 0.1)' % window, seconds, {
      [lib.labels(shop { objective: 'availability', kind: 'availability' })]: value,
    });

  local as_shipped =
    std.length(objectives) == 2 && of('availability')[0].target == 0.99 && of('latency')[0].target == 0.95
    && std.all([
      a.enabled && a.threshold == 1 && std.objectFields(a.services) == []
      for a in [fast, slow, alerts.SloLatencyBurnsFast, slow_latency]
    ])
    && fast['for'] == '2m' && slow['for'] == '15m';

  // 1 % of 3000 requests in a first hour fails, and none of 300 in a second: weighed by events that is 30 of 3300.
  local busy = [requests('200', '0+49.5x60 2970+5x60'), requests('500', '0+0.5x60 30+0x60')];
  local module = (import '../signals/objectives.libsonnet')(config);
  local every_record = std.set([rule.record for rule in module.slow_sources + module.sampled_sources]);

  {
    'objectives.yaml': lib.file([
      lib.test('the error budget is weighed by events, not by time', busy, interval='1m', values=[
        lib.value('round(10000 * service:slo_errors:ratio{kind="availability"})', 7200, {
          [lib.labels(labels(objective))]: 91
          for objective in of('availability')
        }),
      ] + [
        lib.value(
          'round(100 * (1 - %.10g) * (1 - service:slo_error_budget:left_ratio{objective="%s"}), 0.01)' % [
            objective.target,
            objective.name,
          ],
          7200,
          {
            [lib.labels(labels(objective))]: 0.91,
          }
        )
        for objective in of('availability')
      ]),
      // For as long as its window its series are there beside the new ones.
      lib.test('what an objective of the same name and another kind has left behind does not count', busy + [
        lib.series(record, shop { objective: objective.name, kind: 'of before' }, '1x120')
        for objective in of('availability')
        for record in [
          'service:slo_requests:rate5m',
          'service:slo_bad_requests:rate5m',
          'service:slo_requests:sampled5m',
          'service:slo_bad_requests:sampled5m',
          'service:slo_errors:ratio',
        ]
      ] + [
        lib.series(
          'objective:slo_target:ratio',
          { objective: objective.name, kind: kind, release: 'of before' },
          '0.5x120'
        )
        for objective in of('availability')
        for kind in ['availability', 'of before']
      ], interval='1m', values=[
        lib.value(
          'round(100 * (1 - %.10g) * (1 - service:slo_error_budget:left_ratio{objective="%s"}), 0.01)' % [
            objective.target,
            objective.name,
          ],
          7200,
          {
            [lib.labels(labels(objective))]: 0.91,
          }
        )
        for objective in of('availability')
      ]),
      lib.test(
        'an installation of a minute has an error budget, too',
        [requests('200', '0+98x8'), requests('500', '0+2x8')],
        values=[
          lib.value('service:slo_errors:ratio{kind="availability"}', 60, {
            ['service:slo_errors:ratio' + lib.labels(labels(objective))]: 0.02
            for objective in of('availability')
          }),
        ]
      ) + { start_timestamp: '2026-01-15T12:01:00Z' },
    ], interval='1m'),
  } + if !as_shipped then {} else {
    'objectives-latency.yaml': lib.file([
      lib.test('every rule of the objectives yields series', [
        requests('200', '0+90x180'),
        requests('500', '0+10x180'),
        within('1.0', '0+80x180'),
        within('+Inf', '0+100x180'),
      ], interval='1m', values=[
        lib.value('count(%s) > bool 0' % record, hours(2), { '{}': 1 })
        for record in every_record
      ]),
      // 80 of 100 a minute within a second
      lib.test('what is slower than the objective says is bad, however a bound is spelled', [
        within('0.5', '0+40x120'),
        within('1.0', '0+80x120'),
        within('2.5', '0+100x120'),
        within('+Inf', '0+100x120'),
        within('1', '0+60x120', shop { instance: 'b' }),
        within('+Inf', '0+100x120', shop { instance: 'b' }),
      ], interval='1m', values=[
        lib.value('round(service:slo_errors:ratio{kind="latency"}, 0.001)', 3600, {
          [lib.labels(shop { objective: 'latency', kind: 'latency' })]: 0.3,
        }),
        lib.value('round(service:slo_burn:rate1h{kind="latency"}, 0.1)', 3600, {
          [lib.labels(shop { objective: 'latency', kind: 'latency' })]: 6,
        }),
      ]),
      lib.test('an instance whose histogram has no such bound is left out, not taken for slow', [
        within('1.0', '0+90x120'),
        within('+Inf', '0+100x120'),
        within('0.7', '0+60x120', shop { instance: 'b' }),
        within('+Inf', '0+100x120', shop { instance: 'b' }),
        within('0.7', '0+60x120', { env: 'test', service: 'other', instance: 'c' }),
        within('+Inf', '0+100x120', { env: 'test', service: 'other', instance: 'c' }),
      ], interval='1m', values=[
        lib.value('round(service:slo_errors:ratio{kind="latency"}, 0.001)', 3600, {
          [lib.labels(shop { objective: 'latency', kind: 'latency' })]: 0.1,
        }),
      ]),
    ], interval='5m'),

    'objectives-burn.yaml': lib.file([
      // A quarter fails from the second hour on, for an hour: 25 times what is allowed.
      lib.test('a fast burn pages within half an hour, and is over soon after its cause', interval='1m', input_series=[
        requests('200', '0+600x120 72000+450x60 99000+600x240'),
        requests('500', '0x120 0+150x60 9000+0x240'),
      ], values=[
        burn('5m', hours(2.5), 25),
        quiet(fast, hours(2)),
        quiet(fast, hours(2.25)),
        burning(fast, hours(2.75)),
        burning(fast, hours(3)),
        // the hour still burns, the last 5 minutes do not; the 6 hours' page ends with its half hour
        quiet(fast, hours(3.75)),
      ]),
      lib.test(
        'what is within the objective never fires',
        interval='1m',
        input_series=[requests('200', '0+597x600'), requests('500', '0+3x600')],
        values=[
          burn('1h', hours(9), 0.5),
          quiet(fast, hours(9)),
          quiet(slow, hours(9)),
        ]
      ),
      // One of 6 requests an hour succeeds; more than half an hour passes between some of them.
      lib.test('a service with a few requests an hour that all fail pages, too', interval='1m', input_series=[
        requests('500', std.join(' ', ['%dx9' % count for count in std.range(0, 60)])),
      ], values=[
        quiet(fast, hours(0.5)),
        burning(fast, hours(2)),
        burning(fast, hours(9)),
      ]),
      lib.test(
        'two failures of an otherwise idle service do not',
        interval='1m',
        input_series=[requests('500', '0x60 1x30 2x500')],
        values=[
          quiet(fast, hours(1.2)),
          quiet(fast, hours(2)),
          quiet(slow, hours(8)),
        ]
      ),
      lib.test('an idle service does not go on paging for what was', interval='1m', input_series=[
        requests('200', '0+60x60 3600x400'),
        requests('500', '0x30 0+60x30 1800x400'),
      ], values=[
        burning(fast, hours(1)),
        quiet(fast, hours(3.5)),
      ]),
      lib.test('a service that vanished does not go on paging for what was', interval='1m', input_series=[
        requests('200', '0+60x60 _x400'),
        requests('500', '0x30 0+60x30 _x400'),
      ], values=[burning(fast, hours(1)), quiet(fast, hours(3.5))]),
    ], interval='5m'),

    'objectives-days.yaml': lib.file([
      // 4 % fail for a day: 4 times what is allowed, which is not enough to wake somebody.
      lib.test('a slow burn is a ticket, not a page, and over once it is mended', interval='1m', input_series=[
        requests('200', '0+600x1440 864000+576x1440 1693440+600x1440'),
        requests('500', '0x1440 0+24x1440 34560+0x1440'),
      ], values=[
        quiet(slow, days(1)),
        burning(slow, days(1) + hours(20)),
        burning(slow, days(2)),
        quiet(fast, days(2)),
        burn('1d', days(2), 4),
        burn('3d', days(2), 2),
        quiet(slow, days(2) + hours(10)),
      ]),
      // One request an hour, every one fails: never more than five within an hour, so it is the longer windows that
      // tell.
      lib.test('a service with one request an hour is not forgotten', interval='1m', input_series=[
        requests('500', std.join(' ', ['%dx59' % count for count in std.range(0, 48)])),
      ], values=[burning(slow, days(1))]),
    ], interval='5m'),
  }

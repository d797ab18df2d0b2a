// The Watchdog watches Prometheus' own last sample, not a signal.
local duration = import '../lib/duration.libsonnet';
local lib = import 'lib.libsonnet';

function(alerts, config)
  local alert = alerts.Watchdog;
  // The evaluations just before, and at or after, the moment at which the newest sample is too old.
  local step = 5;
  local quiet = step * std.ceil(alert.threshold / step);
  local late = quiet - step;
  local expected(seconds) = {
    labels: {
      severity: alert.severity,
      cooldown: alert.cooldown,
      condition: 'Watchdog',
      env: config.settings.env,
      service: 'prometheus',
    } + alert.labels,
    annotations: {
      summary: 'The alerting pipeline works: Prometheus stores samples and its alerts arrive',
      description: 'This alert always fires and is sent again every few minutes. If it stops coming, ' +
                   'no other alert can be relied on: ' +
                   (
                     'Prometheus does not store what it reads, or Alertmanager does not deliver. ' +
                     'It goes quiet once the newest sample is %.10g s old.'
                   ) % alert.threshold,
      runbook_url: config.links.dashboards + '/runbooks/Watchdog',
      dashboard_url: '%s/d/alerts-and-incidents?from=%d&to=now' % [
        config.links.dashboards,
        1000 * (lib.start.seconds + seconds - 1800),
      ],
    },
  };
  local own(values) = [
    lib.series('up', { job: 'prometheus', env: 'test', service: 'prometheus', instance: 'p' }, values),
  ];
  local holds = 15 * std.ceil(duration.seconds(alert['for']) / 15);
  // The last sample is stored at this moment.
  local last = 600;
  local stopped = own('1x%d _x60' % [last / 15]);
  lib.file([
    lib.test('Watchdog always fires, from the first sample on', own('1x40'), [
      lib.fires(alert, holds, [expected(holds)]),
      lib.fires(alert, 300, [expected(300)]),
    ]),
    lib.test('Watchdog still fires while samples could just be late', stopped, [
      lib.fires(alert, last + late, [expected(last + late)]),
    ]),
    lib.test('Watchdog is silent once nothing has been stored for so long', stopped, [lib.silent(alert, last + quiet)]),
    lib.test(
      'Watchdog is silent if Prometheus does not read its own metrics',
      [lib.constant('up', { job: 'shop', env: 'test', service: 'shop' }, 1)],
      [lib.silent(alert, 60)]
    ),
  ], interval='%ds' % step)

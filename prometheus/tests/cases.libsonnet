// What an alert that watches a signal must do, whatever its threshold and `for` are set to. Each alert states beside this only
// which series it is tested on and what it then says (alerts.libsonnet).
//
// The signal's recorded series is put in as it is, so that "exactly at the threshold" is exact.
local lib = import 'lib.libsonnet';
local promql = import '../signals/promql.libsonnet';

local step = 15;
// The first evaluation at which something that began at 0 has lasted that long.
local rounded_up(seconds) = step * std.ceil(seconds / step);

function(alert, expectation, links)
  local hold = rounded_up(promql.seconds(alert['for']));
  local rising = alert.compare == '>';
  local threshold = alert.threshold;
  local far = if rising then threshold * 2 else threshold / 2;
  local near = if rising then threshold * 1.001 else threshold * 0.999;
  local fine = if rising then threshold / 2 else threshold * 2;

  local record = alert.signal.record(alert.by);
  local series(values) = [lib.series(record, expectation.series, values)];
  local lasting(value) = series('%sx%d' % [value, hold / step + 40]);

  local url_part(text) = std.strReplace(std.strReplace(text, '&', '%26'), ' ', '+');
  local dashboard_url(seconds) = '%s/d/%s?%sfrom=%d&to=now' % [
    links.dashboards,
    alert.dashboard,
    std.join('', ['var-%s=%s&' % [label, url_part(expectation.series[label])] for label in alert.by]),
    1000 * (lib.start.seconds + seconds - 1800),
  ];
  local expected(value, seconds) = {
    labels: expectation.series + { severity: alert.severity, cooldown: alert.cooldown, condition: alert.condition } + alert.labels,
    annotations: expectation.says(value) + {
      runbook_url: '%s/runbooks/%s' % [links.dashboards, alert.name],
      dashboard_url: dashboard_url(seconds),
    },
  };

  [
    lib.test(alert.name + ' fires once it has lasted', lasting(far), [
      lib.fires(alert, hold, expected(far, hold)),
      lib.fires(alert, hold + 120, expected(far, hold + 120)),
    ] + if hold == 0 then [] else [lib.silent(alert, hold - step)]),

    lib.test(alert.name + ' is silent when all is well', lasting(fine), [lib.silent(alert, hold + 120)]),

    lib.test(alert.name + ' is silent at its threshold', lasting(threshold), [lib.silent(alert, hold + 120)]),

    lib.test(alert.name + ' fires just beyond its threshold', lasting(near), [lib.fires(alert, hold, expected(near, hold))]),

    lib.test(alert.name + ' resolves when it is over', series('%gx%d %gx40' % [far, hold / step, fine]), [
      lib.fires(alert, hold, expected(far, hold)),
      lib.silent(alert, hold + 2 * step),
    ]),
  ] + if hold < 2 * step then [] else [
    lib.test(alert.name + ' is silent about what passes sooner', series('%gx%d %gx40' % [far, hold / step - 1, fine]), [
      lib.silent(alert, hold - step),
      lib.silent(alert, hold),
      lib.silent(alert, hold + 120),
    ]),
  ]

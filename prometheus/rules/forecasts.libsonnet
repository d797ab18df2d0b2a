// When the signals of alerts will cross their thresholds, if they go on as in the last hour. The thresholds are the
// alerts' own, so what signalfire.yaml changes of an alert, for one service too, changes its forecast.
//
// A line through noise leads anywhere, so a forecast needs enough samples, a line that explains most of what the signal
// did, and a signal that is on the safe side and moves towards its threshold.
local duration = import '../lib/duration.libsonnet';
local promql = import '../signals/promql.libsonnet';

// The alerts whose signals grow or fall steadily enough to be foreseen.
local foreseen = [
  'HighErrorRate',
  'HttpErrorRatio',
  'HttpLatencyP95',
  'AiLatencyP95',
  'HighMemoryUsage',
  'QueueDepth',
  'DatabaseConnectionsNearLimit',
];
local window = '1h';
// At least so many of the minutes of the window must have a sample.
local enough_minutes = 45;
// The share of the signal's variance that the line must explain.
local good_fit = 0.8;

local slope = 'alert:trend:slope_per_second';
local level = 'alert:trend:level';
local fit = 'alert:trend:explained_ratio';
local steady = 'alert:trend:steady_slope_per_second';

local rises(alert) = alert.compare != '<';

// The line through the last hour: where it is now, how steep it is, and how well it fits.
local trend_of(alert) =
  local seconds = duration.seconds(window);
  local of(record) = promql.select(record, ['will_fire="%s"' % alert.name]);
  local on = 'on (%s)' % std.join(', ', alert.by);
  local rules = [
    {
      record: slope,
      expr: 'deriv(%s[%s])\nand count_over_time(%s[%s:1m]) >= %d' % [
        alert.record,
        window,
        alert.record,
        window,
        enough_minutes,
      ],
    },
    { record: level, expr: 'predict_linear(%s[%s], 0)' % [alert.record, window] },
    // The variance of a line over the window is its slope² × window² / 12.
    {
      record: fit,
      expr: '%s ^ 2 * %d / %s (stdvar_over_time(%s[%s]) > 0)' % [
        of(slope),
        seconds * seconds / 12,
        on,
        alert.record,
        window,
      ],
    },
    {
      record: steady,
      expr: alert.guarded(
        '%s %s 0 and %s >= %.10g' % [of(slope), if rises(alert) then '>' else '<', of(fit), good_fit]
      ),
    },
  ];
  [rule { labels: { will_fire: alert.name } } for rule in rules];

// How far the signal is from the threshold: of each severity, and of each service that has one of its own.
local breach_of(alert) =
  local of(record, limit) = promql.select(record, limit.matchers + ['will_fire="%s"' % alert.name]);
  local used(value, limit) =
    if rises(alert) then '%s / %.10g' % [value, limit.threshold] else '%.10g / (%s > 0)' % [limit.threshold, value];
  local now(limit) = used(promql.select(alert.record, limit.matchers), limit);
  local in_an_hour(limit) = used('(%s + 3600 * %s)' % [of(level, limit), of(slope, limit)], limit);
  local time(limit) = '(%.10g - %s) / %s > 0 and on (%s) %s %s %.10g' % [
    limit.threshold,
    of(level, limit),
    of(steady, limit),
    std.join(', ', alert.by),
    promql.select(alert.record, limit.matchers),
    if rises(alert) then '<' else '>',
    limit.threshold,
  ];
  local first = alert.each[0].limits;
  local fold(how, exprs) = promql.fold(how, ['env', 'service'], std.join('\n  or ', exprs));
  local rules = [
    { record: 'service_alert:threshold_used:ratio', expr: fold('max', std.map(now, first)) },
    {
      record: 'service_alert:threshold_used:forecast_1h',
      expr: 'clamp_min(%s, 0)' % fold('max', std.map(in_an_hour, first)),
    },
    {
      record: 'service_alert:time_to_breach:seconds',
      expr: fold('min', [
        'label_replace(%s, "severity", "%s", "", "")' % [time(limit), each.severity]
        for each in alert.each
        for limit in each.limits
      ]),
    },
  ];
  [rule { labels: { will_fire: alert.name } } for rule in rules];

function(alerts)
  local known = [alerts[name] for name in foreseen if std.objectHas(alerts, name) && alerts[name].enabled];
  [{
    name: 'signalfire-forecasts',
    interval: '30s',
    rules: std.flatMap(trend_of, known) + std.flatMap(breach_of, known),
  }]

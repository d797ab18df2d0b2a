// What is unusual for a service, and how far it is from what is usual.
//
// Each of the signals listed in `watched` is compared with a band around what it was in the last hour, in the last
// hours, and in the same hours of yesterday and of last week, whichever of them there is. It is unusual where it lies
// outside of them all. All are recorded under the same names, with the label `signal`. docs/anomalies.md says how well
// that works.
local promql = import 'promql.libsonnet';
local signal = import 'signal.libsonnet';
local units = import 'units.libsonnet';

// How many spreads a band is wide on each side.
local width = 3;
// A change by less than this share of the usual is none.
local smallest_share = 0.2;
// Until there is so much history, there is no band.
local warm_up_hours = 1;

function(config, signals)
  // smallest: the smallest difference that counts, in the signal's unit. falls: less than usual is as bad as more, and
  // no series at all is zero; for the others there is no such thing as too little. written: its value in a message.
  local requests = units.rate('request', 'requests', 'second');
  local dollars = units.formats.currencyUSD;
  local hourly = dollars { template: dollars.template + ' an hour', text(number):: dollars.text(number) + ' an hour' };
  local tokens = units.rate('token', 'tokens', 'minute');
  local watched = {
    traffic: { signal: signals.http_requests, smallest: 0.1, falls: true, written: requests },
    errors: { signal: signals.http_errors, smallest: 0.05, falls: false, written: requests },
    latency: { signal: signals.http_latency_p95, smallest: 0.1, falls: false, written: units.formats.s },
    cost: { signal: signals.ai_cost_per_hour, smallest: 1, falls: false, written: hourly },
    tokens: { signal: signals.ai_tokens, smallest: 1000, falls: false, written: tokens },
    tasks: { signal: signals.tasks_per_hour, smallest: 10, falls: true, written: units.rate('task', 'tasks', 'hour') },
  };
  local names = std.objectFields(watched);
  local falling = 'signal=~"%s"' % std.join('|', [name for name in names if watched[name].falls]);

  local labels = ['env', 'service', 'signal'];
  local value = 'service_signal:watched:value';
  local history = 'service_signal:watched:history_hours';
  local deviation = 'service_signal:watched:stddev_1h';
  local spread = 'service_signal:watched:spread_1d';
  local smallest = 'signal:watched:smallest_difference';
  local usual = 'service_signal_reference:watched:median';
  local margin = 'service_signal:band:margin';
  local upper = 'service_signal:band:upper';
  local lower = 'service_signal:band:lower';
  local dropped = 'service_signal:dropped_to_zero:score';
  local score = 'service_signal:anomaly:score';

  // The largest of several values, series by series; a part that a series lacks does not count.
  local largest(parts) = promql.fold('max', labels, std.join('\n  or ', [
    'label_replace(%s, "part", "%d", "", "")' % [parts[i], i]
    for i in std.range(0, std.length(parts) - 1)
  ]));
  // A service that has had a series within the hour and has none any more does nothing.
  local with_zero(expr) = '%s\nor 0 * last_over_time((%s)[1h:5m])' % [expr, expr];
  local value_of(name) =
    local expr = watched[name].signal.query(['env', 'service'], []);
    { record: value, expr: if watched[name].falls then with_zero(expr) else expr, labels: { signal: name } };

  // An hour's median follows a change after half an hour: the change does not hide itself, and what lasts becomes the
  // usual.
  local median(reference, range) = {
    record: usual,
    expr: 'quantile_over_time(0.5, %s%s)' % [value, range],
    labels: { reference: reference },
  };

  local rules = [value_of(name) for name in names] + [
    { record: smallest, expr: 'vector(%.10g)' % watched[name].smallest, labels: { signal: name } }
    for name in names
  ] + [
    { record: history, expr: 'count_over_time(%s[1d:5m]) / 12\nor 0 * %s' % [value, value] },
    median('last hour', '[1h]'),
    // So that the end of an incident is not the next one.
    median('last hours', '[6h:5m]'),
    // The hour around the same moment.
    median('yesterday', '[1h] offset 23h30m'),
    median('last week', '[1h] offset 6d23h30m'),
    // How far the signal strays within an hour: in an ordinary hour of the day, not in its worst ones, so that an
    // anomaly does not widen the band that it is measured by.
    { record: deviation, expr: 'stddev_over_time(%s[1h])' % value },
    { record: spread, expr: 'quantile_over_time(0.75, %s[1d:10m])' % deviation },
    {
      record: margin,
      expr: largest([
        '%.10g * %s' % [width, spread],
        '%.10g * %s{reference="last hour"}' % [smallest_share, usual],
        '0 * %s + on (signal) group_left () %s' % [spread, smallest],
      ]) + '\nand on (env, service, signal) %s >= %.10g' % [history, warm_up_hours],
    },
    { record: upper, expr: '%s + %s' % [promql.fold('max', labels, usual), margin] },
    {
      record: lower,
      expr: 'clamp_min(%s - %s, 0)' % [promql.fold('min', labels, promql.select(usual, [falling])), margin],
    },
    // The band of what strays far reaches down to zero, yet a fall to nothing counts where zero is rare.
    {
      record: dropped,
      expr: '1 + (%s == 0)\nand %s > on (signal) group_left () %s\nand quantile_over_time(0.1, %s[1d:5m]) > 0\nand %s'
            % [promql.select(value, [falling]), promql.fold('min', labels, usual), smallest, value, margin],
    },
    {
      record: score,
      expr: largest([
        '(%s - %s) / %s' % [value, upper, margin],
        '(%s - %s) / %s' % [lower, value, margin],
        dropped,
        '0 * ' + value,
      ]),
    },
  ];

  local of_signal(declaration) = signal.recorded({ how: 'max', records: { [self.source]: labels } } + declaration);
  local of_alert(declaration) =
    signal.recorded({ how: 'max', records: { [self.source]: ['env', 'service', 'will_fire'] } } + declaration);
  {
    slow_sources:: rules,
    // What is watched, by its name in the label `signal`. {name: {signal, smallest, falls, written}}
    watched:: watched,
    warm_up_hours:: warm_up_hours,

    watched_value: of_signal({
      title: 'Now',
      unit: 'short',
      description: 'The value of a watched signal, in its own unit.',
      source: value,
    }),

    band_upper: of_signal({
      title: 'Usual at most',
      unit: 'short',
      description: "The upper edge of the band, in the signal's own unit. There is none until there is enough history.",
      source: upper,
    }),

    band_lower: of_signal({
      title: 'Usual at least',
      unit: 'short',
      description: "The lower edge of the band, in the signal's own unit; only of those of which less than usual is " +
                   'a bad sign.',
      source: lower,
    }),

    anomaly_score: of_signal({
      title: 'Anomaly score',
      unit: 'short',
      min: 0,
      decimals: 1,
      description: 'How far a signal lies outside its band, in units of half the width of the band: ' +
                   '0 inside, 1 as far out again as the band reaches. A fall to zero is at least 1 where zero is ' +
                   'rare. It is 0 while there is no band yet.',
      source: score,
    }),

    anomaly_history: of_signal({
      title: 'History',
      unit: 'suffix: h',
      min: 0,
      decimals: 1,
      how: 'min',
      description: (
        'Hours of data of the last day. A band needs %.10g; with a day it knows the same hour of ' +
        'yesterday, with a week that of last week.'
      ) % warm_up_hours,
      source: history,
    }),

    // How far each signal has come towards the threshold of its alert; rules/forecasts.libsonnet has the rules.
    threshold_used: of_alert({
      title: 'Threshold used',
      unit: 'percentunit',
      min: 0,
      description: 'How near the signal of each alert that has a forecast is to where the alert begins to fire, ' +
                   'at 100 %.',
      source: 'service_alert:threshold_used:ratio',
    }),

    threshold_forecast: of_alert({
      title: 'Threshold used in an hour',
      unit: 'percentunit',
      min: 0,
      description: 'Where it will be in an hour, if the course of the last hour goes on; ' +
                   'the alert begins to fire at 100 %.',
      source: 'service_alert:threshold_used:forecast_1h',
    }),

    time_to_breach: of_alert({
      title: 'Time to breach',
      unit: 'dtdurations',
      decimals: 1,
      min: 0,
      how: 'min',
      description: 'How long until an alert would fire, if its signal goes on as in the last hour. ' +
                   'Only of signals that move steadily towards their threshold.',
      source: 'service_alert:time_to_breach:seconds',
    }),
  }

// What an alert that watches a signal must do, whatever its threshold and `for` are set to. Each alert states beside
// this only which series it is tested on and what it then says (tests/alerts/):
//
//   series       the labels of the watched series
//   says(value, level)   { summary, description } as a person reads them: value is the text of the value,
//                        level.limit_text that
//                of the threshold
//   beside       [{ title, series: { record: value }, says }]: what it says where series of its labels are there, too;
//                labels: { record: labels }, where they have others; others: [{ record, labels, value }] besides;
//                in_place: what the watched series has other labels of
//
// The signal's recorded series is put in as it is, so that "exactly at the threshold" is exact.
local duration = import '../lib/duration.libsonnet';
local lib = import 'lib.libsonnet';

// As Prometheus' urlquery does with what the labels of these tests hold.
local url_part(text) = std.foldl(
  function(text, pair) std.strReplace(text, pair[0], pair[1]),
  [['&', '%26'], [':', '%3A'], ['/', '%2F'], [' ', '+']],
  text,
);
// A number well beyond (+1) or well inside (-1) of another. Never a round one: halves are not rounded everywhere alike.
local away(from, direction) = if from == 0 then direction else from + direction * std.abs(from) * 0.493713;
local beyond(compare, value, threshold) =
  if compare == '>' then value > threshold
  else if compare == '>=' then value >= threshold
  else value < threshold;
local outwards(compare) = if compare == '<' then -1 else 1;
// Four thousandths, because the fourth digit of a text must not be a tie: 25.025 % is rounded one way or the other.
local beside(from, direction) = from + direction * (if from == 0 then 0.001 else std.abs(from) * 0.004);
// The last value that is still well, and the first one that is not.
local just_inside(compare, threshold) = if compare == '>=' then beside(threshold, -1) else threshold;
local just_beyond(compare, threshold) = if compare == '>=' then threshold else beside(threshold, outwards(compare));

function(alert, expectation, config)
  local levels = [level for level in alert.each];
  local longest_for = std.foldl(std.max, [duration.seconds(level['for']) for level in levels], 0);
  // Seconds between two evaluations: more where an alert waits for hours, or its tests would take minutes. Samples come
  // more often then: after five minutes Prometheus has forgotten one.
  local wanted = 15 * std.floor(longest_for / 3600);
  local step = if wanted <= 240 then std.max(15, wanted) else 240 * std.ceil(wanted / 240);
  local sample = std.min(240, step);
  // The first evaluation at which something that began at 0 has lasted that long.
  local holds(level) = step * std.ceil(duration.seconds(level['for']) / step);
  local longest = std.foldl(std.max, std.map(holds, levels), 0);
  local out = outwards(alert.compare);

  local test(name, input_series, alerts) = lib.test(name, input_series, alerts, interval='%ds' % sample);
  local series(labels, values) = lib.series(alert.record, labels, values);
  local of(guard, labels, value) = lib.constant(
    guard.signal.record(std.get(guard, 'by', ['env', 'service'])),
    { [label]: labels[label] for label in std.get(guard, 'by', ['env', 'service']) },
    value,
    (longest + 60 * step) / sample
  );
  local guards(labels, value_of) = [of(guard, labels, value_of(guard)) for guard in alert.guards];
  local satisfied(guard) = away(guard.threshold, outwards(guard.compare));
  local lasting(value, labels=expectation.series, guard=satisfied) =
    [series(labels, '%.10gx%d' % [value, (longest + 40 * step) / sample])] + guards(labels, guard);

  local dashboard_url(level, labels, seconds) = '%s/d/%s?%sfrom=%d&to=now' % [
    config.links.dashboards,
    level.dashboard,
    std.join('', ['var-%s=%s&' % [label, url_part(labels[label])] for label in level.variables]),
    1000 * (lib.start.seconds + seconds - 1800),
  ];
  local runbook_url(level, labels) = '%s/runbooks/%s' % [config.links.dashboards, level.name] + (
    if level.by == [] then ''
    else '?' + std.join('&', ['%s=%s' % [label, url_part(std.get(labels, label, ''))] for label in level.by])
  );
  local expected(level, value, seconds, labels, says=expectation.says) = {
    local threshold = if std.objectHas(labels, 'service') then level.threshold_of(labels.service) else level.threshold,
    local explore_urls = level.explore_urls(config),
    labels: labels { severity: level.severity, cooldown: level.cooldown, condition: level.condition }
            + level.fixed_labels + level.labels,
    local said = says(level.format.text(value), level { limit_text: level.format.text(threshold) }),
    local renamed(text) =
      if std.objectHas(labels, 'service') then std.strReplace(text, expectation.series.service, labels.service)
      else text,
    annotations: std.mapWithKey(function(_, text) renamed(text), said) + {
      runbook_url: runbook_url(level, labels),
      dashboard_url: dashboard_url(level, labels, seconds),
    } + {
      [name]: std.strReplace(
        std.strReplace(explore_urls[name], '{{ $labels.service | urlquery }}', url_part(labels.service)),
        '{{ query "1000 * (time() - 1800)" | first | value | printf "%.0f" }}',
        '%d' % (1000 * (lib.start.seconds + seconds - 1800))
      )
      for name in std.objectFields(explore_urls)
    },
  };
  // All levels that a value has crossed for long enough.
  local fires(value, seconds, labels=expectation.series, says=expectation.says) = lib.fires(alert, seconds, [
    expected(level, value, seconds, labels, says)
    for level in levels
    if seconds >= holds(level)
    if !std.objectHas(labels, 'service') || level.watches(labels.service)
    if beyond(
alert.compare,
value,
if std.objectHas(labels, 'service') then level.threshold_of(labels.service) else level.threshold
)
  ]);

  // Beyond the level's threshold and those of all services.
  local beyond_all(level) = std.foldl(
    function(furthest, threshold) if out * away(threshold, out) > out * furthest then away(threshold, out)
    else furthest,
    [level.threshold_of(service) for service in level.judged_apart],
    away(level.threshold, out)
  );

  local title(level, text) = '%s (%s) %s' % [alert.name, level.severity, text];
  local of_level(level) =
    local hold = holds(level);
    local threshold = level.threshold;
    local far = away(threshold, out);
    local inside = just_inside(alert.compare, threshold);
    local near = just_beyond(alert.compare, threshold);
    local fine = away(threshold, -out);
    local until(count, value, after) =
      local afterwards = (longest + 40 * step) / sample;
      [series(expectation.series, '%.10gx%d %.10gx%d' % [value, count, after, afterwards])]
      + guards(expectation.series, satisfied);
    [
      test(title(level, 'fires once it has lasted'), lasting(far), [
        fires(far, hold),
        fires(far, hold + 8 * step),
      ] + if hold == 0 then [] else [fires(far, hold - step)]),
      test(title(level, 'is silent when all is well'), lasting(fine), [fires(fine, hold + 8 * step)]),
      test(title(level, 'is silent up to its threshold'), lasting(inside), [fires(inside, hold + 8 * step)]),
      test(title(level, 'fires just beyond its threshold'), lasting(near), [fires(near, hold)]),
      test(title(level, 'resolves when it is over'), until(hold / sample, far, away(levels[0].threshold, -out)), [
        fires(far, hold),
        lib.silent(alert, hold + 2 * step),
      ]),
    ] + (if hold < 2 * step then [] else [
           test(
             title(level, 'is silent about what passes sooner'),
             until(hold / sample - 1, far, away(levels[0].threshold, -out)),
             [
               lib.silent(alert, hold),
               lib.silent(alert, hold + 8 * step),
             ]
           ),
         ]) + [
      test(title(level, 'watches %s by its own threshold' % service), lasting(value, labels), [
        fires(value, longest + 8 * step, labels),
      ])
      for service in std.objectFields(alert.services)
      for labels in [expectation.series { service: service }]
      for value in if !level.watches(service) then [beyond_all(level)]
      else [
        just_inside(alert.compare, level.threshold_of(service)),
        just_beyond(alert.compare, level.threshold_of(service)),
      ]
    ];

  local worst = std.foldl(
    function(far, level) if out * away(level.threshold, out) > out * far then away(level.threshold, out) else far,
    levels,
    away(levels[0].threshold, out)
  );
  local without(guard, value) =
    lasting(worst, guard=function(other) if other == guard then value else satisfied(other));
  local of_guard(guard) =
    local outside = just_inside(guard.compare, guard.threshold);
    local near = just_beyond(guard.compare, guard.threshold);
    [
      test(
        '%s is silent where its guard %s does not hold' % [alert.name, guard.signal.title],
        without(guard, outside),
        [lib.silent(alert, longest + 8 * step)]
      ),
      test(
        '%s fires where its guard %s just holds' % [alert.name, guard.signal.title],
        without(guard, near),
        [fires(worst, longest)]
      ),
    ] + [
      test(
        '%s: the guard %s of another %s does not count' % [alert.name, guard.signal.title, label],
        [series(expectation.series, '%.10gx%d' % [worst, (longest + 40 * step) / sample])] + [
          of(
            other,
            if other == guard then expectation.series { [label]: 'another' } else expectation.series,
            satisfied(other)
          )
          for other in alert.guards
        ],
        [lib.silent(alert, longest + 8 * step)]
      )
      for label in std.get(guard, 'by', ['env', 'service'])
    ];

  // What is wrong because something is still being built or started is not told; what goes on afterwards is.
  local of_quiet(condition) =
    local quiet = longest + 8 * step;
    local later = quiet + longest + 2 * step;
    local samples = (later + 40 * step) / sample;
    local starts(values, service, env=expectation.series.env) =
      lib.series(condition.record, { env: env } + if service == '' then {} else { service: service }, values);
    local quiet_test(text, starting, alerts, labels=expectation.series) = test(
      '%s %s' % [alert.name, text],
      [series(labels, '%.10gx%d' % [worst, samples]), starting] + [of(g, labels, satisfied(g)) for g in alert.guards],
      alerts,
    );
    // The labels of a series that it is quiet about while the service starts.
    local labels_of(service) =
      if !std.objectHas(condition, 'label') then expectation.series
      else expectation.series {
        [condition.label]: std.filter(
          function(value) condition.service_of[value] == service,
          std.objectFields(condition.service_of)
        )[0],
      };
    std.flattenArrays([
      local is_of_series = labels_of(service) == expectation.series;
      local ends = starts('1x%d 0x%d' % [quiet / sample, samples], service);
      [
        quiet_test(
          'is silent while %s is starting' % service,
          ends,
          [lib.silent(alert, longest), lib.silent(alert, quiet)]
          + if is_of_series then [fires(worst, later)] else [],
          labels_of(service),
        ),
        quiet_test(
          'fires while %s is starting elsewhere' % service,
          starts('1x%d' % samples, service, env='elsewhere'),
          [fires(worst, longest)]
        ),
      ] + (if is_of_series then [] else [
             quiet_test('fires while %s is starting' % service, ends, [fires(worst, longest)]),
           ])
      for service in if condition.services == [] then [''] else condition.services
    ]) + (if !std.objectHas(condition, 'label') then [] else [
            local labels = expectation.series { [condition.label]: 'another' };
            local says(value, level) = std.mapWithKey(
              function(_, text) std.strReplace(text, expectation.series[condition.label], 'another'),
              expectation.says(value, level)
            );
            quiet_test(
              'fires for another %s while %s is starting' % [condition.label, service],
              starts('1x%d' % samples, service),
              [fires(worst, longest, labels, says)],
              labels,
            )
            for service in condition.services
          ]) + (if condition.services == [] then [] else [
                  quiet_test(
                    'fires while something else is starting',
                    starts('1x%d' % samples, 'something-else'),
                    [fires(worst, longest)]
                  ),
                ]);

  local of_beside(beside) =
    local of_watched = expectation.series + std.get(beside, 'in_place', {});
    local samples = (longest + 40 * step) / sample;
    test(
      '%s %s' % [alert.name, beside.title],
      lasting(worst, of_watched) + [
        lib.constant(
          record, std.get(std.get(beside, 'labels', {}), record, of_watched), beside.series[record], samples
        )
        for record in std.objectFields(beside.series)
      ] + [lib.constant(one.record, one.labels, one.value, samples) for one in std.get(beside, 'others', [])],
      [fires(worst, longest, of_watched, beside.says)]
    );

  lib.file(
    std.flattenArrays(std.map(of_level, levels) + std.map(of_guard, alert.guards))
    + std.flattenArrays(std.map(of_quiet, alert.quiet_while))
    + std.map(of_beside, std.get(expectation, 'beside', [])),
    interval='%ds' % step,
    rule_files=['alerts.yaml']
  )

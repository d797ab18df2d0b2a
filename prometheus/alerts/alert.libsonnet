// An alert as it is declared in this folder, and how it becomes Prometheus rules.
//
//   area        what it is about, as a heading over its neighbours; a module has one
//   name        also the name of its page in runbooks/ and of its override in signalfire.yaml
//   signal      what it watches: the unit and title of that signal belong to it
//   by          the grouping of that signal that it watches
//   compare     '>', '>=' or '<'
//   threshold   in the signal's unit
//   for         how long it must hold
//   severity    info, warning, error or critical
//   cooldown    how long until an alert that goes on is notified again
//   levels      instead of threshold, severity and cooldown, where it has several: [{ severity, threshold, cooldown,
//               for? }]. Each is a rule of its own under the same name.
//   guards      only where these hold too: [{ signal, compare, threshold, by? }], such as enough traffic for a share to
//               mean something
//   quiet_while conditions of lib/starting.libsonnet: it says nothing about what is still being built or started
//   condition   what is wrong, shared by the severities of the same thing: the higher one inhibits the lower ones
//   counted     [one, many]: what its value is a number of, where the unit of the signal does not say it
//   per         second, minute or hour, where it is so many of them in that time
//   summary     one line that a person can act on; labels as in any Prometheus template, and self.value for the value
//               that it has, self.limit for its threshold, both with their unit (signals/units.libsonnet)
//   description what it means and, last, what to look at first. Messages show 140 characters of a summary, 400 of this.
//   formats     {name: format}: those in which its texts write something else, by units.written(name, …)
//   brief       the summary in the list of all alerts, where it looks something up
//   dashboard   where to look: the uid of a dashboard
//   variables   the labels of `by` that this dashboard has variables for
//   traces      how the traces that it is about are found among those of the service: tags, minDuration
local links_of = import '../../grafana/lib/links.libsonnet';
local duration = import '../lib/duration.libsonnet';
local regex = import '../lib/regex.libsonnet';
local starting = import '../lib/starting.libsonnet';
local texts = import '../lib/text.libsonnet';
local promql = import '../signals/promql.libsonnet';
local units = import '../signals/units.libsonnet';

// Prometheus works out the start of the range while it renders the annotation: half an hour before the evaluation.
local half_an_hour_before = '{{ query "1000 * (time() - 1800)" | first | value | printf "%.0f" }}';
local of_every_dashboard = ['env', 'service'];
// Chat and mail programs take only what may stand in an address for a part of it.
local encoded(url) = std.foldl(
  function(text, pair) std.strReplace(text, pair[0], pair[1]),
  [['{', '%7B'], ['}', '%7D'], ['[', '%5B'], [']', '%5D'], [',', '%2C']],
  url,
);

{
  local alert = self,
  enabled: true,
  labels: {},
  by: of_every_dashboard,
  condition: self.name,
  guards: [],
  quiet_while:: [],
  // Thresholds of single services: { service: { threshold, enabled } }
  services: {},
  variables: [label for label in alert.by if std.member(of_every_dashboard, label)],
  levels: [{ severity: alert.severity, threshold: alert.threshold, cooldown: alert.cooldown }],

  // The alert once for each level, with that level's threshold, severity and so on.
  each:: [alert + level for level in alert.levels],

  record:: alert.signal.record(alert.by),
  counted:: null,
  per:: null,
  format::
    if alert.counted == null then units.of(alert.signal)
    else if alert.per == null then units.counted(alert.counted[0], alert.counted[1])
    else units.rate(alert.counted[0], alert.counted[1], alert.per),
  formats:: {},
  // A text behind the definitions of the formats that it uses.
  filled(text)::
    local formats = (if std.objectHas(alert, 'signal') then { amount: alert.format } else {}) + alert.formats;
    // One format may use others.
    local mentions(name, text) = texts.contains(text, 'template "%s"' % name);
    local reached = std.join('', [text] + [
      formats[name].template
      for name in std.objectFields(formats)
      if mentions(name, text)
    ]);
    local used = [name for name in std.objectFields(formats) if mentions(name, reached)];
    std.join('', [units.define(name, formats[name]) for name in used]) + text,

  value:: units.written('amount'),
  limit:: std.foldl(
    function(text, service) '{{ if eq $labels.service "%s" }}%s{{ else }}%s{{ end }}' % [
      service,
      alert.format.text(alert.threshold_of(service)),
      text,
    ],
    alert.judged_apart,
    alert.format.text(alert.threshold),
  ),

  // The services that have a threshold of their own at this level, and those that it does not watch at all.
  judged_apart:: [
    s
    for s in std.objectFields(alert.services)
    if alert.watches(s) && alert.threshold_of(s) != alert.threshold
  ],
  watches(service)::
    std.get(std.get(alert.services, service, {}), 'enabled', true) && alert.threshold_of(service) != false,
  threshold_of(service)::
    local own = std.get(std.get(alert.services, service, {}), 'threshold');
    if std.isObject(own) then std.get(own, alert.severity, alert.threshold)
    else if own == null then alert.threshold else own,

  compared(matchers, threshold)::
    promql.select(alert.record, matchers) + ' ' + alert.compare + ' ' + '%.10g' % threshold,
  // Which threshold is that of which series. [{ matchers, threshold }]
  limits::
    local apart = [
      s
      for s in std.objectFields(alert.services)
      if !alert.watches(s) || std.member(alert.judged_apart, s)
    ];
    if apart == [] then [{ matchers: [], threshold: alert.threshold }]
    else [{ matchers: ['service!~"%s"' % regex.any_of(apart)], threshold: alert.threshold }]
         + [{ matchers: ['service="%s"' % s], threshold: alert.threshold_of(s) } for s in alert.judged_apart],
  watched:: std.join('\nor ', [alert.compared(limit.matchers, limit.threshold) for limit in alert.limits]),

  // An expression about the watched series, where the guards hold.
  guarded(expr)::
    local guarded(guard) =
      local by = std.get(guard, 'by', of_every_dashboard);
      '\nand on (%s) %s %s %.10g' % [std.join(', ', by), guard.signal.record(by), guard.compare, guard.threshold];
    if alert.guards == [] then expr
    else
      (if texts.contains(expr, '\nor ') then '(\n' + expr + '\n)' else expr)
      + std.join('', std.map(guarded, alert.guards)),
  expr:: starting.quiet(alert.guarded(alert.watched), alert.quiet_while),

  dashboard_url(links):: '%s/d/%s?%sfrom=%s&to=now' % [
    links.dashboards,
    alert.dashboard,
    std.join('', ['var-%s={{ $labels.%s | urlquery }}&' % [label, label] for label in alert.variables]),
    half_an_hour_before,
  ],

  // The page fills its queries in from the labels.
  runbook_url(links):: '%s/runbooks/%s' % [links.dashboards, alert.name] + (
    if alert.by == [] then ''
    else '?' + std.join('&', ['%s={{ $labels.%s | urlquery }}' % [label, label] for label in alert.by])
  ),

  traces:: {},

  // What went wrong in the logs of the service that it is about, and its traces, in Explore.
  explore_urls(config)::
    local range = { from: 'START', to: 'now' };
    local filled(url) = config.links.dashboards
                        + std.strReplace(
                          std.strReplace(encoded(url), 'SERVICE', '{{ $labels.service | urlquery }}'),
                          'START',
                          half_an_hour_before
                        );
    if !std.member(alert.by, 'service') then {}
    else {
      logs_url: filled(
        links_of.explore(
          { type: 'loki', uid: config.datasources.loki },
          { expr: '{service_name="SERVICE", level=~"warning|error|critical"}' },
          range
        )
      ),
      traces_url: filled(
        links_of.explore(
          { type: 'jaeger', uid: config.datasources.jaeger },
          { queryType: 'search', service: 'SERVICE' } + alert.traces,
          range
        )
      ),
    },

  rule(config):: {
    alert: alert.name,
    expr: alert.expr,
    [if duration.seconds(alert['for']) > 0 then 'for']: alert['for'],
    labels: { severity: alert.severity, cooldown: alert.cooldown, condition: alert.condition } + alert.fixed_labels
            + alert.labels,
    annotations: {
      summary: alert.filled(alert.summary),
      description: alert.filled(alert.description),
      runbook_url: alert.runbook_url(config.links),
      dashboard_url: alert.dashboard_url(config.links),
    } + alert.explore_urls(config),
  },
  // Labels that the watched series does not bring along; the series' own `service` is the alert's.
  fixed_labels:: {},

  brief:: alert.summary,

  // What the list of all alerts tells of it.
  told:: {
    local words(condition) = {
      what: condition.signal.title,
      compare: condition.compare,
      threshold: units.with_unit(condition.signal, condition.threshold),
    },
    name: alert.name,
    area: alert.area,
    levels: [
      { severity: level.severity, 'for': level['for'], cooldown: level.cooldown }
      + (if std.objectHas(alert, 'signal') then words(level) else {})
      for level in alert.each
    ],
    guards: std.map(words, alert.guards),
    summary:
      if !std.objectHas(alert, 'signal') then alert.brief
      else std.strReplace(alert.brief, alert.value, alert.value + std.get(alert.format, 'words', '')),
  },
}

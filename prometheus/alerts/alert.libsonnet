// An alert as it is declared in this folder, and how it becomes a Prometheus rule.
//
//   name        also the name of its page in runbooks/ and of its override in signalfire.yaml
//   signal      what it watches: the unit and title of that signal belong to it
//   compare     '>' or '<'
//   threshold   in the signal's unit
//   for         how long it must hold
//   severity    info, warning, error or critical
//   cooldown    how long until an alert that goes on is notified again
//   condition   what is wrong, shared by the severities of the same thing: the higher one inhibits the lower ones
//   summary     one line that a person can act on; `{{ $value }}` and labels as in any Prometheus template
//   description what it means and what to look at first
//   dashboard   where to look: the uid of a dashboard
local promql = import '../signals/promql.libsonnet';

// Prometheus works out the start of the range while it renders the annotation: half an hour before the evaluation.
local half_an_hour_before = '{{ query "1000 * (time() - 1800)" | first | value | printf "%.0f" }}';

{
  local alert = self,
  enabled: true,
  labels: {},
  // The grouping that it watches and that its links are about.
  by: ['env', 'service'],
  condition: self.name,

  expr:: '%s %s %g' % [alert.signal.record(alert.by), alert.compare, alert.threshold],

  dashboard_url(links):: '%s/d/%s?%sfrom=%s&to=now' % [
    links.dashboards,
    alert.dashboard,
    std.join('', ['var-%s={{ $labels.%s | urlquery }}&' % [label, label] for label in alert.by]),
    half_an_hour_before,
  ],

  rule(links):: {
    alert: alert.name,
    expr: alert.expr,
    [if promql.seconds(alert['for']) > 0 then 'for']: alert['for'],
    labels: { severity: alert.severity, cooldown: alert.cooldown, condition: alert.condition } + alert.fixed_labels + alert.labels,
    annotations: {
      summary: alert.summary,
      description: alert.description,
      runbook_url: '%s/runbooks/%s' % [links.dashboards, alert.name],
      dashboard_url: alert.dashboard_url(links),
    },
  },
  // Labels that the watched series does not bring along; the series' own `service` is the alert's.
  fixed_labels:: {},
}

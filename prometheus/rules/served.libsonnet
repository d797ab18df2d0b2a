// What those get who use a service: 1 what they should, 0.5 less, 0 nothing to rely on. The limits are those of the
// alerts, so what signalfire.yaml changes of them, for one service too, changes this.
local promql = import '../signals/promql.libsonnet';

// What each level of an alert means for them. Who waits long is served less well, but is served.
local meanings = {
  HttpErrorRatio: { warning: 0.5, 'error': 0.5, critical: 0 },
  HttpLatencyP95: { 'error': 0.5, critical: 0.5 },
};

function(alerts)
  local levels = [
    { expr: '%.10g + 0 * (%s)' % [meanings[name][level.severity], level.guarded(level.watched)], name: name }
    + { severity: level.severity }
    for name in std.objectFields(meanings)
    if std.objectHas(alerts, name) && alerts[name].enabled
    for level in alerts[name].each
    if std.objectHas(meanings[name], level.severity)
  ];
  local told_apart(level) = promql.labelled(level.expr, 'by', '%s %s' % [level.name, level.severity]);
  [{
    name: 'signalfire-served',
    rules: [{
      record: 'service:served:worst',
      // Also of those that nobody scrapes: that they tell what they do says that they are there.
      expr: promql.fold('min', ['env', 'service'], '\n  ' + std.join('\n  or ', std.map(told_apart, levels) + [
        '1 + 0 * service:http_requests:rate5m',
        '1 + 0 * sum by (env, service) (service_provider:ai_calls:rate5m)',
      ]) + '\n'),
    }],
  }]

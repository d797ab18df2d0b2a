// What is still being built or started, and that alerts are quiet about it: nothing is wrong then. `make up` knows, the
// viewer serves it as `service_starting`; where nobody says it, a service that has never answered has half an hour.
local promql = import '../signals/promql.libsonnet';
local regex = import 'regex.libsonnet';
local texts = import 'text.libsonnet';

local starting = 'service:starting:bool';
// What started within the window, unless it is down again: nobody waits for it any more then.
local held(window) = 'max_over_time(%s[%s]) unless on (env, service) service:up:ratio < 1' % [starting, window];
local of_services(record, services) = promql.select(record, ['service=~"' + regex.any_of(services) + '"']) + ' == 1';

{
  // As far back as an alert looks whose signal is a rate: what was lost while something started is not told afterwards.
  records:: {
    now: starting,
    short: 'service:starting:max_short',
    '5m': 'service:starting:max_5m',
    anything: 'env:starting_said:max_5m',
  },

  // said: what `make up` says of a service, as PromQL. due: how many of its targets ought to answer. They come after
  // service:up:ratio, the share of those that do.
  rules(config, said, due):: [
    // 1 for a service of which no target is due yet, 0 for the others.
    { record: starting, expr: '%s == bool 0' % due },
    { record: $.records.short, expr: held(config.short_window) },
    { record: $.records['5m'], expr: held('5m') },
    { record: $.records.anything, expr: 'max by (env) (max_over_time(%s[5m]))' % said },
  ],

  // Each of these is a condition: what an alert says is left out where `expr` has a series with the same labels `on`.
  // back: a key of `records`.

  // While one of these services is starting.
  of(services, back='now'):: {
    on: ['env'],
    record: $.records[back],
    services: services,
    expr: of_services(self.record, services),
  },

  // While that one is starting that a value of the label stands for: { value: service }.
  named(label, service_of, back='now'):: $.of(std.set(std.objectValues(service_of)), back) {
    on: ['env', label],
    label: label,
    service_of: service_of,
    expr: std.foldl(
      function(expr, value) 'label_replace(' + expr + ', "' + label + '", "' + value + '", "service", "'
                            + regex.literal(service_of[value]) + '")',
      std.objectFields(service_of),
      self.record + ' == 1',
    ),
  },

  // While `make up` builds or starts anything: the machine is then as busy as it should be.
  anything():: {
    on: ['env'],
    record: $.records.anything,
    services: [],
    expr: self.record + ' == 1',
  },

  // The expression but for what these conditions leave out.
  quiet(expr, conditions)::
    if conditions == [] then expr
    else
      (if texts.contains(expr, '\nor ') then '(\n' + expr + '\n)' else expr)
      + std.join('', ['\nunless on (%s) %s' % [std.join(', ', c.on), c.expr] for c in conditions]),
}

// Which targets answer, of those that ought to be there. `config.expected_targets` is the inventory: without it a
// target that service discovery lost, or a job that is missing as a whole, would leave nothing behind that could be
// counted.
local starting = import '../../lib/starting.libsonnet';
local promql = import '../promql.libsonnet';
local signal = import '../signal.libsonnet';

function(config)
  local scope = promql.scope(config);
  local up = scope.raw('up');
  local found = 'count by (env, service) (%s)' % up;
  local answering = 'sum by (env, service) (%s)' % up;
  local inventory = config.expected_targets;
  local expected = 'service:targets_expected:count';

  // What `make up` says of a service, 1 while it is still building or starting it; nothing of what is not its own.
  local said = 'max by (env, service) (%s)' % scope.raw('service_starting');

  // Where nobody says so: what has never answered is still on its way, and not down. It has this long to arrive.
  local arrival = '30m';

  // How many instances of one server of the stack answer; nothing while it has yet to arrive.
  local server(name, title) =
    local of_it = ['service="%s"' % config.stack[name]];
    local answering = promql.select('service:targets_up:count', of_it);
    local due = promql.select('service:targets_due:count', of_it);
    signal.rule('service:%s_up:count' % name, scope.by_service, '%s and %s > 0' % [answering, due], {
      title: title + ' instances up',
      unit: 'none',
      min: 0,
      decimals: 0,
      description: 'How many instances of %s answer Prometheus.' % title,
    });

  {
    sources:: [
      { record: expected, expr: 'vector(%d)' % service.targets, labels: { env: service.env, service: service.service } }
      for service in inventory
    ] + [
      {
        record: 'service:targets_up:count',
        expr: answering + if inventory == [] then '' else '\nor 0 * ' + expected,
      },
      {
        record: 'service:targets_known:count',
        expr: if inventory == [] then found else '%s > %s\nor %s\nor %s' % [found, expected, expected, found],
      },
      // Of what is being started those that answer; of what ought to run all; of others those that have answered within
      // that time, or that it has been over for.
      {
        record: 'service:targets_due:count',
        expr: |||
          service:targets_up:count and on (env, service) %(said)s == 1
          or service:targets_known:count and on (env, service) %(said)s == 0
          or (
            service:targets_known:count offset %(arrival)s > max_over_time(service:targets_up:count[%(arrival)s])
            or max_over_time(service:targets_up:count[%(arrival)s])
          ) < service:targets_known:count
          or service:targets_known:count
        ||| % { arrival: arrival, said: said },
      },
      { record: 'service:up:ratio', expr: 'clamp_max(service:targets_up:count / (service:targets_due:count > 0), 1)' },
    ] + starting.rules(config, scope.raw('service_starting'), 'service:targets_due:count'),

    targets_up: signal.recorded({
      title: 'Targets up',
      unit: 'percentunit',
      min: 0,
      max: 1,
      how: 'min',
      description: "The share of each service's expected targets that answer Prometheus. A target that has just been " +
                   'added counts once it has answered, or after 30 minutes; what `make up` starts, once it is started.',
      source: 'service:up:ratio',
      records: { 'service:up:ratio': scope.by_service },
    }),

    targets_expected: signal.recorded({
      title: 'Targets expected',
      unit: 'none',
      min: 0,
      decimals: 0,
      description: 'How many targets each service ought to have.',
      source: 'service:targets_known:count',
      records: { 'service:targets_known:count': scope.by_service },
    }),

    targets_answering: signal.recorded({
      title: 'Targets answering',
      unit: 'none',
      min: 0,
      decimals: 0,
      description: 'How many targets of each service answer Prometheus.',
      source: 'service:targets_up:count',
      records: { 'service:targets_up:count': scope.by_service },
    }),

    loki_up: server('loki', 'Loki'),
    jaeger_up: server('jaeger', 'Jaeger'),
    dashboards_up: server('dashboards', "The dashboards' server"),
  }

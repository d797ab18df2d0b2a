// How well services keep the objectives in signalfire.yaml: how much of each error budget is left, and how fast it
// burns.
//
// Everything is weighed by events: all bad requests of a window by all requests of it, not the mean of its ratios.
// Rates over 5 minutes are taken every 5 minutes (every minute for the shorter windows), so that they add up to the
// requests themselves.
local duration = import '../lib/duration.libsonnet';
local regex = import '../lib/regex.libsonnet';
local promql = import 'promql.libsonnet';
local signal = import 'signal.libsonnet';

local by_objective = ['env', 'service', 'objective', 'kind'];

// Who burns this fast has used up the budget of 30 days in 2 (2 % of it within the long window), 5, 10 and 30. Both
// windows must burn: the long one so that it matters, the short one so that it is over soon after the cause is. Where
// the short one had no request at all, as is usual where there are few, `instead` takes its place.
local burns = import 'burn_rates.json';
local fastest = std.foldl(std.max, [pair.factor for urgency in std.objectValues(burns) for pair in urgency], 0);
// One failure among a handful of requests says nothing; as many within the long window do, however few requests there
// are.
local smallest_count = 5;

local sampling_interval = '5m';
// Each window with how it adds up rates. A subquery would begin later than the samples themselves: at the next whole
// five minutes.
local every_minute(record, window) = '60 * sum_over_time(%s:rate5m[%s:1m])' % [record, window];
local sampled(record, window) =
  '%d * sum_over_time(%s:sampled5m[%s])' % [duration.seconds(sampling_interval), record, window];
local windows = {
  '30m': every_minute,
  '1h': every_minute,
  '2h': every_minute,
  '6h': sampled,
  '1d': sampled,
  '3d': sampled,
};

local objective_of(declared) =
  local objective = { kind: 'availability', latency_seconds: null, services: [] } + declared;
  assert fastest * (1 - objective.target) < 1 :
         (
    'objectives: %s: with a target of %.10g even a service that answers nothing well would not burn %.10g ' +
    'times as fast as allowed; write a target above %.4g'
  ) % [objective.name, objective.target, fastest, 1 - 1 / fastest];
  assert objective.kind != 'latency' || objective.latency_seconds != null :
         'objectives: %s: say what is fast enough: add latency_seconds: 1' % objective.name;
  objective;

function(config)
  local objectives = [objective_of(declared) for declared in config.settings.objectives];

  local requests = 'instance_endpoint:http_requests:rate5m';
  local buckets = 'instance_endpoint:http_request_duration_seconds_bucket:rate5m';
  local of_services(objective) =
    if objective.services == [] then '' else 'service=~"%s"' % regex.any_of(objective.services);

  local bound(objective) =
    local number = '%.10g' % objective.latency_seconds;
    'le="%s"' % if std.floor(objective.latency_seconds) == objective.latency_seconds then number + '.0' else number;

  // All requests and bad ones, per second. Good latency is what the bucket with that bound holds; an instance that has
  // no such bucket is left out, instead of being taken for slow.
  local events = {
    availability(objective): {
      all: promql.select('service:http_requests:rate5m', [of_services(objective)]),
      bad: promql.select('service:http_errors:rate5m', [of_services(objective)]),
    },
    latency(objective):
      local within(le) = 'sum by (env, service, instance) (%s)' % promql.select(buckets, [le, of_services(objective)]);
      local fast = within(bound(objective));
      local all = within('le="+Inf"');
      {
        all: 'sum by (env, service) (%s and %s)' % [all, fast],
        bad: 'clamp_min(sum by (env, service) (%s - %s), 0)' % [all, fast],
      },
  };
  local rates(objective) =
    local of = events[objective.kind](objective);
    local labels = { objective: objective.name, kind: objective.kind };
    [
      { record: 'service:slo_requests:rate5m', expr: of.all, labels: labels },
      { record: 'service:slo_bad_requests:rate5m', expr: of.bad, labels: labels },
      { record: 'objective:slo_target:ratio', expr: 'vector(%.10g)' % objective.target, labels: labels },
      {
        record: 'objective:slo_window:seconds',
        expr: 'vector(%.10g)' % duration.seconds(objective.window),
        labels: labels,
      },
    ];

  // What an older configuration or release recorded of an objective stays beside the new series: for minutes as an
  // instant, in the sums for the whole window. So all are asked for by their kind, too, and of a setting the strictest
  // counts.
  local setting(record) = 'max by (objective, kind) (%s)' % record;
  local allowed = 'on (objective, kind) group_left () (1 - %s)' % setting('objective:slo_target:ratio');
  local of_window(window) = [
    { record: 'service:slo_requests:sum' + window, expr: windows[window]('service:slo_requests', window) },
    { record: 'service:slo_bad_requests:sum' + window, expr: windows[window]('service:slo_bad_requests', window) },
    {
      record: 'service:slo_burn:rate' + window,
      expr: 'service:slo_bad_requests:sum%s / (service:slo_requests:sum%s > 0) / %s' % [window, window, allowed],
    },
  ];
  local of_present = [{
    record: 'service:slo_burn:rate5m',
    expr: 'service:slo_bad_requests:rate5m / (service:slo_requests:rate5m > 0) / ' + allowed,
  }];

  // By how much both windows burn faster than they may; 0 where too few requests were bad for that to mean anything.
  local beyond_limit(pair) = {
    local burn(window) = 'service:slo_burn:rate' + window,
    local short = '(%s or %s)' % [burn(pair.short), burn(pair.instead)],
    record: 'service:slo_burn:of_limit',
    expr: '((%s <= %s) or %s) / %.10g and service:slo_bad_requests:sum%s >= %d\nor 0 * service:slo_requests:sum%s' %
          [burn(pair.long), short, short, pair.factor, pair.long, smallest_count, pair.long],
    labels: { window: pair.long },
  };
  local worst(kind, urgency) = {
    local long_windows = std.join('|', [pair.long for pair in burns[urgency]]),
    record: 'service:slo_%s_burn:%s' % [kind, urgency],
    expr: 'max by (env, service, objective) (service:slo_burn:of_limit{kind="%s",window=~"%s"})' % [kind, long_windows],
  };

  local whole_window(objective) =
    local labels = { objective: objective.name, kind: objective.kind };
    local of_objective(record) = '%s{objective="%s",kind="%s"}' % [record, objective.name, objective.kind];
    local total(record) = 'sum_over_time(%s[%s])' % [of_objective(record + ':sampled5m'), objective.window];
    [
      {
        record: 'service:slo_errors:ratio',
        // In the first minutes nothing has been sampled yet: there is only the present.
        expr: '%s / (%s > 0)\nor %s / (%s > 0)' % [
          total('service:slo_bad_requests'),
          total('service:slo_requests'),
          of_objective('service:slo_bad_requests:rate5m'),
          of_objective('service:slo_requests:rate5m'),
        ],
        labels: labels,
      },
      {
        record: 'service:slo_error_budget:left_ratio',
        expr: '1 - %s / %s' % [of_objective('service:slo_errors:ratio'), allowed],
        labels: labels,
      },
    ];

  local by_endpoint = ['env', 'service', 'instance', 'method', 'endpoint'];
  local events_of(rates) = '60 * sum_over_time(%s[$__range:1m])' % rates;
  local of_objective(record) = {
    source: 'service:slo_errors:ratio',
    labels: by_objective,
    expr(by, matchers=[]):: promql.fold(
      'max',
      by,
      '0 * %s + on (objective, kind) group_left () %s' % [promql.select(self.source, matchers), setting(record)]
    ),
  };

  local burn(window) = signal.recorded({
    title: 'Burn over ' + window,
    unit: 'none',
    format: 'times',
    min: 0,
    decimals: 1,
    how: 'max',
    description: (
      'How many times as fast as the objective allows the error budget burned over the last %s; ' +
      'at 1 it lasts exactly for its window.'
    ) % window,
    source: 'service:slo_burn:rate' + window,
    records: { ['service:slo_burn:rate' + window]: by_objective },
  });
  local pace(kind, urgency, what) = signal.recorded({
    title: what,
    unit: 'none',
    format: 'times',
    min: 0,
    decimals: 2,
    how: 'max',
    description: 'The error budget burns this many times as fast as the limit: ' +
                 std.join(' or ', [
                   '%.10g times what is allowed over %s and still over %s' % [pair.factor, pair.long, pair.short]
                   for pair in burns[urgency]
                 ]) +
                 '. At least %d bad requests within the longer time; 0 with fewer.' % smallest_count,
    source: 'service:slo_%s_burn:%s' % [kind, urgency],
    records: { ['service:slo_%s_burn:%s' % [kind, urgency]]: ['env', 'service', 'objective'] },
  });

  {
    burns:: burns,
    slow_sources:: std.flattenArrays(std.map(rates, objectives))
                   + (if objectives == [] then [] else
                        std.flattenArrays(std.map(of_window, std.objectFields(windows)))
                        + of_present
                        + [beyond_limit(pair) for urgency in std.objectFields(burns) for pair in burns[urgency]]
                        + [
                          worst(kind, urgency)
                          for kind in ['availability', 'latency']
                          for urgency in std.objectFields(burns)
                        ])
                   + std.flattenArrays(std.map(whole_window, objectives)),
    // Kept for the windows of days: at the pace of the others, adding them up would be slow.
    sampling_interval:: sampling_interval,
    sampled_sources:: if objectives == [] then [] else [
      { record: record + ':sampled5m', expr: record + ':rate5m' }
      for record in ['service:slo_requests', 'service:slo_bad_requests']
    ],

    // For each service that has the objective, so that they stand in a table beside what the service makes of it.
    slo_target: signal.recorded(of_objective('objective:slo_target:ratio') {
      title: 'Target',
      unit: 'percentunit',
      description: 'The share of requests that should be good.',
    }),
    // In days: Grafana would write 4.29 weeks.
    slo_window: signal.recorded(of_objective('objective:slo_window:seconds / 86400') {
      title: 'Window',
      unit: 'suffix: d',
      description: 'The time over which the objective is meant.',
    }),
    slo_good_share: signal.recorded({
      title: 'Actual',
      unit: 'percentunit',
      decimals: 2,
      max: 1,
      description: "The share of the requests that were good, over the objective's window or what there is of it.",
      source: 'service:slo_errors:ratio',
      labels: by_objective,
      expr(by, matchers=[]):: '1 - ' + promql.fold('max', by, promql.select(self.source, matchers)),
    }),
    slo_good_requests: signal.recorded({
      title: 'Good',
      unit: 'reqps',
      min: 0,
      description: 'Requests per second that were as the objective wants them, over the last 5 minutes.',
      source: 'service:slo_requests:rate5m',
      labels: by_objective,
      expr(by, matchers=[])::
        promql.fold('sum', by, promql.select(self.source, matchers)) + ' - '
        + promql.fold('sum', by, promql.select('service:slo_bad_requests:rate5m', matchers)),
    }),
    slo_bad_requests: signal.recorded({
      title: 'Bad',
      unit: 'reqps',
      min: 0,
      description: 'Requests per second that used up error budget, over the last 5 minutes: failed for availability, ' +
                   'too slow for latency.',
      source: 'service:slo_bad_requests:rate5m',
      records: { 'service:slo_bad_requests:rate5m': by_objective },
    }),

    // The events themselves, over the time range that a dashboard shows.
    slo_failed_events: signal.recorded({
      title: 'Failed requests',
      unit: 'short',
      min: 0,
      decimals: 0,
      description: 'How many requests were answered with a 5xx status.',
      source: requests,
      labels: by_endpoint + ['status'],
      expr(by, matchers=[])::
        promql.fold('sum', by, events_of(promql.select(self.source, ['status=~"5.."'] + matchers))),
    }),
    slo_slow_events:: {
      [objective.name]: signal.recorded({
        title: 'Slow requests',
        unit: 'short',
        min: 0,
        decimals: 0,
        description: 'How many requests took longer than %.10g s.' % objective.latency_seconds,
        source: buckets,
        labels: by_endpoint,
        expr(by, matchers=[])::
          local within(le) = promql.fold('sum', by, events_of(promql.select(self.source, [le] + matchers)));
          within('le="+Inf"') + ' - ' + within(bound(objective)) + ' > 0.5',
      })
      for objective in objectives
      if objective.kind == 'latency'
    },

    slo_burn_5m: burn('5m'),
    slo_burn_30m: burn('30m'),
    slo_burn_1h: burn('1h'),
    slo_burn_2h: burn('2h'),
    slo_burn_6h: burn('6h'),
    slo_burn_1d: burn('1d'),
    slo_burn_3d: burn('3d'),

    slo_availability_page: pace('availability', 'page', 'Availability burn, of what pages'),
    slo_availability_ticket: pace('availability', 'ticket', 'Availability burn, of what is a ticket'),
    slo_latency_page: pace('latency', 'page', 'Latency burn, of what pages'),
    slo_latency_ticket: pace('latency', 'ticket', 'Latency burn, of what is a ticket'),

    error_budget_left: signal.recorded({
      title: 'Error budget left',
      unit: 'percentunit',
      max: 1,
      how: 'min',
      description: 'How much of what the objectives allow is still unused, ' +
                   'over their windows or what there is of them. Below 0 %: more was bad than was allowed. ' +
                   std.join('; ', [
                     '%s: %.10g %% over %s' % [o.name, 100 * o.target, o.window]
                     for o in objectives
                   ]) + '.',
      source: 'service:slo_error_budget:left_ratio',
      records: { 'service:slo_error_budget:left_ratio': by_objective },
    }),
  }

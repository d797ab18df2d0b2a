// How well services, and the whole system, are.
local inhibition = import '../lib/inhibition.libsonnet';
local starting = import '../lib/starting.libsonnet';
local promql = import 'promql.libsonnet';
local signal = import 'signal.libsonnet';

function(config)
  local scope = promql.scope(config);
  local up = scope.raw('up');
  local zero = '0 * sum by (env) (%s)' % up;

  // Of the severities of one condition the worst is told, as Alertmanager does.
  local firing = ['alertstate="firing"', 'alertname!="Watchdog"'];
  local told = 'service_alert:firing:told';
  local inhibited(rule) = '%s and on (%s) %s' % [
    promql.select('ALERTS', firing + rule.target_matchers),
    std.join(', ', rule.equal),
    promql.select('ALERTS', firing + rule.source_matchers),
  ];

  // What takes points off the system's score of 100, and the most that each part can take. Each is 0 when all is well,
  // and is recorded as a series of its own so that a person sees why the score is what it is.
  local parts = [
    {
      part: 'targets',
      reason: 'Targets down',
      most: 30,
      // 10 for each service with a target that does not answer
      points: '10 * count by (env) (service:up:ratio < 1)',
    },
    {
      part: 'errors',
      reason: 'Failing requests',
      most: 25,
      // all of them once a service fails one request in ten
      points: '250 * max by (env) (service:http_errors:ratio_rate5m)',
    },
    {
      part: 'latency',
      reason: 'Slow requests',
      most: 15,
      // none up to a P95 of 2 s (what waits for a model takes a while), all of them from 7 s
      points: '3 * (max by (env) (service:http_request_duration_seconds:p95_5m) - 2)',
    },
    {
      part: 'alerts',
      reason: 'Firing alerts',
      most: 20,
      // 10 for a critical one, 5 for an error, 2 for a warning
      points: promql.fold('sum', ['env'], std.join(' or ', [
        promql.labelled(
          '%d * count by (env) (%s)' % [each.points, promql.select(told, ['severity="%s"' % each.severity])],
          'severity',
          each.severity
        )
        for each in [
          { severity: 'critical', points: 10 },
          { severity: 'error', points: 5 },
          { severity: 'warning', points: 2 },
        ]
      ])),
    },
    {
      part: 'budget',
      reason: 'Budgets used up',
      most: 10,
      // none up to 80 % of a budget, all of them at 100 %
      points: '50 * (max by (env) (budget:ai_cost_usd:used_ratio) - 0.8)',
    },
  ];
  assert std.foldl(function(sum, part) sum + part.most, parts, 0) == 100 :
         'the parts of the health score must add up to 100';

  {
    sources:: [
      {
        record: told,
        expr: '%s unless (\n  %s\n)' % [
          promql.select('ALERTS', firing),
          std.join('\n  or ', std.map(inhibited, inhibition(['critical', 'error', 'warning', 'info']))),
        ],
      },
      // 1 healthy, 0.5 degraded, 0 unhealthy: the worst of what its users get (rules/served.libsonnet), of the
      // service's own checks and of whether its targets answer. 2 while it is still being
      // built or started: neither well nor ill.
      {
        record: 'service:health:worst',
        expr: |||
          2 * (max by (env, service) (%(said)s) == 1 and %(starting)s == 1)
          or min by (env, service) (
            %(checks)s
            or 0.5 * min by (env, service) (%(up)s) + 0.5 * max by (env, service) (%(up)s)
            or label_replace(service:served:worst, "check", "served", "", "")
          )
        ||| % {
          said: scope.raw('service_starting'),
          starting: starting.records.now,
          checks: scope.raw('service_health'),
          up: up,
        },
      },
    ] + [
      {
        record: 'env:system_health:points_lost',
        expr: 'clamp(%s, 0, %d)\nor %s' % [std.rstripChars(part.points, '\n'), part.most, zero],
        labels: { part: part.part, reason: part.reason },
      }
      for part in parts
    ] + [
      { record: 'env:system_health:score', expr: '100 - sum by (env) (env:system_health:points_lost)' },
    ],

    service_health: signal.recorded({
      title: 'Health by service',
      unit: 'none',
      min: 0,
      max: 2,
      how: 'min',
      description: 'Each service by the worst of what its users get (by the limits of HttpErrorRatio and ' +
                   'HttpLatencyP95), of its own health checks and of whether its targets answer. ' +
                   'Starting: it is still being built or started, and nothing is wrong with that.',
      source: 'service:health:worst',
      records: { 'service:health:worst': ['env', 'service'] },
    }),

    health_score: signal.recorded({
      title: 'System health score',
      unit: 'none',
      min: 0,
      max: 100,
      decimals: 0,
      how: 'min',
      description: '100 when all is well, less for targets that are down, failing or slow requests, ' +
                   'firing alerts and used-up budgets.',
      source: 'env:system_health:score',
      records: { 'env:system_health:score': ['env'] },
    }),

    health_points_lost: signal.recorded({
      title: 'What pulls the score down',
      unit: 'none',
      min: 0,
      decimals: 0,
      description: 'The points that each part takes off the health score of 100 at this moment.',
      source: 'env:system_health:points_lost',
      records: { 'env:system_health:points_lost': ['env', 'part', 'reason'] },
    }),

    alerts_firing: signal.sum({
      title: 'Firing alerts',
      unit: 'none',
      min: 0,
      decimals: 0,
      description: 'Alerts firing now: of several severities of the same thing the worst. The Watchdog, which always ' +
                   'fires, is left out.',
      source: told,
      labels: ['env', 'service', 'alertname', 'severity'],
    }),
  }

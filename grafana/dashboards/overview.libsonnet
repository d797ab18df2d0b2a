// For anyone, at first look: is everything well, and if not, what is wrong?
local links = import '../lib/links.libsonnet';

function(kit)
  local signals = kit.signals;
  local panel = kit.panels(['env', 'service']);
  local row = kit.row;
  local api = { uid: 'api-performance', title: 'API performance' };
  local alerts = (import '../lib/alerts.libsonnet')(panel, kit.config);
  local settings = kit.config.settings;
  local error_budget =
    if settings.objectives == [] then
      panel.text('Error budget left', |||
        There is no objective yet. In signalfire.yaml:
        ```yaml
        objectives:
          - {name: availability, target: 0.99, window: 30d}
        ```
      |||)
    else
      panel.bargauge(
        signals.error_budget_left,
        by=['service', 'objective'],
        legend='{{service}} {{objective}}',
        worst='lowest',
      )
      + { fieldConfig+: { defaults+: { min: 0 } } }
      + panel.steps([['red', null], ['orange', 0.1], ['yellow', 0.25], ['green', 0.5]]) + panel.names_above
      + panel.service_links({ uid: 'slo', title: 'Objectives' });
  // What is spent in the colour of the budget that is used up first.
  local of_smallest_budget(period, alert) =
    local limits = [budget[period] for budget in settings.budgets if std.get(budget, period) != null];
    if limits == [] then {} else panel.scaled_thresholds([alert], std.minArray(limits));
  local budgets =
    if settings.budgets == [] then [
      panel.text('Budget used', |||
        There is no budget yet. In signalfire.yaml:
        ```yaml
        budgets:
          - {name: total, day_usd: 25, month_usd: 500}
        ```
      |||) + panel.size(12, 6),
    ] else [
      panel.gauge(one.signal, by=['budget']) + panel.alert([one.alert]) + { fieldConfig+: { defaults+: { max: 1 } } }
      + panel.size(6, 6)
      for one in [
        { signal: signals.budget_day_used, alert: 'BudgetDay' },
        { signal: signals.budget_month_used, alert: 'BudgetMonth' },
      ]
    ];

  kit.new(
    'Health, traffic, agents and spend of the whole system on one page.',
    [
      kit.variable('env', 'label_values(up, env)'),
      kit.variable('service', 'label_values(up{env=~"$env"}, service)'),
    ],
    [
      row('Is everything well?', [
        panel.gauge(signals.health_score) + panel.size(4) + panel.steps([['red', null], ['orange', 70], ['green', 90]]),
        panel.bargauge(signals.health_points_lost, by=['reason']) + panel.size(6, 7)
        + { fieldConfig+: { defaults+: { max: 30 } } }
        + panel.steps([['green', null], ['yellow', 1], ['orange', 5], ['red', 10]]),
        panel.stat(signals.service_health, by=['service']) + panel.size(7, 7) + panel.health_tiles
        + panel.service_links(api),
        error_budget + panel.size(7, 7),
        panel.stat(signals.alerts_firing) + panel.size(4, 6) + panel.steps([['green', null], ['red', 1]])
        + {
          targets: [
            panel.target(
              signals.alerts_firing.expr([], signals.alerts_firing.matchers(['env', 'service'])) + ' or vector(0)'
            ) { refId: 'A' },
          ],
        },
        alerts.firing_table(signals.alerts_firing) + panel.size(20, 6),
      ]),
      row('Traffic', [
        panel.timeseries(signals.http_requests) + panel.service_links(api),
        panel.timeseries(signals.http_error_share) + panel.service_links(api),
        panel.timeseries(signals.http_latency_p95) + panel.exemplars(kit.http_histograms) + panel.service_links(api),
      ]),
      row('Agents and money', [
        panel.timeseries(signals.agents_active, by=['agent']) + panel.stacked + panel.links([links.agent_dashboard]),
        panel.timeseries(signals.tasks_per_hour, by=['agent']) + panel.stacked + panel.links([links.agent_dashboard]),
        panel.timeseries(signals.ai_cost_per_hour, by=[], legend='USD per hour') + panel.alert_lines(['AiCostPerHour']),
        panel.stat(signals.ai_cost_today) + panel.size(6, 6) + of_smallest_budget('day_usd', 'BudgetDay'),
        panel.stat(signals.ai_cost_month) + panel.size(6, 6) + of_smallest_budget('month_usd', 'BudgetMonth'),
      ] + budgets),
      row('Logs', [
        panel.text('Where to go from here', |||
          **A point on a graph** opens the logs, the traces and the API performance of its service; **a dot** is one request and opens its trace.
          **An alert** above opens its runbook. **A log line** with a `trace_id` opens the trace that it belongs to.
        |||) + panel.size(24, 4),
        panel.logs(
          'Recent error logs',
          'The newest log lines of level error and above, from every service.',
          ['level=~"error|critical|fatal"']
        ),
      ]),
    ],
  )

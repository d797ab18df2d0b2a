// For who pays the model providers: what it costs, who spends it, whether the budgets hold, and how well the providers
// serve.
local promql = import '../../prometheus/signals/promql.libsonnet';

function(kit)
  local signals = kit.signals;
  local vars = ['env', 'service', 'provider', 'model'];
  local panel = kit.panels(vars);
  local row = kit.row;
  local amounts = [
    { signal: signals.budget_spent, title: 'Spent' },
    { signal: signals.budget_forecast, title: 'Forecast' },
    { signal: signals.budget_limit, title: 'Limit' },
  ];
  // A forecast says of how much data it is made, as long as that is little.
  local forecast_of_month =
    local share = signals.budget_forecast_used.expr(['env', 'budget'], signals.budget_forecast_used.matchers(vars));
    local hours = promql.fold('max', ['env', 'budget'], signals.budget_hours_known.source + '{period="month"}');
    local little = kit.alerts.BudgetForecast.guards[0].threshold * 24;
    local young =
      '%s * on (env, budget) group_left (hours) count_values by (env, budget) ("hours", ceil(%s < %d))' % [
        share,
        hours,
        little,
      ];
    [
      panel.target(young, '{{budget}}, based on {{hours}} h of data', instant=true) { refId: 'A' },
      panel.target('%s and on (env, budget) %s >= %d' % [share, hours, little], '{{budget}}', instant=true)
      { refId: 'B' },
    ];
  local budget_graph(period, title, description) =
    panel.timeseries(signals.budget_spent, by=['budget']) + panel.titled(title, description) + {
      targets: [
        panel.target(
          one.signal.expr(['budget'], one.signal.matchers(vars) + ['period="%s"' % period]),
          one.title + ' ({{budget}})'
        ) { refId: one.title }
        for one in amounts
      ],
    };

  kit.new(
    'What model providers cost, against budgets, and how they serve: by service, provider, model and operation.',
    [
      kit.variable('env', 'label_values(service_model:ai_calls:rate5m, env)'),
      kit.variable('service', 'label_values(service_model:ai_calls:rate5m{env=~"$env"}, service)'),
      kit.variable(
        'provider',
        'label_values(service_model:ai_calls:rate5m{env=~"$env",service=~"$service"}, provider)'
      ),
      kit.variable(
        'model',
        'label_values(service_model:ai_calls:rate5m{env=~"$env",service=~"$service",provider=~"$provider"}, model)'
      ),
    ],
    [
      row('What it costs', [
        panel.stat(signals.ai_cost_24h) + panel.titled('Cost, last 24 hours') + panel.size(5),
        panel.stat(signals.ai_cost_per_hour) + panel.titled('Cost per hour') + panel.alert(['AiCostPerHour'])
        + panel.size(5),
        panel.stat(signals.ai_tokens_24h) + panel.size(5),
        panel.stat(signals.ai_cache_saved_24h) + panel.titled('Cache savings') + panel.size(5),
        panel.stat(signals.ai_unpriced_calls) + panel.alert(['UnpricedCalls']) + panel.size(4),
        panel.timeseries(signals.ai_cost_per_hour, by=['model', 'provider'], legend='{{provider}} {{model}}')
        + panel.titled('Cost by provider and model') + panel.alert_lines(['AiCostPerHour']) + panel.stacked
        + panel.size(16, 9),
        panel.piechart(signals.ai_cost_24h, by=['provider'])
        + panel.titled('Share by provider', 'What went to each provider in the last 24 hours.') + panel.size(8, 9),
        panel.table(
          'Most expensive operations',
          'What each operation cost in the last 24 hours, and how it is now.',
          [
            signals.ai_cost_24h,
            signals.ai_cost_per_hour,
            signals.ai_tokens_24h,
            signals.ai_calls,
            signals.ai_latency_p95,
          ],
          by=['operation', 'model', 'service'],
          rows=15,
        ),
      ]),
      row('Budgets', [
        panel.gauge(signals.budget_day_used, by=['budget']) + panel.alert(['BudgetDay'])
        + { fieldConfig+: { defaults+: { max: 1 } } } + panel.size(4),
        panel.gauge(signals.budget_month_used, by=['budget']) + panel.alert(['BudgetMonth'])
        + { fieldConfig+: { defaults+: { max: 1 } } } + panel.size(4),
        panel.stat(signals.budget_forecast_used, by=['budget']) + panel.titled('Month forecast')
        + { targets: forecast_of_month }
        + panel.alert(['BudgetForecast']) + panel.size(4, 7)
        + { options+: { graphMode: 'none' } },
        panel.table(
          'Budgets and forecast',
          'Each budget, what is spent of it, and what its day or month will have cost at its end at the mean pace of ' +
          'the last day or week, of as much of it as is known. The forecast counts from 3 days of data on.',
          [
            signals.budget_used,
            signals.budget_spent,
            signals.budget_limit,
            signals.budget_forecast,
            signals.budget_hours_known,
          ],
          by=['budget', 'period'],
        ) + panel.size(12, 7),
        budget_graph(
          'day',
          'Day against its budget',
          'What the day has cost so far, what it will have cost at midnight at the mean pace of the last 24 hours, ' +
          'and the budget.'
        ) + panel.size(12),
        budget_graph(
          'month',
          'Month against its budget',
          'What the month has cost so far, what it will have cost at its end at the mean pace of the last 7 days, ' +
          'and the budget. The forecast counts from 3 days of data on, which is when its alert may fire; before, ' +
          'it shows the pace so far.'
        ) + panel.size(12),
      ]),
      row('Calls', [
        panel.stat(
          signals.ai_provider_health,
          by=['provider', 'service'],
          legend='{{provider}} ({{service}})'
        ) + panel.health_tiles
        + panel.size(24, 4) + panel.service_links(),
        panel.timeseries(signals.ai_calls, by=['provider', 'service'], legend='{{provider}} ({{service}})')
        + panel.titled('Call rate') + panel.service_links(),
        panel.timeseries(signals.ai_error_share, by=['provider', 'service'], legend='{{provider}} ({{service}})')
        + panel.titled('Error rate') + panel.alert_lines(['AiErrorRate']) + panel.service_links(),
        panel.timeseries(signals.ai_errors, by=['error_type']) + panel.titled('Errors by type'),
        panel.lines(
          [signals.ai_latency_p50, signals.ai_latency_p95, signals.ai_latency_p99],
          'Latency P50, P95, P99',
          'Half, 95 % and 99 % of the calls take at most this long, a stream to its last part. Each dot is one call: ' +
          'click it for its trace.',
        ) + panel.exemplars(['ai_api_duration_seconds']),
        panel.timeseries(signals.ai_latency_p95, by=['operation', 'service'], legend='{{operation}} ({{service}})')
        + panel.titled('Latency P95 by operation')
        + panel.alert_lines(['AiLatencyP95']) + panel.exemplars(['ai_api_duration_seconds']) + panel.service_links(),
        panel.lines(
          [signals.ai_first_token_p50, signals.ai_first_token_p95],
          'Time to first token',
          'Half and 95 % of the streams bring their first part within these times.',
          by=['model'],
        ),
      ]),
      row('Tokens and caches', [
        panel.timeseries(signals.ai_tokens_by_type, by=['type']) + panel.titled('Token trend by type'),
        panel.timeseries(signals.ai_tokens_times_usual, by=['service', 'measure'], legend='{{service}}, {{measure}}')
        + panel.alert_lines(['TokenUsageSpike']) + panel.service_links(),
        panel.timeseries(signals.ai_tokens_per_call) + panel.service_links(),
        panel.gauge(signals.ai_cache_hit_share, by=['operation']) + panel.alert(['AiCacheHitRateLow'])
        + panel.size(12, 7),
        panel.timeseries(signals.ai_cache_hit_share, by=['operation', 'service'], legend='{{operation}} ({{service}})')
        + panel.titled('Prompt cache hit rate by operation') + panel.alert_lines(['AiCacheHitRateLow'])
        + panel.service_links() + panel.size(12, 7),
      ]),
      row('Logs', [
        panel.logs('Warnings and errors', 'The newest log lines of level warning and above.', [
          'level=~"warning|error|critical|fatal"',
        ]),
      ]),
    ],
    from='now-1h',
  )

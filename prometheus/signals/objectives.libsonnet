// What is left of the error budgets of the objectives in signalfire.yaml.
local signal = import 'signal.libsonnet';

function(config)
  // Weighed by events: the requests of the whole window, not the mean of its ratios. Where there is less history than the
  // window is long, it is over what there is. Every minute's rate counts alike, so it does not matter that they overlap.
  local over(record, objective) = 'sum by (env, service) (sum_over_time(%s[%s:1m]))' % [record, objective.window];
  local rules(objective) = [
    {
      record: 'service:slo_errors:ratio',
      // The steps stand on full minutes; until the first of them there is only the present.
      expr: '%s / (%s > 0)\nor service:http_errors:ratio_rate5m' % [over('service:http_errors:rate5m', objective), over('service:http_requests:rate5m', objective)],
      labels: { objective: objective.name },
    },
    {
      record: 'service:slo_error_budget:left_ratio',
      expr: '1 - service:slo_errors:ratio{objective="%s"} / %g' % [objective.name, 1 - objective.target],
      labels: { objective: objective.name },
    },
  ];
  {
    slow_sources:: std.flattenArrays([rules(objective) for objective in config.settings.objectives]),

    error_budget_left: signal.recorded({
      title: 'Error budget left',
      unit: 'percentunit',
      max: 1,
      how: 'min',
      description: 'How much of the errors that the objective allows is still unused, over its window or what there is of it. ' +
                   'Below 0 %: more failed than was allowed. ' +
                   std.join('; ', ['%s: %g %% over %s' % [o.name, 100 * o.target, o.window] for o in config.settings.objectives]) + '.',
      source: 'service:slo_error_budget:left_ratio',
      records: { 'service:slo_error_budget:left_ratio': ['env', 'service', 'objective'] },
    }),
  }

// For whoever is on call: which objective is missed, how fast its error budget burns, and which requests burned it.
function(kit)
  local signals = kit.signals;
  local panel = kit.panels(['env', 'service', 'objective']);
  local row = kit.row;
  local each = ['service', 'objective', 'kind'];
  local legend = '{{service}} {{objective}}';
  local api = { uid: 'api-performance', title: 'API performance' };
  local burns = signals.by_module.objectives.burns;

  // Red where an alert of this urgency fires.
  local limits = {
    page: { colour: 'red', alerts: ['SloAvailabilityBurnsFast', 'SloLatencyBurnsFast'] },
    ticket: { colour: 'yellow', alerts: ['SloAvailabilityBurnsSlowly', 'SloLatencyBurnsSlowly'] },
  };
  // An alert's threshold counts in multiples of the pair's factor.
  local limit(pair, urgency) =
    pair.factor * std.foldl(std.min, [kit.alerts[name].threshold for name in limits[urgency].alerts], 1000);
  local burn(pair, urgency) =
    panel.lines(
      [signals['slo_burn_' + pair.long], signals['slo_burn_' + pair.short]],
      'Burn over %s and %s' % [pair.long, pair.short],
      (
        'How many times as fast as allowed the budget burned over %s and over %s. ' +
        'A %s follows while both are above %.10g.'
      ) % [pair.long, pair.short, urgency, limit(pair, urgency)],
      by=['service', 'objective'],
    )
    + panel.steps([['green', null], [limits[urgency].colour, limit(pair, urgency)]])
    + { fieldConfig+: { defaults+: { custom+: { thresholdsStyle: { mode: 'line' } } } } }
    + panel.service_links(api) + panel.size(12);
  local budget_steps = [['red', null], ['orange', 0.1], ['yellow', 0.25], ['green', 0.5]];
  local slow = signals.slo_slow_events;
  local slow_titled(name) = 'Slow requests by endpoint' + if std.length(slow) == 1 then '' else ': ' + name;

  kit.new(
    'Service level objectives: what is left of the error budgets, how fast they burn, and what burned them.',
    [
      kit.variable('env', 'label_values(service:slo_requests:rate5m, env)'),
      kit.variable('service', 'label_values(service:slo_requests:rate5m{env=~"$env"}, service)'),
      kit.variable(
        'objective',
        'label_values(service:slo_requests:rate5m{env=~"$env",service=~"$service"}, objective)'
      ),
    ],
    [
      row('Objectives', [
        panel.table(
          'Objectives',
          'Each objective of each service: what is aimed at, what it has been so far in the window, and what is left ' +
          'of its error budget. The least left comes first.',
          [
            signals.error_budget_left,
            signals.slo_target,
            signals.slo_window,
            signals.slo_good_share,
            signals.slo_burn_1h,
            signals.slo_burn_3d,
          ],
          by=each,
          lowest_first=true,
        ) + panel.size(16, 9) + panel.overrides([
          panel.override('Error budget left', panel.coloured_by(panel.absolute(budget_steps))),
        ]) + panel.service_links(api),
        panel.bargauge(signals.error_budget_left, by=each, legend=legend) + { fieldConfig+: { defaults+: { min: 0 } } }
        + panel.steps(budget_steps) + panel.names_above + panel.size(8, 9) + panel.service_links(api),
        panel.timeseries(signals.error_budget_left, by=each, legend=legend)
        + panel.titled('Error budget left over time') + panel.service_links(api) + panel.size(24),
      ]),
      row('How fast the budgets burn', [
        panel.timeseries(signals.slo_availability_page, by=['service', 'objective'], legend=legend)
        + panel.alert_lines(['SloAvailabilityBurnsFast']) + panel.service_links(api) + panel.size(6),
        panel.timeseries(signals.slo_availability_ticket, by=['service', 'objective'], legend=legend)
        + panel.alert_lines(['SloAvailabilityBurnsSlowly']) + panel.service_links(api) + panel.size(6),
        panel.timeseries(signals.slo_latency_page, by=['service', 'objective'], legend=legend)
        + panel.alert_lines(['SloLatencyBurnsFast']) + panel.service_links(api) + panel.size(6),
        panel.timeseries(signals.slo_latency_ticket, by=['service', 'objective'], legend=legend)
        + panel.alert_lines(['SloLatencyBurnsSlowly']) + panel.service_links(api) + panel.size(6),
      ] + [burn(pair, urgency) for urgency in ['page', 'ticket'] for pair in burns[urgency]]),
      row('What burned them', [
        panel.lines(
          [signals.slo_good_requests, signals.slo_bad_requests],
          'Good and bad requests',
          'Requests per second that were as each objective wants them, and those that used up its budget.',
          by=['objective'],
        ) + panel.stacked + panel.size(12),
        panel.timeseries(signals.slo_bad_requests, by=each, legend=legend) + panel.titled('Bad requests by service')
        + panel.service_links(api) + panel.size(12),
        panel.table(
          'Failed requests by endpoint',
          'What used up the budgets of availability in the time range shown: ' +
          'the endpoints and statuses that failed most often.',
          [signals.slo_failed_events],
          by=['endpoint', 'method', 'status', 'service'],
          rows=15,
        ) + panel.size(12) + panel.service_links(api),
      ] + [
        panel.table(
          slow_titled(name),
          (
            'What used up the budget of %s in the time range shown: the endpoints with the most requests that were ' +
            'too slow. %s'
          ) % [name, slow[name].description],
          [slow[name]],
          by=['endpoint', 'method', 'service'],
          rows=15,
        ) + panel.size(12) + panel.service_links(api)
        for name in std.objectFields(slow)
      ]),
      row('Latency', [
        panel.timeseries(signals.http_latency_p95) + panel.alert_lines(['HttpLatencyP95'])
        + panel.exemplars(kit.http_histograms) + panel.service_links(api) + panel.size(24),
      ]),
      row('Logs', [
        panel.logs('Recent error logs', 'The newest log lines of level error and above.', [
          'level=~"error|critical|fatal"',
        ]),
      ]),
    ],
    from='now-6h',
  )

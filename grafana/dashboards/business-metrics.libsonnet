// For product people: what the ad platform's customers do, and what they get for it.
function(kit)
  local signals = kit.signals;
  local panel = kit.panels(['env', 'service']);
  local row = kit.row;
  // Ten bars with their names above them.
  local tall = panel.size(8, 12);
  local roas_steps = panel.steps([['red', null], ['yellow', 1], ['green', 2]]);

  kit.new(
    'Campaigns, ads, videos, predictions and revenue.',
    [
      kit.variable('env', 'label_values(up, env)'),
      kit.variable(
        'service',
        'label_values({__name__=~"service_platform:campaigns_created:per_hour|service:video_generation:rate5m",' +
        'env=~"$env"}, service)'
      ),
    ],
    [
      row('Today', [
        panel.stat(signals.campaigns_day) + panel.size(4, 6) + panel.colour('blue'),
        panel.stat(signals.ads_day) + panel.size(4, 6) + panel.colour('blue'),
        panel.stat(signals.videos_day) + panel.size(4, 6) + panel.colour('blue'),
        panel.stat(signals.revenue_day) + panel.size(4, 6) + panel.colour('blue'),
        panel.gauge(signals.roas) + panel.titled('Mean ROAS') + panel.size(4, 6) + roas_steps
        + { fieldConfig+: { defaults+: { max: 5 } } },
        panel.stat(signals.active_users) + panel.size(4, 6) + panel.colour('blue'),
      ]),
      row('Campaigns and ads', [
        panel.timeseries(signals.campaigns_created, by=['platform']) + panel.titled('Campaign creation rate')
        + panel.stacked,
        panel.timeseries(signals.ads_published, by=['platform']) + panel.titled('Ads by platform') + panel.stacked,
        panel.piechart(signals.ads_day, by=['format'])
        + panel.titled('Ad formats', 'Ads published in the last 24 hours, by format.'),
      ]),
      row('Return', [
        panel.timeseries(signals.roas, by=['platform']) + panel.titled('ROAS by platform') + tall,
        panel.bargauge(signals.roas, by=['campaign', 'platform'], top=10, legend='{{campaign}} ({{platform}})')
        + panel.titled(
          'Top campaigns',
          'The ten campaigns with the highest return on ad spend, of those that are watched most closely.'
        ) + roas_steps + panel.names_above + tall,
        panel.timeseries(signals.revenue_per_hour, by=['platform']) + panel.titled('Revenue') + panel.stacked + tall,
      ]),
      row('Predictions', [
        panel.timeseries(signals.prediction_mae, by=['model']) + panel.titled('Prediction accuracy (MAE)'),
        panel.timeseries(signals.prediction_rmse, by=['model']) + panel.titled('Prediction accuracy (RMSE)'),
        panel.timeseries(signals.prediction_r2, by=['model']) + panel.titled('Prediction accuracy (R²)'),
      ]),
      row('Videos and users', [
        panel.timeseries(signals.video_success_share) + panel.service_links(),
        panel.lines(
          [signals.video_time_p50, signals.video_time_p95],
          'Video processing time',
          'Half and 95 % of the videos of the last 5 minutes took no longer than this, by format.',
          by=['format'],
        ),
        panel.timeseries(signals.active_users) + panel.titled('User activity') + panel.service_links(),
      ]),
      row('Logs', [
        panel.logs('Recent warnings and errors', 'The newest log lines of level warning and above.', [
          'level=~"warning|error|critical|fatal"',
        ]),
      ]),
    ],
    from='now-1h',
  )

// For on-call: what is unusual, since when, and which alert is about to fire.
function(kit)
  local signals = kit.signals;
  local panel = kit.panels(['env', 'service', 'signal']);
  local row = kit.row;
  local watched = signals.by_module.anomalies.watched;
  local anomalous = kit.alerts.AnomalyDetected;
  local horizon = kit.alerts.ThresholdBreachForecast;

  local filtered(signal) = signal.expr([], signal.matchers(['env', 'service', 'signal']));
  local instead(expr) = { targets: [super.targets[0] { expr: expr }] };

  // A signal of each service with the edges of its band, which begin when there is enough history.
  local banded(name) =
    local of(signal) = signal.expr(['service'], signal.matchers(['env', 'service']) + ['signal="%s"' % name]);
    local edge = [
      { id: 'custom.lineStyle', value: { fill: 'dash', dash: [6, 6] } },
      { id: 'custom.fillOpacity', value: 0 },
    ];
    panel.timeseries(watched[name].signal)
    + panel.titled(
      watched[name].signal.title + ' against what is usual',
      (
        '%s The dashed lines are what is usual: the last hour and the same hours of yesterday and last week, with a ' +
        'margin. They begin after an hour of history.'
      ) % watched[name].signal.description,
    )
    + {
      targets: [
        panel.target(of(signals.watched_value), '{{service}}') { refId: 'A' },
        panel.target(of(signals.band_upper), '{{service}}: at most') { refId: 'B' },
      ] + if watched[name].falls then [panel.target(of(signals.band_lower), '{{service}}: at least') { refId: 'C' }]
      else [],
    }
    + panel.overrides([{ matcher: { id: 'byFrameRefID', options: query }, properties: edge } for query in ['B', 'C']])
    + panel.service_links();

  kit.new(
    'What is unusual against the last hour, yesterday and last week, and which alerts are about to fire.',
    [
      kit.variable('env', 'label_values(service_signal:watched:value, env)'),
      kit.variable('service', 'label_values(service_signal:watched:value{env=~"$env"}, service)'),
      kit.variable('signal', 'label_values(service_signal:watched:value{env=~"$env",service=~"$service"}, signal)'),
    ],
    [
      row('Now', [
        panel.stat(signals.anomaly_score)
        + panel.titled('Unusual now', 'How many signals are further outside their band than AnomalyDetected allows.')
        + instead(
          'count(%s > %.10g) or vector(0)' % [
            signals.anomaly_score.query(['service', 'signal'], ['env', 'service', 'signal']),
            anomalous.threshold,
          ]
        )
        + { fieldConfig+: { defaults+: { decimals: 0 } } } + panel.steps([['green', null], ['yellow', 1]])
        + panel.size(4, 7),
        panel.stat(signals.time_to_breach)
        + panel.titled('Next breach', 'How long until the first of the alerts that have a forecast would fire.')
        + instead(filtered(signals.time_to_breach) + ' or vector(-1)')
        + panel.mappings([{ value: '-1', text: 'none in sight', color: 'green' }])
        + panel.steps([['green', null], ['yellow', 0], ['green', horizon.threshold]])
        + { options+: { graphMode: 'none' } } + panel.size(4, 7),
        panel.stat(signals.anomaly_history)
        + panel.titled(
          'Warm-up',
          'How much of the history that a band needs there is, for the signal that has least. At 100 % each has a band.'
        )
        + instead(
          'clamp_max(%s / %.10g, 1)' % [filtered(signals.anomaly_history), signals.by_module.anomalies.warm_up_hours]
        )
        + { fieldConfig+: { defaults+: { unit: 'percentunit', max: 1 } } }
        + panel.steps([['blue', null], ['green', 1]]) + panel.size(4, 7),
        panel.bargauge(signals.anomaly_history, by=['signal'])
        + panel.titled('History so far', signals.anomaly_history.description)
        + panel.steps([['blue', null], ['green', signals.by_module.anomalies.warm_up_hours]])
        + { fieldConfig+: { defaults+: { max: 24 } } } + panel.size(12, 7),
        panel.table(
          'Most unusual now',
          'Every watched signal with its band, the most unusual on top, each in its own unit.',
          [
            signals.anomaly_score,
            signals.watched_value,
            signals.band_upper,
            signals.band_lower,
            signals.anomaly_history,
          ],
          by=['signal', 'service'],
          rows=30,
        ) + panel.overrides([panel.override(signals.anomaly_score.title, panel.coloured(['AnomalyDetected']))]),
      ]),
      row('Scores', [
        panel.timeseries(signals.anomaly_score, by=['signal', 'service'], legend='{{signal}} of {{service}}')
        + panel.alert_lines(['AnomalyDetected']) + panel.service_links() + panel.size(24),
      ]),
      row('Bands', [
        banded('traffic') + panel.size(12),
        banded('latency') + panel.exemplars(kit.http_histograms) + panel.size(12),
        banded('errors'),
        banded('cost'),
        banded('tokens'),
        banded('tasks') + panel.size(24),
      ]),
      row('Forecasts', [
        panel.timeseries(signals.threshold_used, by=['will_fire', 'service'], legend='{{will_fire}} of {{service}}')
        + panel.service_links() + panel.size(12),
        panel.table(
          'Nearest to firing',
          'How near the signal of each alert that has a forecast is to its threshold, where it will be in an hour, ' +
          'and when it gets there if it moves there steadily.',
          [signals.threshold_used, signals.threshold_forecast, signals.time_to_breach],
          by=['will_fire', 'service'],
        ) + panel.size(12, 8),
      ]),
      row('Logs', [
        panel.logs('Recent error logs', 'The newest log lines of level error and above.', [
          'level=~"error|critical|fatal"',
        ]),
      ]),
    ],
    from='now-1h',
  )

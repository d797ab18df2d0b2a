// For whoever is on call: what fires, what has fired, and whether its notifications arrive.
function(kit)
  local signals = kit.signals;
  local panel = kit.panels(['env', 'service']);
  local row = kit.row;
  local alerts = (import '../lib/alerts.libsonnet')(panel, kit.config);
  // The pipeline is one for all: its own services are not among those that a person chooses.
  local pipeline = kit.panels(['env']);
  local none_is_bad = panel.steps([['red', null], ['green', 1]]);
  local severities = panel.mappings([
    { value: '1', text: 'info', color: 'blue' },
    { value: '2', text: 'warning', color: 'yellow' },
    { value: '3', text: 'error', color: 'orange' },
    { value: '4', text: 'critical', color: 'red' },
  ]) + panel.steps([['blue', null], ['yellow', 2], ['orange', 3], ['red', 4]]);

  kit.new(
    'What fires now and has fired, how soon somebody is told, and whether the alerting itself works.',
    [
      kit.variable('env', 'label_values(up, env)'),
      kit.variable('service', 'label_values(up{env=~"$env"}, service)'),
    ],
    [
      row('Now', [
        panel.stat(signals.alerts_firing) + panel.size(4, 4) + panel.steps([['green', null], ['red', 1]])
        + {
          targets: [
            panel.target(
              signals.alerts_firing.expr([], signals.alerts_firing.matchers(['env', 'service'])) + ' or vector(0)'
            ) { refId: 'A' },
          ],
        },
        pipeline.stat(signals.alerts_by_state, by=['state']) + panel.titled('Notified and suppressed')
        + panel.size(5, 4)
        + panel.overrides([
          panel.override('suppressed', { color: { mode: 'fixed', fixedColor: 'blue' } }),
          panel.override('active', { color: { mode: 'fixed', fixedColor: 'orange' } }),
        ]),
        pipeline.stat(signals.silences, by=['state']) + panel.colour('blue') + panel.size(5, 4),
        pipeline.stat(signals.watchdog_delivered) + none_is_bad + panel.size(5, 4),
        pipeline.stat(signals.watchdog_age) + panel.steps([['green', null], ['red', kit.alerts.Watchdog.threshold]])
        + panel.size(5, 4),
        alerts.firing_table(signals.alerts_firing) + panel.size(24, 8),
      ]),
      row('History', [
        panel.state_timeline(signals.alert_severity, by=['alertname', 'service'], legend='{{alertname}} {{service}}')
        + severities + panel.size(24, 10),
        panel.timeseries(signals.alerts_firing, by=['severity']) + panel.titled('Firing by severity') + panel.stacked
        + alerts.severity_colours + panel.size(12),
        panel.timeseries(signals.alerts_firing, by=['service']) + panel.titled('Firing by service') + panel.stacked
        + panel.service_links() + panel.size(12),
      ]),
      row('Time to notify', [
        pipeline.lines(
          [signals.handover_latency, signals.notification_latency],
          'Time on the way',
          'How long Prometheus takes to hand an alert over, and how long a receiver takes to accept it. ' +
          'Before that an alert waits for its `for`; between the two Alertmanager waits 5 s for others to go with it.',
        ) + panel.size(8),
        pipeline.timeseries(signals.notifications, by=['receiver']) + panel.titled('Notifications by receiver')
        + panel.size(8),
        pipeline.timeseries(signals.notifications_failed, by=['receiver'])
        + panel.titled('Failed notifications by receiver') + panel.size(8),
        pipeline.table(
          'Receivers',
          'What each receiver was sent in the last 5 minutes, and the share of it that it did not accept.',
          [signals.notifications, signals.notifications_failed, signals.notification_failure_share],
          by=['receiver', 'integration'],
        ) + panel.size(24, 6) + panel.overrides([
          panel.override(
            signals.notification_failure_share.title,
            panel.coloured(['AlertmanagerNotificationsFailing']) + { 'custom.cellOptions': { type: 'color-text' } }
          ),
        ]),
      ]),
      row('The way of an alert', [
        pipeline.stat(signals.alertmanagers_reached) + panel.alert(['NotConnectedToAlertmanager']) + panel.size(6, 4),
        pipeline.stat(signals.notification_queue) + panel.alert(['NotificationQueueFilling']) + panel.size(6, 4),
        pipeline.stat(signals.notifications_dropped) + panel.alert(['NotificationsDropped']) + panel.size(6, 4),
        pipeline.stat(signals.alertmanager_cluster) + panel.alert(['AlertmanagerClusterDown']) + panel.size(6, 4),
      ]),
      row('Logs', [
        panel.logs('Recent error logs', 'The newest log lines of level error and above.', [
          'level=~"error|critical|fatal"',
        ]),
      ]),
    ],
  )

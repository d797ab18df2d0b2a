// For those who run the kit: do its servers work, what do they take in, lose and cost?
function(kit)
  local signals = kit.signals;
  local panel = kit.panels(['env', 'service']);
  local row = kit.row;
  local none_is_bad = panel.steps([['red', null], ['green', 1]]);
  local drawn = panel.size(8);
  // Four beside each other, as their titles are long, and low.
  local number = panel.size(6, 3) + { options+: { graphMode: 'none' } };
  local loaded =
    panel.mappings([{ value: '1', text: 'In use', color: 'green' }, { value: '0', text: 'Refused', color: 'red' }]) + {
      options+: { graphMode: 'none' },
    };
  // A threshold's colour begins at its value, the alert beyond it.
  local alike =
    panel.mappings([{ value: '1', text: 'All alike', color: 'green' }]) + { options+: { graphMode: 'none' } };
  local delivering = panel.mappings([
    { value: '0', text: 'Delivers', color: 'green' },
    { value: '1', text: 'Stands still', color: 'red' },
  ]);

  kit.new(
    'Prometheus, Alertmanager, Loki, Jaeger and the collector: what they take in, what they lose, and what they cost.',
    [
      kit.variable('env', 'label_values(up, env)'),
      kit.variable('service', 'label_values(up{env=~"$env"}, service)'),
    ],
    [
      row('Does it work?', [
        panel.stat(signals.targets_up) + panel.alert(['TargetDown']) + number,
        panel.stat(signals.alertmanagers_reached) + panel.alert(['NotConnectedToAlertmanager']) + number,
        panel.stat(signals.watchdog_delivered) + none_is_bad + number,
        panel.stat(signals.collector_queue) + panel.alert(['CollectorQueueFilling']) + number,
        panel.stat(signals.spans_dropped) + panel.alert(['SpansDropped']) + number,
        panel.stat(signals.logs_dropped) + panel.alert(['LogsDropped']) + number,
        panel.stat(signals.loki_up) + panel.alert(['LokiDown']) + number,
        panel.stat(signals.jaeger_up) + panel.alert(['JaegerDown']) + number,
        panel.stat(signals.dashboards_up) + panel.alert(['GrafanaDown']) + number,
        panel.stat(signals.prometheus_config_loaded) + panel.alert(['PrometheusConfigReloadFailed']) + loaded + number,
        panel.stat(signals.alertmanager_config_loaded) + panel.alert(['AlertmanagerConfigReloadFailed']) + loaded
        + number,
        panel.stat(signals.alertmanager_configs) + panel.alert(['AlertmanagerConfigDiffers']) + alike + number,
        panel.table(
          'Targets by service',
          'The services with the share of their targets that answer, how many there should be, ' +
          'and what they cost Prometheus.',
          [
            signals.targets_up,
            signals.targets_answering,
            signals.targets_expected,
            signals.scraped_samples,
            signals.scrape_seconds,
          ],
          by=['service'],
          rows=50,
        ) + panel.size(24, 9) + {
          transformations: [
            if t.id == 'sortBy' then t { options+: { sort: [{ field: 'Targets up' }] } } else t
            for t in super.transformations
          ],
        },
      ]),
      row('Prometheus', [
        panel.timeseries(signals.samples_ingested) + drawn,
        panel.timeseries(signals.head_series) + drawn,
        panel.timeseries(signals.rule_time_share, by=['rule_group']) + drawn,
        panel.lines(
          [signals.rule_failures, signals.rule_iterations_missed],
          'Rules that failed or were missed',
          'Rule evaluations per minute that failed, and that were left out because the one before took too long, ' +
          'over the last 5 minutes.',
        ) + panel.alert_lines(['RuleEvaluationFailures']) + drawn,
        panel.lines(
          [signals.notifications_sent, signals.notifications_dropped],
          'Alerts to Alertmanager',
          'Alerts per minute that Prometheus sent, and that it gave up sending.',
        ) + panel.alert_lines(['NotificationsDropped']) + drawn,
        panel.timeseries(signals.prometheus_disk) + drawn,
        panel.table(
          'Prometheus instances',
          'How many series each instance holds, how that compares with an hour ago once there is an hour of data, ' +
          'and whether its rules and its stored data are sound.',
          [
            signals.head_series,
            signals.head_series_growth,
            signals.rule_failures,
            signals.rule_iterations_missed,
            signals.tsdb_corruptions,
          ],
          by=['instance', 'service'],
        ) + panel.size(24, 5) + panel.overrides([
          panel.override(signals.head_series_growth.title, panel.coloured(['CardinalityJump'])),
          panel.override(signals.rule_failures.title, panel.coloured(['RuleEvaluationFailures'])),
          panel.override(signals.rule_iterations_missed.title, panel.coloured(['MissedEvaluations'])),
          panel.override(signals.tsdb_corruptions.title, panel.coloured(['TsdbWalCorruption'])),
        ]),
      ]),
      row('Alertmanager', [
        panel.timeseries(signals.alerts_by_state, by=['state']) + panel.stacked + drawn,
        panel.timeseries(signals.notifications, by=['receiver']) + drawn,
        panel.timeseries(signals.notification_latency, by=['integration']) + panel.titled('Notification latency')
        + drawn,
      ]),
      row('Collector', [
        panel.stat(signals.collector_stalled, by=['exporter']) + panel.titled('Delivery by exporter')
        + panel.alert(['CollectorExportFailing']) + delivering + panel.size(24, 4)
        + { options+: { graphMode: 'none' } },
        panel.timeseries(signals.collector_received, by=['kind']) + drawn,
        panel.timeseries(signals.collector_sent, by=['exporter']) + drawn,
        panel.timeseries(signals.collector_waiting, by=['exporter']) + drawn,
        panel.timeseries(signals.collector_queue, by=['exporter']) + panel.alert_lines(['CollectorQueueFilling'])
        + drawn,
        panel.timeseries(signals.spans_dropped, by=['service', 'place'], legend='{{service}}: {{place}}')
        + panel.service_links() + drawn,
        panel.timeseries(signals.logs_dropped, by=['service', 'place'], legend='{{service}}: {{place}}')
        + panel.service_links() + drawn,
        panel.timeseries(signals.telemetry_refused, by=['signal', 'reason'], legend='{{signal}}: {{reason}}')
        + panel.alert_lines(['TelemetryRefused']) + panel.size(12),
        panel.timeseries(signals.collector_stuck, by=['exporter']) + panel.alert_lines(['CollectorBatchStuck'])
        + panel.size(12),
      ]),
      row('Loki and Jaeger', [
        panel.timeseries(signals.loki_lines) + panel.titled('Log lines stored') + panel.size(6),
        panel.timeseries(signals.loki_bytes) + panel.size(6),
        panel.timeseries(signals.loki_requests, by=['route']) + panel.size(6),
        panel.timeseries(signals.loki_request_errors, by=['route']) + panel.alert_lines(['LokiRequestErrors'])
        + panel.size(6),
        panel.timeseries(signals.loki_rejected, by=['reason']) + panel.alert_lines(['LokiIngestionRejected'])
        + panel.size(6),
        panel.timeseries(signals.loki_disk) + panel.size(6),
        panel.timeseries(signals.jaeger_spans) + panel.size(6),
        panel.timeseries(signals.jaeger_bytes) + panel.size(6),
      ]),
      row('What the monitoring costs', [
        panel.timeseries(signals.stack_cpu) + panel.stacked + drawn,
        panel.timeseries(signals.stack_memory) + panel.stacked + drawn,
        panel.bargauge(signals.scraped_samples, by=['service'], top=15) + drawn,
      ]),
      row('Logs', [
        panel.logs('Recent error logs', 'The newest log lines of level error and above.', [
          'level=~"error|critical|fatal"',
        ]),
      ]),
    ],
  )

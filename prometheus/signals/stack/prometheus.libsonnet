// Prometheus about itself: its configuration, its rules, its storage, and whether its alerts reach Alertmanager.
local promql = import '../promql.libsonnet';
local signal = import '../signal.libsonnet';

function(config)
  local scope = promql.scope(config);
  local summed(labels, expr) = promql.fold('sum', labels, expr);
  local per_minute(metric, window='5m') = '60 * ' + summed(scope.by_instance, scope.rate(metric, window=window));

  local per_instance(name, expr, declaration) = signal.rule(name, scope.by_instance, expr, declaration);
  local rule_groups = scope.by_instance + ['rule_group'];

  {
    sources:: [],

    prometheus_config_loaded: per_instance(
      'instance:prometheus_config:loaded',
      'min by (env, service, instance) (%s)' % scope.raw('prometheus_config_last_reload_successful'),
      {
        title: 'Configuration in use',
        unit: 'none',
        how: 'min',
        min: 0,
        max: 1,
        description: '1 if Prometheus could load its configuration the last time it was told to, ' +
                     '0 if it goes on with an older one.',
      }
    ),

    // --- rules -------------------------------------------------------------------------------------------------------

    rule_failures: per_instance(
      'instance:rule_failures:per_minute',
      per_minute('prometheus_rule_evaluation_failures_total'),
      {
        title: 'Failed rule evaluations',
        unit: 'suffix: /min',
        min: 0,
        description: 'Evaluations of recording rules and alerts that failed, per minute, over the last 5 minutes.',
      }
    ),

    rule_iterations_missed: per_instance(
      'instance:rule_iterations_missed:per_minute',
      per_minute('prometheus_rule_group_iterations_missed_total'),
      {
        title: 'Missed rule evaluations',
        unit: 'suffix: /min',
        min: 0,
        description: 'Evaluations of rule groups that were left out because the one before took too long, ' +
                     'per minute, over the last 5 minutes.',
      }
    ),

    // The group's name without the file that it stands in.
    rule_time_share: signal.rule(
      'instance_group:rule_time:ratio',
      rule_groups,
      (
        'max by (env, service, instance, rule_group) (label_replace(\n%s / (%s > 0),\n' +
        '"rule_group", "$1", "rule_group", ".*;(.*)"))'
      )
      % [scope.raw('prometheus_rule_group_last_duration_seconds'), scope.raw('prometheus_rule_group_interval_seconds')],
      {
        title: 'Time for rules',
        unit: 'percentunit',
        min: 0,
        how: 'max',
        description: "The share of each rule group's interval that its last evaluation took. " +
                     'At 100 % evaluations are missed.',
      },
    ),

    // --- alerts on their way to Alertmanager -------------------------------------------------------------------------

    alertmanagers_reached: per_instance(
      'instance:alertmanagers_reached:count',
      |||
        count by (env, service, instance) (%s > %s)
        or 0 * max by (env, service, instance) (%s)
      ||| % [
        scope.rate('prometheus_notifications_sent_total', window=config.short_window),
        scope.rate('prometheus_notifications_errors_total', window=config.short_window),
        scope.raw('prometheus_notifications_alertmanagers_discovered'),
      ],
      {
        title: 'Alertmanagers reached',
        unit: 'none',
        how: 'min',
        min: 0,
        decimals: 0,
        description: 'To how many Alertmanagers Prometheus could hand over alerts in the last minute. The Watchdog ' +
                     'gives it something to send at any time.',
      },
    ),

    notifications_sent: per_instance(
      'instance:notifications_sent:per_minute',
      per_minute('prometheus_notifications_sent_total'),
      {
        title: 'Alerts sent to Alertmanager',
        unit: 'suffix: /min',
        min: 0,
        description: 'Alerts that Prometheus sent to Alertmanager, per minute, over the last 5 minutes. One that ' +
                     'goes on firing is sent again and again.',
      }
    ),

    notifications_dropped: per_instance(
      'instance:notifications_dropped:per_minute',
      per_minute('prometheus_notifications_dropped_total', config.short_window),
      {
        title: 'Alerts dropped',
        unit: 'suffix: /min',
        min: 0,
        description: 'Alerts that Prometheus gave up sending to Alertmanager, in the last minute.',
      }
    ),

    notification_queue: per_instance(
      'instance:notification_queue:ratio',
      'max by (env, service, instance) (%s) / (max by (env, service, instance) (%s) > 0)'
      % [scope.raw('prometheus_notifications_queue_length'), scope.raw('prometheus_notifications_queue_capacity')],
      {
        title: 'Alert queue used',
        unit: 'percentunit',
        how: 'max',
        min: 0,
        max: 1,
        description: 'How full the queue of alerts is that wait to be sent to Alertmanager.',
      },
    ),

    handover_latency: per_instance(
      'instance:notification_handover_seconds:mean_5m',
      '%s / (%s > 0)' % [
        summed(scope.by_instance, scope.rate('prometheus_notifications_latency_seconds_sum')),
        summed(scope.by_instance, scope.rate('prometheus_notifications_latency_seconds_count')),
      ],
      {
        title: 'Prometheus to Alertmanager',
        unit: 's',
        how: 'max',
        min: 0,
        description: 'How long it takes Prometheus to hand alerts over to Alertmanager, ' +
                     'on average over the last 5 minutes.',
      },
    ),

    // --- storage -----------------------------------------------------------------------------------------------------

    // A damaged log is found as Prometheus starts, before the first scrape: an increase would never be seen.
    tsdb_corruptions: per_instance(
      'instance:tsdb_corruptions:since_start',
      '%s + %s' % [
        summed(scope.by_instance, scope.raw('prometheus_tsdb_wal_corruptions_total')),
        summed(scope.by_instance, scope.raw('prometheus_tsdb_mmap_chunk_corruptions_total')),
      ],
      {
        title: 'Damaged data found',
        unit: 'none',
        min: 0,
        decimals: 0,
        description: 'How often Prometheus has found damaged data in its write-ahead log and chunks since it was ' +
                     'started.',
      },
    ),

    head_series: per_instance(
      'instance:head_series:sum',
      summed(scope.by_instance, scope.raw('prometheus_tsdb_head_series')),
      {
        title: 'Series',
        unit: 'short',
        min: 0,
        description: 'Series that Prometheus holds in memory. Each costs a few kilobytes.',
      }
    ),

    head_series_added: per_instance('instance:head_series:added_1h', 'instance:head_series:sum ' +
                                                                     '- instance:head_series:sum offset 1h', {
      title: 'Series added',
      unit: 'short',
      description: 'How many more series there are than an hour ago.',
    }),

    head_series_growth: per_instance('instance:head_series:growth_1h', 'instance:head_series:added_1h ' +
                                                                       '/ (instance:head_series:sum offset 1h > 0)', {
      title: 'Growth of series',
      unit: 'percentunit',
      how: 'max',
      description: 'By which share the number of series has grown within an hour.',
    }),

    samples_ingested: per_instance(
      'instance:samples_ingested:rate5m',
      summed(scope.by_instance, scope.rate('prometheus_tsdb_head_samples_appended_total')),
      {
        title: 'Samples ingested',
        unit: 'short',
        min: 0,
        description: 'Samples stored per second, over the last 5 minutes.',
      }
    ),

    prometheus_disk: per_instance(
      'instance:tsdb_size:bytes',
      std.join(' + ', [
        summed(scope.by_instance, scope.raw(metric))
        for metric in [
          'prometheus_tsdb_storage_blocks_bytes',
          'prometheus_tsdb_wal_storage_size_bytes',
          'prometheus_tsdb_head_chunks_storage_size_bytes',
        ]
      ]),
      {
        title: 'Prometheus on disk',
        unit: 'bytes',
        min: 0,
        description: 'What Prometheus keeps on disk: blocks, the write-ahead log and the chunks of the head.',
      },
    ),
  }

// Alertmanager: its configuration, its members, and what becomes of the notifications.
local regex = import '../../lib/regex.libsonnet';
local promql = import '../promql.libsonnet';
local signal = import '../signal.libsonnet';

function(config)
  local scope = promql.scope(config);
  // Who waits for the Watchdog, where that is known; else whoever is named after it.
  local waits(receiver) =
    local webhook = std.get(receiver, 'webhook');
    webhook != null && std.get(webhook, 'watchdog', false);
  local watchdogs = 'receiver_name=~"%s"' % (
    if std.objectHas(config.settings, 'receivers') then
      regex.any_of(['signalfire/watchdog'] + [one.name for one in config.settings.receivers if waits(one)])
    else '.*watchdog.*'
  );

  local by_receiver = scope.by_service + ['receiver', 'integration'];

  local per_minute(metric) = '60 * sum by (env, service, receiver, integration) (%s)'
                             % promql.rename('rate(%s[5m])' % scope.raw(metric), 'receiver', 'receiver_name');

  {
    sources:: [
      { record: 'receiver:notifications:per_minute', expr: per_minute('alertmanager_notifications_total') },
      {
        record: 'receiver:notifications_failed:per_minute',
        expr: per_minute('alertmanager_notifications_failed_total'),
      },
    ],

    alertmanager_config_loaded: signal.rule(
      'instance:alertmanager_config:loaded',
      scope.by_instance,
      'min by (env, service, instance) (%s)' % scope.raw('alertmanager_config_last_reload_successful'),
      {
        title: "Alertmanager's configuration in use",
        unit: 'none',
        how: 'min',
        min: 0,
        max: 1,
        description: '1 if Alertmanager could load its configuration the last time it was told to, ' +
                     '0 if it goes on with an older one.',
      }
    ),

    alertmanager_configs: signal.rule(
      'service:alertmanager_configs:count',
      scope.by_service,
      'count by (env, service) (count_values by (env, service) ("config", %s))' % scope.raw('alertmanager_config_hash'),
      {
        title: "Alertmanager's configurations",
        unit: 'none',
        how: 'max',
        min: 0,
        decimals: 0,
        description: 'How many different configurations the members of Alertmanager have. ' +
                     'One is right, however many members there are.',
      },
    ),

    // A single Alertmanager has no cluster to count: it is all of it while it answers.
    alertmanager_cluster: signal.rule(
      'service:alertmanager_cluster:ratio',
      scope.by_service,
      |||
        clamp_max(
          (min by (env, service) (%(members)s) or %(up)s) / (%(due)s > 0),
          1
        )
        and %(up)s > 0
        or %(up)s and %(due)s > 0
      ||| % {
        members: scope.raw('alertmanager_cluster_members'),
        up: promql.select('service:targets_up:count', ['service="%s"' % config.stack.alertmanager]),
        due: promql.select('service:targets_due:count', ['service="%s"' % config.stack.alertmanager]),
      },
      {
        title: "Alertmanager's cluster",
        unit: 'percentunit',
        how: 'min',
        min: 0,
        max: 1,
        description: "The share of Alertmanager's members that find each other, " +
                     'as the member sees it that sees the fewest.',
      },
    ),

    notifications: signal.recorded({
      source: 'receiver:notifications:per_minute',
      records: { 'receiver:notifications:per_minute': by_receiver },
      title: 'Notifications',
      unit: 'suffix: /min',
      min: 0,
      description: 'Notifications per minute to each receiver, over the last 5 minutes; an alert that goes on is ' +
                   'notified again after its cooldown.',
    }),

    notifications_failed: signal.recorded({
      source: 'receiver:notifications_failed:per_minute',
      records: { 'receiver:notifications_failed:per_minute': by_receiver },
      title: 'Failed notifications',
      unit: 'suffix: /min',
      min: 0,
      description: 'Notifications per minute that a receiver did not take, over the last 5 minutes.',
    }),

    notification_failure_share: signal.rule(
      'receiver:notifications_failed:ratio_rate5m',
      by_receiver,
      'receiver:notifications_failed:per_minute / (receiver:notifications:per_minute > 0)',
      {
        title: 'Failed notifications share',
        unit: 'percentunit',
        how: 'max',
        min: 0,
        max: 1,
        description: 'The share of the notifications to each receiver that failed, over the last 5 minutes.',
      }
    ),

    // Over an hour: a quiet system notifies only every few minutes.
    notification_latency: signal.rule(
      'integration:notification_latency_seconds:mean_1h',
      scope.by_service + ['integration'],
      'sum by (env, service, integration) (rate(%s[1h])) / (sum by (env, service, integration) (rate(%s[1h])) > 0)'
      % [
        scope.raw('alertmanager_notification_latency_seconds_sum'),
        scope.raw('alertmanager_notification_latency_seconds_count'),
      ],
      {
        title: 'Alertmanager to receiver',
        unit: 's',
        how: 'max',
        min: 0,
        description: 'How long a receiver takes to accept a notification, on average over the last hour.',
      },
    ),

    // In its first quarter of an hour Alertmanager's counters are what they have grown by; an increase leaves out the
    // first.
    watchdog_delivered: signal.rule(
      'service:watchdog_notifications:delivered_15m',
      scope.by_service,
      |||
        (sum by (env, service) (%(sent)s) - sum by (env, service) (%(failed)s))
        and time() - max by (env, service) (%(started)s) < 900
        or sum by (env, service) (increase(%(sent)s[15m])) - sum by (env, service) (increase(%(failed)s[15m]))
      ||| % {
        sent: scope.raw('alertmanager_notifications_total', [watchdogs]),
        failed: scope.raw('alertmanager_notifications_failed_total', [watchdogs]),
        started: scope.raw('process_start_time_seconds'),
      },
      {
        title: 'Watchdog notifications',
        unit: 'none',
        min: 0,
        decimals: 0,
        description: 'How often the Watchdog was delivered in the last 15 minutes. It is sent every 5 minutes, or ' +
                     'every minute to whoever waits for it; at 0 nobody would hear of any alert.',
      },
    ),

    // As the alert Watchdog measures it.
    watchdog_age: signal.rule(
      'env:newest_sample:age_seconds',
      ['env'],
      'time() - max by (env) (timestamp(%s))' % scope.raw('up', ['job="%s"' % config.prometheus_job]),
      {
        title: 'Age of the newest sample',
        unit: 's',
        how: 'max',
        min: 0,
        description: 'How old the newest sample is that Prometheus has stored about itself. ' +
                     'The Watchdog goes quiet once it is too old.',
      }
    ),

    // 1 info, 2 warning, 3 error, 4 critical: the worst at which each alert fires.
    alert_severity: signal.of({
      title: 'Alerts over time',
      unit: 'none',
      description: 'When each alert fired, in the colour of its severity.',
      labels: ['env', 'service', 'alertname'],
      expr(by, matchers=[])::
        local at(severity) = promql.select(
          'ALERTS',
          ['alertstate="firing"', 'alertname!="Watchdog"', 'severity="%s"' % severity] + matchers
        );
        'max by (%s) (%s)' % [
          std.join(', ', by),
          std.join(' or ', ['4 * ' + at('critical'), '3 * ' + at('error'), '2 * ' + at('warning'), at('info')]),
        ],
    }),

    alerts_by_state: signal.rule(
      'service_state:alertmanager_alerts:sum',
      scope.by_service + ['state'],
      // Not the Watchdog, which is always active.
      |||
        sum by (env, service, state) (
          clamp_min(%s - on () group_left () (count(%s) or vector(0)), 0)
          or %s
        )
      ||| % [
        scope.raw('alertmanager_alerts', ['state="active"']),
        'ALERTS{alertname="Watchdog",alertstate="firing"}',
        scope.raw('alertmanager_alerts', ['state="suppressed"']),
      ],
      {
        title: 'Alerts in Alertmanager',
        unit: 'none',
        min: 0,
        decimals: 0,
        description: 'Alerts that Alertmanager holds, without the Watchdog: active ones are notified, suppressed ' +
                     'ones are silenced or inhibited by a more severe one.',
      }
    ),

    silences: signal.rule(
      'service_state:silences:sum',
      scope.by_service + ['state'],
      'sum by (env, service, state) (%s)' % scope.raw('alertmanager_silences', ['state!="expired"']),
      {
        title: 'Silences',
        unit: 'none',
        min: 0,
        decimals: 0,
        description: 'Silences that are in force, and those that will be.',
      }
    ),
  }

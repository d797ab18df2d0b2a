// Alertmanager: who is told of what, how soon, and how often again.
local duration = import 'collector/duration.libsonnet';

// From the worst to the least.
local severities = ['critical', 'error', 'warning', 'info'];

// An alert's label `cooldown` says after how long it is notified again. Alertmanager needs a route for each value.
local usual_cooldowns = ['5m', '10m', '15m', '30m', '1h', '4h', '12h', '1d'];
local default_cooldown = '4h';

// Alerts of one condition are the same thing only if they are also about the same one of these, where they have it.
local subject = [
  'service', 'env', 'instance', 'agent', 'budget', 'container', 'database', 'device', 'endpoint', 'model', 'mountpoint',
  'objective', 'operation', 'provider', 'queue', 'task_type', 'tool', 'workflow',
];

local url_of(webhook) =
  local file = std.get(webhook, 'url_file');
  if file != null then { url_file: file } else { url: webhook.url };

function(settings, runtime)
  local me = runtime.servers.alertmanager;
  local config = me.config + '/alertmanager.yaml';

  // Those who are told: a person's receivers by severity, and what the runtime brings along (all severities).
  local persons = [
    { name: receiver.name, severities: receiver.severities, address: url_of(receiver.webhook) }
    for receiver in settings.receivers
  ];
  local machines = [{ name: webhook.name, severities: severities, address: url_of(webhook) } for webhook in runtime.webhooks];

  local own_cooldowns = [
    alert.labels.cooldown
    for alert in std.objectValues(settings.alerts)
    if std.objectHas(alert, 'labels') && alert.labels != null && std.objectHas(alert.labels, 'cooldown')
  ];
  local cooldowns = std.set(usual_cooldowns + own_cooldowns, duration.seconds);

  local webhook(address) = address {
    send_resolved: true,
    timeout: '10s',
    max_alerts: 0,  // all of them
  };

  local told(name, receivers) = {
    name: name,
    [if receivers != [] then 'webhook_configs']: [webhook(receiver.address) for receiver in receivers],
  };

  local of(some) = 'severity=~"%s"' % std.join('|', some);

  local route(receiver) = {
    receiver: receiver.name,
    matchers: [of(receiver.severities)],
    continue: true,  // the next receiver is told too
    routes: [{ matchers: ['cooldown="%s"' % cooldown], repeat_interval: cooldown } for cooldown in cooldowns],
  };

  local lower_than(index) = severities[index + 1:];
  local inhibit(index, same, condition) = {
    source_matchers: ['severity="%s"' % severities[index], condition],
    target_matchers: [of(lower_than(index)), condition],
    equal: [same] + subject,
  };

  {
    args: [
      '--config.file=' + config,
      '--storage.path=' + me.data,
      '--web.listen-address=' + me.listen,
      '--web.external-url=' + runtime.links.alertmanager,
      // Silences and the log of notifications are in memory until they are written, by default every 15 minutes: a
      // crash would forget a silence that somebody has set, and notify a second time what was notified already.
      '--data.maintenance-interval=1s',
      '--cluster.listen-address=',
    ],
    env: { GOGC: '50' },
    files: {
      'alertmanager.yaml': {
        templates: ['templates/*.tmpl'],
        // Receivers with a slash in their name are ours; a person's cannot have one.
        route: {
          receiver: 'signalfire/unclassified',  // an alert of no known severity: better told to all than to none
          group_by: ['alertname', 'env', 'service'],
          group_wait: '5s',
          group_interval: '10s',
          repeat_interval: default_cooldown,
          routes: [
            {
              // Proof that alerts arrive at all: for machines that notice its absence, not for persons.
              receiver: 'signalfire/watchdog',
              matchers: ['alertname="Watchdog"'],
              group_wait: '0s',
              repeat_interval: '5m',
            },
          ] + [route(receiver) for receiver in machines + persons] + [
            { receiver: 'signalfire/nobody', matchers: [of(severities)] },
          ],
        },
        inhibit_rules: [
          inhibit(index, rule.same, rule.condition)
          for rule in [{ same: 'condition', condition: 'condition!=""' }, { same: 'alertname', condition: 'condition=""' }]
          for index in std.range(0, std.length(severities) - 2)
        ],
        receivers: [
          { name: 'signalfire/nobody' },
          told('signalfire/unclassified', machines + persons),
          told('signalfire/watchdog', machines),
        ] + [
          told(receiver.name, [receiver])
          for receiver in machines + persons
        ],
      },
      'templates/signalfire.tmpl': importstr 'templates/signalfire.tmpl',
    },
    checks: [['amtool', 'check-config', config]],
    ready: 'http://%s/-/ready' % me.address,
    reload: 'SIGHUP',
  }

// Alertmanager: who is told of what, how soon, and how often again.
local digest = import 'alertmanager/digest.libsonnet';
local mute = import 'alertmanager/mute.libsonnet';
local kinds = import 'alertmanager/receivers.libsonnet';
local routes_of = import 'alertmanager/routes.libsonnet';
local inhibition = import 'prometheus/lib/inhibition.libsonnet';

// From the worst to the least.
local severities = ['critical', 'error', 'warning', 'info'];

function(settings, runtime)
  local me = runtime.servers.alertmanager;
  local config = me.config + '/alertmanager.yaml';
  local mutes = std.map(mute, settings.mute);
  local digests = {
    [receiver.name]: { name: 'signalfire/daily/' + receiver.name } + found
    for receiver in settings.receivers
    if receiver.email != null
    for found in [digest([each for each in mutes if std.member(receiver.mute, each.name)])]
    if found != null
  };
  local routes = routes_of(settings, severities, digests);

  // What the runtime brings along: they get all severities, and the proof that alerts arrive.
  local machines = [{ name: webhook.name, webhook: webhook } for webhook in runtime.webhooks];

  local told(name, receivers) = { name: name } + {
    [kind + '_configs']: [kinds[kind](receiver[kind]) for receiver in receivers if std.get(receiver, kind) != null]
    for kind in std.objectFieldsAll(kinds)
    if std.length([receiver for receiver in receivers if std.get(receiver, kind) != null]) > 0
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
      '--enable-feature=receiver-name-in-metrics',
    ],
    env: { GOGC: '50' },
    files: {
      'alertmanager.yaml': {
        templates: ['templates/*.tmpl'],
        // Receivers with a slash in their name are ours; a person's cannot have one.
        route: {
          receiver: 'signalfire/unclassified',  // an alert of no known severity: better told than not
          group_by: ['alertname', 'env', 'service'],
          group_wait: '5s',
          group_interval: '10s',
          repeat_interval: '4h',
          routes: routes.for_watchdog + [
            {
              // Proof that alerts arrive at all: for machines that notice its absence, not for persons.
              receiver: 'signalfire/watchdog',
              matchers: ['alertname="Watchdog"'],
              group_wait: '0s',
              repeat_interval: '5m',
            },
          ] + std.map(routes.for_machine, machines) + routes.for_persons + [
            { receiver: 'signalfire/nobody', matchers: ['severity=~"%s"' % std.join('|', severities)] },
          ],
        },
        inhibit_rules: inhibition(severities),
        [if mutes != [] then 'time_intervals']: mutes + [
          { name: each.name, time_intervals: [each.time_interval] }
          for each in std.objectValues(digests)
        ],
        receivers: [
          { name: 'signalfire/nobody' },
          told('signalfire/unclassified', machines + routes.fallback),
          told('signalfire/watchdog', machines),
        ] + [
          told(receiver.name, [receiver])
          for receiver in machines + settings.receivers
        ],
      },
      // Slack's texts are the plain ones, with values as Slack needs them.
      'templates/slack-texts.tmpl': std.strReplace(
        importstr 'templates/plain.tmpl',
        'signalfire.plain.',
        'signalfire.slack.'
      ),
    } + {
      'templates/values.tmpl': importstr 'templates/values.tmpl',
      'templates/plain.tmpl': importstr 'templates/plain.tmpl',
      'templates/links.tmpl': importstr 'templates/links.tmpl',
      'templates/slack.tmpl': importstr 'templates/slack.tmpl',
      'templates/email.tmpl': importstr 'templates/email.tmpl',
    },
    checks: [['amtool', 'check-config', config]],
    ready: 'http://%s/-/ready' % me.address,
    reload: 'SIGHUP',
  }

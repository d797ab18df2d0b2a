// Alertmanager: whether it tells anybody.
local starting = import '../../lib/starting.libsonnet';

// The receivers that are services of the stack themselves.
local own_receivers = { 'demo-notifications': 'notifications' };

function(signals, config) [
  {
    name: 'AlertmanagerConfigReloadFailed',
    signal: signals.alertmanager_config_loaded,
    by: ['env', 'service', 'instance'],
    compare: '<',
    threshold: 1,
    'for': '5m',
    severity: 'error',
    cooldown: '30m',
    about_pipeline:: true,
    summary: '{{ $labels.service }} refuses its new configuration and goes on with the old one',
    description: '{{ $labels.instance }} ({{ $labels.env }}) could not load its configuration the last time it was ' +
                 'told to. New receivers and routes are not in effect, and it would not start again. ' +
                 'Its log says what is wrong.',
  },
  {
    name: 'AlertmanagerNotificationsFailing',
    signal: signals.notification_failure_share,
    by: ['env', 'service', 'receiver', 'integration'],
    compare: '>',
    levels: [
      { severity: 'error', threshold: 0.01, cooldown: '15m' },
      { severity: 'critical', threshold: 0.5, cooldown: '5m' },
    ],
    'for': '2m',
    about_pipeline:: true,
    quiet_while:: [starting.named('receiver', own_receivers, '5m')],
    summary: '%s of the notifications to {{ $labels.receiver }} fail' % self.value,
    description: (
                   'The receiver {{ $labels.receiver }} ({{ $labels.integration }}, ' +
                   '{{ $labels.env }}) did not take %s of its notifications of the last 5 minutes; '
                 ) % self.value +
                 (
                   'more than %s is too many. Who relies on it is not told of what fires. ' +
                   'Alertmanager tries again while the alert fires; its log says how the receiver answers.'
                 ) % self.limit,
  },
  {
    name: 'AlertmanagerClusterDown',
    signal: signals.alertmanager_cluster,
    compare: '<',
    levels: [
      { severity: 'warning', threshold: 1, cooldown: '30m' },
      { severity: 'critical', threshold: 0.5, cooldown: '5m' },
    ],
    'for': '5m',
    about_pipeline:: true,
    summary: 'Only %s of the members of {{ $labels.service }} find each other' % self.value,
    description: (
                   'Of the members that {{ $labels.service }} ({{ $labels.env }}) should have, %s are there and find ' +
                   'each other. Members that do not find each other '
                 ) % self.value +
                 'notify separately, so that everything comes twice; if none is left, nobody is told of anything. ' +
                 'Look at their logs.',
  },
  {
    name: 'AlertmanagerConfigDiffers',
    signal: signals.alertmanager_configs,
    counted: ['configuration', 'configurations'],
    compare: '>',
    threshold: 1,
    'for': '10m',
    severity: 'warning',
    cooldown: '1h',
    about_pipeline:: true,
    summary: 'The members of {{ $labels.service }} differ: they have %s' % self.value,
    description: (
                   'The members of {{ $labels.service }} ({{ $labels.env }}) run with %s, where it should be one. ' +
                   'Who is told depends on which of them sends. '
                 ) % self.value +
                 'One of them did not get, or refused, the newest: its log says so.',
  },
]

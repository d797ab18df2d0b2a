// Panels about alerts that more than one dashboard has.
local promql = import '../../prometheus/signals/promql.libsonnet';

local colours = { critical: 'red', 'error': 'orange', warning: 'yellow', info: 'blue' };
local severities = ['critical', 'error', 'warning', 'info'];

function(panel, config) {
  local severity_mapping =
    panel.mapping([{ value: severity, text: severity, color: colours[severity] } for severity in severities]),

  // Series named by a severity in its colour.
  severity_colours:: panel.overrides([
    panel.override(severity, { color: { mode: 'fixed', fixedColor: colours[severity] } })
    for severity in severities
  ]),

  // For how long each alert of a severity has fired, the newest first. The order of the answer is that of the table.
  local since(signal, severity) =
    local told = promql.select(signal.source, signal.matchers(['env', 'service']) + [severity]);
    'sort(time() - (ALERTS_FOR_STATE and ignoring (alertstate) %s))' % told,

  firing_table(signal)::
    panel.labels_table(
      'Alerts firing now',
      'Each alert that fires at this moment, the worst first and of those the newest; of several severities of the ' +
      'same thing the worst. The Watchdog, which always fires, is left out.',
      std.join('\nor ', [
        since(signal, matcher)
        for matcher in ['severity="%s"' % one for one in severities] + ['severity!~"%s"' % std.join('|', severities)]
      ]),
      [
        { severity: 'Severity' },
        { alertname: 'Alert' },
        { service: 'Service' },
        { env: 'Env' },
        { Value: 'Since' },
      ],
    ) + { fieldConfig+: { defaults+: { noValue: 'Nothing fires' } } } + panel.overrides([
      panel.override('Since', { unit: 'dtdurations', decimals: 0 }),
      panel.override('Severity', {
        mappings: severity_mapping,
        // Yellow letters cannot be read on white; letters on yellow can.
        'custom.cellOptions': { type: 'color-background', mode: 'basic' },
        'custom.width': 110,
      }),
      panel.override('Alert', {
        links: [{ title: 'Runbook of ${__value.text}', url: config.links.dashboards + '/runbooks/${__value.text}' }],
      }),
      panel.override('Service', {
        links: [
          {
            title: 'API performance of ${__value.text}',
            url: '/d/api-performance?var-service=${__value.text}&${__url_time_range}',
          },
        ],
      }),
    ]),
}

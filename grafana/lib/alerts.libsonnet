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

  // What fires, with its labels; the Watchdog where nothing else does.
  firing(signal)::
    local told = promql.select(signal.source, signal.matchers(['env', 'service']));
    '%s or (ALERTS{alertname="Watchdog",alertstate="firing"} unless on () %s)' % [told, told],

  // extra: more columns of the query's answer, behind the others.
  firing_table(expr, extra=[])::
    panel.labels_table(
      'Alerts firing now',
      'Each alert that fires at this moment: of several severities of the same thing the worst. The Watchdog, which ' +
      'always fires, stands there where nothing else does.',
      expr,
      [{ severity: 'Severity' }, { alertname: 'Alert' }, { service: 'Service' }, { env: 'Env' }] + extra,
    ) + panel.overrides([
      panel.override('Severity', {
        mappings: severity_mapping,
        'custom.cellOptions': { type: 'color-text' },
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

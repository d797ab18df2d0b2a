// A dashboard from rows of panels: variables, links, ids and places in the grid are worked out here.
local links = import 'links.libsonnet';

// Lays the panels of a row out from left to right, starting a new line when the 24 columns are full.
local place(panels, top) =
  local step(state, panel) =
    local size = panel.size;
    local wraps = state.x + size.w > 24;
    local x = if wraps then 0 else state.x;
    local y = if wraps then state.bottom else state.y;
    {
      x: x + size.w,
      y: y,
      bottom: std.max(state.bottom, y + size.h),
      placed: state.placed + [panel { gridPos: { x: x, y: y, w: size.w, h: size.h } }],
    };
  std.foldl(step, panels, { x: 0, y: top, bottom: top, placed: [] });

local row_panel(title, top) = {
  type: 'row',
  title: title,
  collapsed: false,
  panels: [],
  gridPos: { x: 0, y: top, w: 24, h: 1 },
};

// Rows one under the other; a row without a title has no heading.
local grid(rows) =
  local step(state, row) =
    local heading = if row.title == '' then [] else [row_panel(row.title, state.y)];
    local laid = place(row.panels, state.y + std.length(heading));
    { y: laid.bottom, panels: state.panels + heading + laid.placed };
  local panels = std.foldl(step, rows, { y: 0, panels: [] }).panels;
  [panels[i] { id: i + 1 } for i in std.range(0, std.length(panels) - 1)];

{
  row(title, panels):: { title: title, panels: panels },

  // A variable with the values of one label, "All" at first.
  variable(config, name, query):: {
    type: 'query',
    name: name,
    label: std.asciiUpper(name[0]) + name[1:],
    datasource: { type: 'prometheus', uid: config.datasources.prometheus },
    query: { qryType: 1, query: query, refId: 'PrometheusVariableQueryEditor-VariableQuery' },
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    allValue: '.+',
    current: { selected: true, text: ['All'], value: ['$__all'] },
    options: [],
    regex: '',
    hide: 0,
    skipUrlSync: false,
  },

  // The same with the values of a label of Loki.
  log_variable(config, name, label, selector):: self.variable(config, name, '') + {
    datasource: { type: 'loki', uid: config.datasources.loki },
    query: { type: 1, label: label, stream: selector, refId: 'LokiVariableQueryEditor-VariableQuery' },
  },

  // A text that a person types in.
  text_variable(name, label, description):: {
    type: 'textbox',
    name: name,
    label: label,
    description: description,
    query: '',
    current: { selected: true, text: '', value: '' },
    options: [{ selected: true, text: '', value: '' }],
    hide: 0,
    skipUrlSync: false,
  },

  new(uid, title, description, variables, neighbours, rows, from='now-15m'):: {
    uid: uid,
    title: title,
    description: 'Generated from grafana/dashboards/%s.libsonnet by `make generate`; do not edit. %s' % [
      uid,
      description,
    ],
    tags: ['signalfire'],
    schemaVersion: 41,
    version: 1,
    editable: false,
    graphTooltip: 1,
    fiscalYearStartMonth: 0,
    timezone: 'browser',
    refresh: '10s',
    time: { from: from, to: 'now' },
    timepicker: { refresh_intervals: ['5s', '10s', '30s', '1m', '5m'] },
    templating: { list: variables },
    annotations: { list: [{
      builtIn: 1,
      datasource: { type: 'grafana', uid: '-- Grafana --' },
      enable: true,
      hide: true,
      iconColor: 'rgba(0, 211, 255, 1)',
      name: 'Annotations & Alerts',
      type: 'dashboard',
    }] },
    links: [links.neighbour(n.uid, n.title) for n in neighbours] + [links.all_dashboards],
    panels: grid(rows),
  },
}

// Links in Grafana's own forms: to a dashboard, and to logs and traces in Explore.

// Grafana fills in ${…} before it opens a link, so those braces must stay as they are; the rest of a JSON text is
// escaped.
local escape(text) = std.foldl(
  function(escaped, pair) std.strReplace(escaped, pair[0], pair[1]),
  [
    ['%', '%25'],
    [' ', '%20'],
    ['"', '%22'],
    ['\\', '%5C'],
    ['|', '%7C'],
    ['=', '%3D'],
    ['+', '%2B'],
    ['&', '%26'],
    ['#', '%23'],
  ],
  text,
);

{
  local links = self,

  // The range is the dashboard's, unless another one is given.
  explore(datasource, query, range={ from: '${__from}', to: '${__to}' })::
    '/explore?schemaVersion=1&panes=' + escape(std.manifestJsonMinified({
      a: {
        datasource: datasource.uid,
        queries: [{ refId: 'A', datasource: datasource } + query],
        range: range,
      },
    })),

  // The ways on from a service. `service` is how Grafana fills it in: from the label of a series, or from a row's
  // column. (Fields of an object are worked out again each time, locals once, and addresses take long.)
  of_series:: '${__field.labels.service}',
  of_row:: '${__data.fields.Service}',

  service_logs(datasources, service)::
    local url = links.explore({ type: 'loki', uid: datasources.loki }, { expr: '{service_name="%s"}' % service });
    { title: 'Logs of ' + service, url: url },

  service_traces(datasources, service)::
    local url = links.explore({ type: 'jaeger', uid: datasources.jaeger }, { queryType: 'search', service: service });
    { title: 'Traces of ' + service, url: url },

  service_dashboard(uid, title, service):: {
    title: title + ' of ' + service,
    url: '/d/' + uid + '?var-service=' + service + '&${__url_time_range}',
  },

  // From a series that carries the label `agent`.
  agent_dashboard:: {
    title: '${__field.labels.agent} in depth',
    url: '/d/agents?var-agent=${__field.labels.agent}&${__url_time_range}',
  },

  // A dashboard's link to its neighbour, in the row above its panels.
  neighbour(uid, title):: {
    type: 'link',
    title: title,
    url: '/d/' + uid,
    icon: 'dashboard',
    tooltip: '',
    tags: [],
    asDropdown: false,
    targetBlank: false,
    keepTime: true,
    includeVars: true,
  },

  // A menu of all of them, behind the neighbours.
  all_dashboards:: {
    type: 'dashboards',
    title: 'All dashboards',
    icon: 'external link',
    tooltip: '',
    tags: ['signalfire'],
    asDropdown: true,
    targetBlank: false,
    keepTime: true,
    includeVars: true,
  },
}

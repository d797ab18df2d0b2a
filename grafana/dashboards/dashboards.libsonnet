// Every dashboard by its file name. To add one: its file in this folder, and a line here.
local dashboard = import '../lib/dashboard.libsonnet';
local panel = import '../lib/panel.libsonnet';

// In the order in which a person goes through them; each links to the others.
local titles = [
  { uid: 'overview', title: 'Overview' },
  { uid: 'api-performance', title: 'API performance' },
];

local files = {
  overview: import 'overview.libsonnet',
  'api-performance': import 'api-performance.libsonnet',
};

function(signals, alerts, config) {
  [page.uid + '.json']: files[page.uid]({
    config: config,
    signals: signals,
    alerts: alerts,
    panels(vars):: panel.for_dashboard(config, alerts, vars),
    variable(name, query):: dashboard.variable(config, name, query),
    row:: dashboard.row,
    // The histograms that carry exemplars of HTTP requests.
    http_histograms: ['http_request_duration_seconds', 'http_server_request_duration_seconds'],
    new(description, variables, rows):: dashboard.new(
      page.uid, page.title, description, variables, [other for other in titles if other.uid != page.uid], rows
    ),
  })
  for page in titles
}

// Every dashboard by its file name. To add one: its file in this folder, and a line here.
local dashboard = import '../lib/dashboard.libsonnet';
local panel = import '../lib/panel.libsonnet';

// In the order in which a person goes through them. The neighbours are where one goes next from there.
local pages = [
  {
    uid: 'overview',
    title: 'Overview',
    neighbours: ['api-performance', 'ai-costs', 'agents', 'system-health', 'slo', 'alerts-and-incidents'],
    page: import 'overview.libsonnet',
  },
  {
    uid: 'api-performance',
    title: 'API performance',
    neighbours: ['overview', 'system-health', 'slo', 'anomalies', 'logs'],
    page: import 'api-performance.libsonnet',
  },
  {
    uid: 'ai-costs',
    title: 'AI costs',
    neighbours: ['overview', 'api-performance', 'business-metrics', 'agents', 'anomalies'],
    page: import 'ai-costs.libsonnet',
  },
  {
    uid: 'business-metrics',
    title: 'Business metrics',
    neighbours: ['overview', 'api-performance', 'ai-costs'],
    page: import 'business-metrics.libsonnet',
  },
  {
    uid: 'system-health',
    title: 'System health',
    neighbours: ['overview', 'api-performance', 'business-metrics', 'anomalies', 'stack'],
    page: import 'system-health.libsonnet',
  },
  {
    uid: 'agents',
    title: 'Agents',
    neighbours: ['workflows-and-tasks', 'overview', 'ai-costs'],
    page: import 'agents.libsonnet',
  },
  {
    uid: 'workflows-and-tasks',
    title: 'Workflows and tasks',
    neighbours: ['agents', 'overview'],
    page: import 'workflows-and-tasks.libsonnet',
  },
  {
    uid: 'slo',
    title: 'Service level objectives',
    neighbours: ['overview', 'api-performance', 'anomalies'],
    page: import 'slo.libsonnet',
  },
  {
    uid: 'anomalies',
    title: 'Anomalies and forecasts',
    neighbours: ['overview', 'api-performance', 'ai-costs', 'alerts-and-incidents'],
    page: import 'anomalies.libsonnet',
  },
  {
    uid: 'alerts-and-incidents',
    title: 'Alerts and incidents',
    neighbours: ['overview', 'slo', 'anomalies', 'logs', 'stack'],
    page: import 'alerts-and-incidents.libsonnet',
  },
  {
    uid: 'logs',
    title: 'Logs',
    neighbours: ['overview', 'alerts-and-incidents', 'api-performance'],
    page: import 'logs.libsonnet',
  },
  {
    uid: 'stack',
    title: 'The stack itself',
    neighbours: ['overview', 'alerts-and-incidents', 'logs', 'system-health'],
    page: import 'stack.libsonnet',
  },
];
local titled = { [page.uid]: { uid: page.uid, title: page.title } for page in pages };

function(signals, alerts, config) {
  [page.uid + '.json']: page.page({
    config: config,
    signals: signals,
    alerts: alerts,
    panels(vars):: panel.for_dashboard(config, alerts, vars),
    variable(name, query):: dashboard.variable(config, name, query),
    log_variable(name, label, selector):: dashboard.log_variable(config, name, label, selector),
    text_variable:: dashboard.text_variable,
    row:: dashboard.row,
    // The histograms that carry exemplars of HTTP requests.
    http_histograms: ['http_request_duration_seconds', 'http_server_request_duration_seconds'],
    // `from` is the start of the time range that it opens with.
    new(description, variables, rows, from='now-15m'):: dashboard.new(
      page.uid, page.title, description, variables, [titled[uid] for uid in page.neighbours], rows, from
    ),
  })
  for page in pages
} + { uids:: [page.uid for page in pages] }

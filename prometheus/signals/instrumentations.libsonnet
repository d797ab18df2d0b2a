// The instrumentations whose metrics feed the signals, and the one set of labels that they are brought to.
//
// An instrumentation lists, per kind of metric, its name, which of its series are meant, and how it calls our labels.
// The first one that an instance speaks is taken for it, so an instance that speaks two is counted once. Ours and
// prometheus-fastapi-instrumentator use the same metric names and are told apart by their labels.
local promql = import 'promql.libsonnet';

local identity = ['env', 'service', 'instance'];

local ours = {
  requests: {
    metric: 'http_requests_total',
    matchers: ['endpoint!=""'],
    labels: { method: 'method', endpoint: 'endpoint', status: 'status' },
  },
  duration: {
    metric: 'http_request_duration_seconds',
    matchers: ['endpoint!=""'],
    labels: { method: 'method', endpoint: 'endpoint' },
  },
  request_size: {
    metric: 'http_request_size_bytes',
    matchers: ['endpoint!=""'],
    labels: { method: 'method', endpoint: 'endpoint' },
  },
  response_size: {
    metric: 'http_response_size_bytes',
    matchers: ['endpoint!=""'],
    labels: { method: 'method', endpoint: 'endpoint' },
  },
  in_progress: { metric: 'http_requests_in_progress', matchers: [], labels: { method: 'method' } },
};

// prometheus-fastapi-instrumentator: `handler` is the route template, `status` is grouped ("2xx") unless told
// otherwise.
local fastapi_instrumentator = {
  requests: {
    metric: 'http_requests_total',
    matchers: ['endpoint=""', 'handler!=""'],
    labels: { method: 'method', endpoint: 'handler', status: 'status' },
  },
  duration: {
    metric: 'http_request_duration_seconds',
    matchers: ['endpoint=""', 'handler!=""'],
    labels: { method: 'method', endpoint: 'handler' },
  },
  request_size: {
    metric: 'http_request_size_bytes',
    matchers: ['endpoint=""', 'handler!=""'],
    labels: { method: 'method', endpoint: 'handler' },
  },
  response_size: {
    metric: 'http_response_size_bytes',
    matchers: ['endpoint=""', 'handler!=""'],
    labels: { method: 'method', endpoint: 'handler' },
  },
  in_progress: { metric: 'http_requests_inprogress', matchers: [], labels: { method: 'method' } },
};

// OpenTelemetry's HTTP semantic conventions: the request count is the duration histogram's.
local opentelemetry = {
  requests: {
    metric: 'http_server_request_duration_seconds',
    counter: 'http_server_request_duration_seconds_count',
    matchers: [],
    labels: { method: 'http_request_method', endpoint: 'http_route', status: 'http_response_status_code' },
  },
  duration: {
    metric: 'http_server_request_duration_seconds',
    matchers: [],
    labels: { method: 'http_request_method', endpoint: 'http_route' },
  },
  request_size: {
    metric: 'http_server_request_body_size_bytes',
    matchers: [],
    labels: { method: 'http_request_method', endpoint: 'http_route' },
  },
  response_size: {
    metric: 'http_server_response_body_size_bytes',
    matchers: [],
    labels: { method: 'http_request_method', endpoint: 'http_route' },
  },
  in_progress: { metric: 'http_server_active_requests', matchers: [], labels: { method: 'http_request_method' } },
};

{
  // In the order in which they are preferred.
  http: [ours, fastapi_instrumentator, opentelemetry],
  identity: identity,

  // One expression over all instrumentations, summed to identity + our labels (+ `extra`, such as le).
  // `suffix` picks a histogram's or summary's series; `window` makes it a rate, null leaves it a level;
  // `matchers` are written in our labels and apply after renaming.
  unify(kind, window, suffix='', extra=[], selector='', status='')::
    local one(instrumentation) =
      local spec = instrumentation[kind];
      local name = if std.objectHas(spec, 'counter') then spec.counter else spec.metric + suffix;
      local narrowed = if status == '' then [] else [spec.labels.status + '=~"' + status + '"'];
      local series = promql.select(name, spec.matchers + narrowed + [selector]);
      local value = if window == null then series else 'rate(' + series + '[' + window + '])';
      local renamed = std.foldl(
        function(expr, label) promql.rename(expr, label, spec.labels[label]),
        std.objectFields(spec.labels),
        value
      );
      promql.fold('sum', identity + std.objectFields(spec.labels) + extra, renamed);
    std.join('\nor on (' + std.join(', ', identity) + ')\n', [one(i) for i in $.http]),
}

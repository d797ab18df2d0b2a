// The instrumentations whose metrics feed the signals, and the one set of labels that they are brought to.
//
// An instrumentation lists, per kind of metric, its name, which of its series are meant, and how it calls our labels
// (several names: the last one that is there). The first one that an instance speaks is taken for it, so an instance
// that speaks two is counted once. Several use the same metric names and are told apart by their labels.
//
// All but ours count that Prometheus asks them for their metrics, too: that is nobody's traffic.
local promql = import 'promql.libsonnet';

local identity = ['env', 'service', 'instance'];

local ours = {
  name: 'signalfire',
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
  name: 'prometheus-fastapi-instrumentator',
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
  name: 'opentelemetry',
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

// starlette_exporter, with the prefix that it has unless told otherwise.
local starlette_exporter = {
  name: 'starlette_exporter',
  local labels = { method: 'method', endpoint: 'path' },
  requests: { metric: 'starlette_requests_total', matchers: [], labels: labels { status: 'status_code' } },
  duration: { metric: 'starlette_request_duration_seconds', matchers: [], labels: labels },
  in_progress: { metric: 'starlette_requests_in_progress', matchers: [], labels: { method: 'method' } },
};

// What others call http_requests_total and http_request_duration_seconds: prom-client's users in Node.js, mostly, who
// choose the labels themselves. Where there is no counter the histogram counts, which then knows the status.
local others = {
  local unlike = ['endpoint=""', 'handler=""'],
  local labels = { method: 'method', endpoint: ['path', 'route'] },
  local with_status = labels { status: ['status', 'code', 'status_code'] },
  name: 'others',
  requests: { metric: 'http_requests_total', matchers: unlike, labels: with_status },
  duration: { metric: 'http_request_duration_seconds', matchers: unlike, labels: labels },
  request_size: { metric: 'http_request_size_bytes', matchers: unlike, labels: labels },
  response_size: { metric: 'http_response_size_bytes', matchers: unlike, labels: labels },
};
local others_by_histogram = {
  requests: others.requests { metric: 'http_request_duration_seconds', counter: 'http_request_duration_seconds_count' },
};

local names(label) = if std.isArray(label) then label else [label];

{
  // In the order in which they are preferred.
  http: [ours, fastapi_instrumentator, starlette_exporter, opentelemetry, others, others_by_histogram],
  identity: identity,

  local speaking(kind) = [i for i in $.http if std.objectHas(i, kind)],
  // The series of a kind: `suffix` picks a histogram's or summary's.
  local series(instrumentation, kind, suffix, more=[]) =
    local spec = instrumentation[kind];
    local asked_for_metrics = if instrumentation == ours || !std.objectHas(spec.labels, 'endpoint') then []
    else [name + '!="/metrics"' for name in names(spec.labels.endpoint)];
    promql.select(
      if std.objectHas(spec, 'counter') then spec.counter else spec.metric + suffix,
      spec.matchers + asked_for_metrics + more
    ),
  local first_spoken(exprs) = std.join('\nor on (' + std.join(', ', identity) + ')\n', exprs),

  // One expression over all instrumentations, summed to identity + our labels (+ `extra`, such as le).
  // `window` makes it a rate, null leaves it a level; `status` is one of our labels, before renaming.
  unify(kind, window, suffix='', extra=[], selector='', status='')::
    local one(instrumentation) =
      local labels = instrumentation[kind].labels;
      local selected(matchers) = series(instrumentation, kind, suffix, matchers + [selector]);
      local value(matchers) =
        if window == null then selected(matchers) else 'rate(%s[%s])' % [selected(matchers), window];
      local narrowed = [value([name + '=~"' + status + '"']) for name in names(std.get(labels, 'status', []))];
      local renamed = std.foldl(
        function(expr, label) std.foldl(
          function(expr, name) promql.rename(expr, label, name, if std.isArray(labels[label]) then '.+' else '.*'),
          names(labels[label]),
          expr
        ),
        std.objectFields(labels),
        if status == '' then value([]) else std.join(' or ', narrowed),
      );
      promql.fold(
        'sum',
        identity + std.objectFields(labels) + extra,
        if std.member(extra, 'le') then promql.whole_bounds(renamed) else renamed
      );
    first_spoken([one(i) for i in speaking(kind)]),

  // What an instance that is not scraped is known by.
  pushed(selector):: series(opentelemetry, 'requests', '', [selector]),

  // The layout of each instance's buckets: whose they are, and how many. Those of unlike layouts must not be added up.
  layouts(kind, selector)::
    local by = std.join(', ', identity);
    local one(instrumentation) =
      'label_replace(count_values by (%s) ("bounds", count by (%s) (group by (%s, le) (%s))), ' % [
        by,
        by,
        by,
        series(instrumentation, kind, '_bucket', [selector]),
      ] + '"layout", "%s $1", "bounds", "(.+)")' % instrumentation.name;
    'group by (%s, layout) (\n%s\n)' % [by, first_spoken([one(i) for i in speaking(kind)])],
}

// The instrumentations of calls to model providers, brought to one set of labels as instrumentations.libsonnet does for
// HTTP.
//
// Each lists, per kind of metric, the series that hold it: { metric, matchers, labels }, where labels says how it calls
// ours (several names: the last one that is there) and `constants` what it leaves unsaid. Of an instance that speaks
// two, the first counts.
local promql = import 'promql.libsonnet';

local identity = ['env', 'service', 'instance'];

// Leaves the label as it is where there is no `from`.
local copy(expr, to, from) =
  if to == from then expr else 'label_replace(' + expr + ', "' + to + '", "$1", "' + from + '", "(.+)")';
local constant(expr, label, value) = 'label_replace(' + expr + ', "' + label + '", "' + value + '", "", "")';
local same(labels) = { [label]: [label] for label in labels };
local call = ['provider', 'model', 'operation'];
local ours = {
  name: 'signalfire',
  calls: [{ metric: 'ai_api_calls_total', labels: same(call + ['status']) }],
  errors: [{ metric: 'ai_api_errors_total', labels: same(['provider', 'model', 'error_type']) }],
  tokens: [{ metric: 'ai_api_tokens_total', labels: same(call + ['type']) }],
  duration: [{ metric: 'ai_api_duration_seconds_bucket', labels: same(call) }],
  time_to_first_token: [{ metric: 'ai_api_time_to_first_token_seconds_bucket', labels: same(['provider', 'model']) }],
};

// OpenTelemetry's GenAI conventions: a call is one observation of its duration, failed if it has an error.type. They
// know neither prices nor caches. Until version 1.37 the provider was called system.
local provider_and_model = { provider: ['gen_ai_system', 'gen_ai_provider_name'], model: ['gen_ai_request_model'] };
local of_opentelemetry = provider_and_model { operation: ['gen_ai_operation_name'] };
local duration = 'gen_ai_client_operation_duration_seconds';
local opentelemetry = {
  name: 'opentelemetry',
  calls: [
    {
      metric: duration + '_count',
      matchers: ['error_type=""'],
      labels: of_opentelemetry,
      constants: { status: 'success' },
    },
    {
      metric: duration + '_count',
      matchers: ['error_type!=""'],
      labels: of_opentelemetry,
      constants: { status: 'error' },
    },
  ],
  errors: [
    {
      metric: duration + '_count',
      matchers: ['error_type!=""'],
      labels: provider_and_model { error_type: ['error_type'] },
    },
  ],
  tokens: [{ metric: 'gen_ai_client_token_usage_sum', labels: of_opentelemetry { type: ['gen_ai_token_type'] } }],
  duration: [{ metric: duration + '_bucket', labels: of_opentelemetry }],
  time_to_first_token: [
    { metric: 'gen_ai_client_operation_time_to_first_chunk_seconds_bucket', labels: provider_and_model },
  ],
};

{
  // The rate over `window` of one kind from all instrumentations, by env and service, our labels, and `extra` (such as
  // le, which brings the layout of the buckets along: whose they are).
  rate(kind, window, selector, extra=[])::
    local is_histogram = std.member(extra, 'le');
    local one(series) =
      local selected = promql.select(series.metric, std.get(series, 'matchers', []) + [selector]);
      local constants = std.get(series, 'constants', {});
      local copied(expr, label) = std.foldl(function(all, from) copy(all, label, from), series.labels[label], expr);
      local named = std.foldl(copied, std.objectFields(series.labels), 'rate(' + selected + '[' + window + '])');
      local complete =
        std.foldl(function(expr, label) constant(expr, label, constants[label]), std.objectFields(constants), named);
      promql.fold(
        'sum',
        identity + std.objectFields(series.labels + constants) + extra,
        if is_histogram then promql.whole_bounds(complete) else complete
      );
    local instrumentation(spec) =
      local parts = [one(series) for series in spec[kind]];
      local all = if std.length(parts) == 1 then parts[0] else '(' + std.join('\n  or ', parts) + ')';
      if is_histogram then promql.labelled(all, 'layout', spec.name) else all;
    local labels = std.objectFields(ours[kind][0].labels);
    promql.fold(
      'sum',
      ['env', 'service'] + labels + (if is_histogram then ['layout'] else []) + extra,
      '\n' + std.join(
        '\nor on (' + std.join(', ', identity) + ')\n',
        std.map(instrumentation, [ours, opentelemetry])
      ) + '\n'
    ),
}

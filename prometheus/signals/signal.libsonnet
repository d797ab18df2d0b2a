// A signal is one thing worth knowing about a running system. It is declared once, with its title, its unit (a Grafana
// unit id) and its PromQL; recording rules, panels and alerts take these from it.
//
// Each constructor below takes a declaration with
//   title, unit, description   what a person reads
//   source                     the series it is computed from: a recorded series or a metric
//   labels                     the labels that the source carries, so that nobody filters by one it lacks
//   records                    { recorded name: its labels }: the groupings that are worth recording
// and returns a signal with
//   rules                      the recording rules of `records`
//   expr(by, matchers)         its PromQL for any grouping and filter
//   query(by, vars)            the same for a dashboard with these variables: the recorded series if there is one
//   record(labels)             the name under which this grouping is recorded
local promql = import 'promql.libsonnet';
local fold = promql.fold;
local select = promql.select;

// Are these the same labels, in whatever order? Does the first list hold all of the second?
local holds(labels, wanted) = std.all([std.member(labels, label) for label in wanted]);
local same(a, b) = std.length(a) == std.length(b) && holds(a, b);

// What else must be told apart so that nothing unlike is added up.
local apart_from(by, labels) =
  [label for label in ['env', 'service', 'layout'] if std.member(labels, label) && !std.member(by, label)];

local signal(declaration) = {
  local this = self,
  records: {},
  decimals: null,
  min: null,
  max: null,
  expr(by, matchers=[]):: error 'a signal needs an expr(by, matchers)',

  rules:: [{ record: name, expr: this.expr(this.records[name]) } for name in std.objectFields(this.records)],

  record(labels)::
    local found = [name for name in std.objectFields(self.records) if same(self.records[name], labels)];
    if found == [] then
      error 'signal "%s" is not recorded by (%s); add it to its records' % [self.title, std.join(', ', labels)]
    else found[0],

  matchers(vars):: [name + '=~"$' + name + '"' for name in vars if std.member(self.labels, name)],

  query(by, vars)::
    local filtered = [name for name in vars if std.member(self.labels, name)];
    local wanted = ['env'] + [label for label in by if label != 'env'];
    local recorded = [
      name
      for name in std.objectFields(self.records)
      if same(self.records[name], wanted) && holds(wanted, filtered)
    ];
    if recorded == [] then self.expr(by, self.matchers(vars)) else select(recorded[0], self.matchers(vars)),
} + declaration;

{
  // A signal that writes its PromQL itself: the declaration brings expr(by, matchers) along.
  of:: signal,

  // Something already per second (or a level) that is added up: requests per second, agents at work.
  sum(declaration):: signal({
    matchers_of_source:: [],
    expr(by, matchers=[])::
      fold('sum', by, select(self.source, self.matchers_of_source + matchers)),
  } + declaration),

  // The part of a rate that also matches `part`; 0 where there is traffic and none of it matches.
  part(declaration):: signal({
    expr(by, matchers=[])::
      local whole = fold('sum', by, select(self.source, matchers));
      '(' + fold('sum', by, select(self.source, [self.part] + matchers)) + ' or 0 * ' + whole + ')',
  } + declaration),

  // That part as a share of the whole, 0 to 1; absent where there is nothing to share.
  share(declaration):: signal({
    min: 0,
    decimals: 2,
    expr(by, matchers=[])::
      local whole = fold('sum', by, select(self.source, matchers));
      '(' + fold('sum', by, select(self.source, [self.part] + matchers)) + ' or 0 * ' + whole + ') / (' + whole
      + ' > 0)',
  } + declaration),

  // A quantile of a histogram's recorded bucket rates; absent (not NaN) where nothing was observed. Of several services
  // it is that of the slowest: their buckets need not be alike, and the sum of unlike ones means nothing. A source with
  // the label `layout` says itself which are alike.
  quantile(q, declaration):: signal({
    expr(by, matchers=[])::
      local apart = by + apart_from(by, self.labels);
      local buckets = fold('sum', apart + ['le'], select(self.source, matchers));
      local each = 'histogram_quantile(%.10g, ' % q + buckets + ') >= 0';
      if apart == by then each else fold('max', by, each),
  } + declaration),

  // How many observations a second there are in each bucket, for a heatmap: by the bounds that all have in common.
  buckets(declaration):: signal({
    expr(by, matchers=[])::
      local chosen = select(self.source, matchers);
      local layout = apart_from([], self.labels);
      '%s and on (le) count by (le) (%s) == on () group_left () count(%s)' % [
        fold('sum', by, chosen),
        fold('group', layout + ['le'], chosen),
        fold('group', layout, chosen),
      ],
  } + declaration),

  // The mean of what a summary or histogram observed: the rate of its sum by the rate of its count.
  mean(declaration):: signal({
    expr(by, matchers=[])::
      fold('sum', by, select(self.source.sum, matchers)) + ' / ('
      + fold('sum', by, select(self.source.count, matchers)) + ' > 0)',
  } + declaration),

  // A signal whose recording rules are written out by hand; `how` folds it further.
  recorded(declaration):: signal({
    how:: 'sum',
    rules:: [],
    labels: self.records[self.source],
    expr(by, matchers=[]):: fold(self.how, by, select(self.source, matchers)),
  } + declaration),

  // A signal that is one recording rule.
  rule(name, labels, expr, declaration):: self.recorded({
    source: name,
    records: { [name]: labels },
    rules: [{ record: name, expr: expr }],
  } + declaration),
}

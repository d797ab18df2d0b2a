// A signal is one thing worth knowing about a running system. It is declared once, with its title, its unit (a Grafana unit id)
// and its PromQL; recording rules, panels and alerts take these from it.
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

local signal(declaration) = {
  local this = self,
  records: {},
  decimals: null,
  min: null,
  max: null,
  expr(by, matchers=[]):: error 'a signal needs an expr(by, matchers)',

  rules:: [{ record: name, expr: this.expr(this.records[name]) } for name in std.objectFields(this.records)],

  record(labels)::
    local found = [name for name in std.objectFields(self.records) if std.set(self.records[name]) == std.set(labels)];
    if found == [] then error 'signal "%s" is not recorded by (%s); add it to its records' % [self.title, std.join(', ', labels)] else found[0],

  matchers(vars):: ['%s=~"$%s"' % [name, name] for name in vars if std.member(self.labels, name)],

  query(by, vars)::
    local filtered = std.set([name for name in vars if std.member(self.labels, name)]);
    local wanted = std.set(by + ['env']);
    local recorded = [
      name
      for name in std.objectFields(self.records)
      if std.set(self.records[name] + ['env']) == wanted && std.setDiff(filtered, std.set(self.records[name])) == []
    ];
    if recorded == [] then self.expr(by, self.matchers(vars)) else select(recorded[0], self.matchers(vars)),
} + declaration;

{
  // Something already per second (or a level) that is added up: requests per second, agents at work.
  sum(declaration):: signal({
    factor:: 1,
    matchers_of_source:: [],
    expr(by, matchers=[])::
      local total = fold('sum', by, select(self.source, self.matchers_of_source + matchers));
      if self.factor == 1 then total else '%d * %s' % [self.factor, total],
  } + declaration),

  // The worst, best or mean of what the source says: `how` is max, min or avg.
  extreme(how, declaration):: signal({
    expr(by, matchers=[]):: fold(how, by, select(self.source, matchers)),
  } + declaration),

  // The part of a rate that also matches `part`; 0 where there is traffic and none of it matches.
  part(declaration):: signal({
    expr(by, matchers=[])::
      '(%s or 0 * %s)' % [
        fold('sum', by, select(self.source, [self.part] + matchers)),
        fold('sum', by, select(self.source, matchers)),
      ],
  } + declaration),

  // That part as a share of the whole, 0 to 1; absent where there is nothing to share.
  share(declaration):: signal({
    min: 0,
    max: 1,
    expr(by, matchers=[])::
      local whole = fold('sum', by, select(self.source, matchers));
      '(%s or 0 * %s) / (%s > 0)' % [fold('sum', by, select(self.source, [self.part] + matchers)), whole, whole],
  } + declaration),

  // A quantile of a histogram's recorded bucket rates; absent (not NaN) where nothing was observed.
  quantile(q, declaration):: signal({
    expr(by, matchers=[])::
      'histogram_quantile(%g, %s) >= 0' % [q, fold('sum', by + ['le'], select(self.source, matchers))],
  } + declaration),

  // The mean of what a summary or histogram observed: the rate of its sum by the rate of its count.
  mean(declaration):: signal({
    expr(by, matchers=[])::
      '%s / (%s > 0)' % [
        fold('sum', by, select(self.source.sum, matchers)),
        fold('sum', by, select(self.source.count, matchers)),
      ],
  } + declaration),

  // A signal whose recording rules are written out by hand; `how` folds it further.
  recorded(declaration):: signal({
    how:: 'sum',
    rules:: [],
    labels: self.records[self.source],
    expr(by, matchers=[]):: fold(self.how, by, select(self.source, matchers)),
  } + declaration),
}

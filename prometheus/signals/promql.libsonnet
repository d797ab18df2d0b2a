// Small words for writing PromQL. Texts are joined with +: std.format takes most of the time where it is used often.
{
  // http_requests_total{service="shop",endpoint!=""}
  select(metric, matchers=[])::
    local used = [m for m in matchers if m != ''];
    if used == [] then metric else metric + '{' + std.join(',', used) + '}',

  // sum by (env, service) (…)
  fold(how, labels, expr)::
    if labels == [] then how + '(' + expr + ')' else how + ' by (' + std.join(', ', labels) + ') (' + expr + ')',

  // Copies label `from` to label `to`; nothing to do where they have the same name.
  rename(expr, to, from, pattern='.*')::
    if to == from then expr else 'label_replace(' + expr + ', "' + to + '", "$1", "' + from + '", "(' + pattern + ')")',

  // Gives every series of it a label.
  labelled(expr, label, value):: 'label_replace(' + expr + ', "' + label + '", "' + value + '", "", "")',

  // The bounds of buckets as Prometheus writes those that it scrapes: 1.0. Pushed ones come as 1.
  whole_bounds(expr):: 'label_replace(' + expr + ', "le", "$1.0", "le", "([0-9]+)")',

  // The first of these expressions that has anything for the same labels: several instrumentations of one thing, the
  // preferred first.
  first_of(exprs, labels):: std.join('\nor on (' + std.join(', ', labels) + ')\n', exprs),

  // What the modules of signals have in common.
  scope(config):: {
    by_service: ['env', 'service'],
    by_instance: self.by_service + ['instance'],

    // A metric as it is scraped, of the targets that the configuration selects.
    raw(metric, matchers=[]):: $.select(metric, matchers + [config.selector]),
    rate(metric, matchers=[], window='5m'):: 'rate(' + self.raw(metric, matchers) + '[' + window + '])',
  },
}

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
  rename(expr, to, from)::
    if to == from then expr else 'label_replace(' + expr + ', "' + to + '", "$1", "' + from + '", "(.*)")',

  // The first of these expressions that has anything for the same labels: several instrumentations of one thing, the preferred first.
  first_of(exprs, labels):: std.join('\nor on (' + std.join(', ', labels) + ')\n', exprs),

  // "90s" → 90; "1h30m" → 5400
  seconds(duration)::
    local units = { s: 1, m: 60, h: 3600, d: 86400, w: 604800 };
    local step(state, char) =
      if std.member('0123456789', char) then state { digits+: char }
      else { total: state.total + std.parseInt(state.digits) * units[char], digits: '' };
    std.foldl(step, std.stringChars(std.strReplace(duration, 'ms', '')), { total: 0, digits: '' }).total,
}

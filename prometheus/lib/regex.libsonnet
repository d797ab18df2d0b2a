// Names in the regular expressions of Prometheus, Loki and Alertmanager.
{
  // Of what signalfire.yaml takes as a name, a dot alone means something else there. [.] needs no backslash, of which
  // each server would want another number.
  literal(name):: std.strReplace(name, '.', '[.]'),

  any_of(names):: std.join('|', std.map($.literal, names)),
}

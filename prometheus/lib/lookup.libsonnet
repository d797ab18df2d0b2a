// What the text of an alert looks up while it is written: values that Prometheus has beside the one that fired.
local texts = import 'text.libsonnet';

{
  // text, with the samples that the query finds as its dot; otherwise where it finds none.
  //
  //   expr    PromQL; MATCHERS in it stands for these labels as the alert has them
  //   labels  whatever their values hold: each is quoted
  found(expr, labels, text, otherwise='')::
    '{{ with printf `%s` %s | query }}%s%s{{ end }}' % [
      std.strReplace(expr, 'MATCHERS', std.join(',', [label + '=%q' for label in labels])),
      std.join(' ', [
        '$labels.' + label
        for _ in std.range(1, texts.count(expr, 'MATCHERS'))
        for label in labels
      ]),
      text,
      if otherwise == '' then '' else '{{ else }}' + otherwise,
    ],
  // The number of the first sample, for units.written.
  value:: '(. | first | value)',
}

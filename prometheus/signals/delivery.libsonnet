// How often is heard of an instance that nobody scrapes: one that pushes its metrics does so when it likes, by default
// once a minute where it speaks OpenTelemetry. A rate needs several samples, so what looks back over the short window
// must look further back for those.
local duration = import '../lib/duration.libsonnet';
local promql = import 'promql.libsonnet';

local interval = 'instance:delivery_interval:seconds';
local looked_back = '5m';
// So many samples make a rate.
local enough = 3;

function(config) {
  // The recording rule. series: a metric that is there as long as such an instance is. Over the short window, too:
  // of one that is young there is not more.
  rule(series)::
    local every(range) = '%d / max by (env, service, instance) (count_over_time(%s[%s]))' % [
      duration.seconds(range),
      series,
      range,
    ];
    {
      record: interval,
      expr: '(%s < %s or %s)\nunless on (env, service, instance) %s' % [
        every(config.short_window),
        every(looked_back),
        every(looked_back),
        promql.select('up', [config.selector]),
      ],
    },

  // The instances of which too little is heard within the short window. By how it was at its best: of one that ends
  // there are fewer and fewer samples, and its last minutes are not to be told again.
  seldom: 'min_over_time(%s[%s]) > %.10g' % [
    interval,
    looked_back,
    duration.seconds(config.short_window) / enough,
  ],
}

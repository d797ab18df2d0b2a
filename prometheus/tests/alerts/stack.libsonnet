// The same for alerts about the monitoring itself.
local shop = import 'shop.libsonnet';

{
  TargetDown: {
    series: shop,
    says(value, level):: {
      summary: '%s of the targets of shop & sons answer' % value,
      description: 'Prometheus cannot read the metrics of every instance of shop & sons (test): only %s of them answer. ' % value +
                   'An instance is down, or cannot be reached. What depends on its metrics is blind until it is back.',
    },
  },
}

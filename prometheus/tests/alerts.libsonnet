// For each alert that watches a signal: the series it is tested on and what it then says, written out as a person reads it.
local lib = import 'lib.libsonnet';

// A name that would break an address if it were not escaped.
local shop = { env: 'test', service: 'shop & sons' };

local error_rate(alert) = {
  series: shop,
  says(value):: {
    summary: 'shop & sons answers %s requests a minute with an error' % lib.humanize(value),
    description: 'In the last minute shop & sons (test) answered %s requests with a 5xx status; more than %g a minute is too many. ' % [lib.humanize(value), alert.threshold] +
                 'The dashboard shows which endpoints and exceptions; the error logs below it say why.',
  },
};

function(alerts) {
  HighErrorRate: error_rate(alerts.HighErrorRate),
  VeryHighErrorRate: error_rate(alerts.VeryHighErrorRate),
  TargetDown: {
    series: shop,
    says(value):: {
      local share = lib.humanize_percentage(value),
      summary: '%s of the targets of shop & sons answer' % share,
      description: 'Prometheus cannot read the metrics of every instance of shop & sons (test): only %s of them answer. ' % share +
                   'An instance is down, or cannot be reached. What depends on its metrics is blind until it is back.',
    },
  },
}

// For each alert of HTTP services: the series it is tested on and what it then says, written out as a person reads it.
local shop = import 'shop.libsonnet';

local error_rate = {
  series: shop,
  says(value, level):: {
    summary: 'shop & sons answers %s requests a minute with an error' % value,
    description: 'In the last minute shop & sons (test) answered %s requests with a 5xx status; more than %s a minute is too many. ' % [value, level.limit_text] +
                 'The dashboard shows which endpoints and exceptions; the error logs below it say why.',
  },
};

{
  HighErrorRate: error_rate,
  VeryHighErrorRate: error_rate,
  HttpErrorRatio: {
    series: shop,
    says(value, level):: {
      summary: '%s of the requests to shop & sons fail' % value,
      description: 'shop & sons (test) answered %s of its requests of the last 5 minutes with a 5xx status; more than %s is too many. ' % [value, level.limit_text] +
                   'The dashboard shows which endpoints and exceptions; the error logs below it say why.',
    },
  },
}

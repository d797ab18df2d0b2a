// For each alert of HTTP services: the series it is tested on and what it then says, written out as a person reads it.
local shop = import 'shop.libsonnet';

local error_rate = {
  series: shop,
  says(value, level):: {
    summary: 'shop & sons answers %s with an error' % value,
    description: (
                   'shop & sons (test) answers %s with a 5xx status; more than %s is too many. '
                 ) % [value, level.limit_text] +
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
      description: (
                     'shop & sons (test) answered %s of its requests of the last 5 minutes with a 5xx status; more ' +
                     'than %s is too many. '
                   ) % [value, level.limit_text] +
                   'The dashboard shows which endpoints and exceptions; the error logs below it say why.',
    },
  },
  LowSuccessRate: {
    series: shop,
    says(value, level):: {
      summary: 'Only %s of the requests to shop & sons succeed' % value,
      description: (
                     'shop & sons (test) answered only %s of its requests of the last 5 minutes with neither a 4xx ' +
                     'nor a 5xx status; it should be %s or more. '
                   ) % [value, level.limit_text] +
                   'If HttpErrorRatio is silent, callers are being refused (4xx): ' +
                   'look at the status codes, then at what was changed last, here or at the callers.',
    },
  },
  HttpLatencyP95: {
    series: shop,
    says(value, level):: {
      summary: 'One request in twenty to shop & sons takes %s or longer' % value,
      description: 'The P95 of shop & sons (test) over the last 5 minutes is %s, above %s. ' % [
                     value,
                     level.limit_text,
                   ] +
                   'The slowest endpoints are in a table of the dashboard; each dot on its latency graphs is one ' +
                   'request and opens its trace.',
    },
  },
  LowCacheHitRate: {
    series: shop { cache: 'ads' },
    says(value, level):: {
      summary: 'The cache ads of shop & sons knows only %s of what it is asked' % value,
      description: 'Fewer than %s of the look-ups in the cache ads of shop & sons (test) find something: now %s. ' % [
                     level.limit_text,
                     value,
                   ] +
                   'What the cache should spare is being asked for again and again: ' +
                   'watch the latency and load of what lies behind it, or the cost where that is a model.',
    },
  },
  HighRateLimitBlocks: {
    series: shop,
    says(value, level):: {
      summary: 'shop & sons turns %s of its requests away by a rate limit' % value,
      description: (
                     'The rate limiter of shop & sons (test) blocked %s of the requests that it judged in the last 5 ' +
                     'minutes; more than %s is unusual. '
                   ) % [value, level.limit_text] +
                   'Either somebody asks far too often, or the limit is too tight for what people do now: ' +
                   'the dashboard has the decisions by kind of limit.',
    },
  },
  ValidationFailures: {
    series: shop,
    says(value, level):: {
      summary: 'shop & sons refuses %s as many inputs as yesterday at this hour' % value,
      description: (
                     'shop & sons (test) refuses %s as many requests for an input that is not valid as at this ' +
                     'hour yesterday; more than %s is a jump. '
                   ) % [value, level.limit_text] +
                   'Usually a caller or this service was released with another idea of the fields: ' +
                   'the dashboard shows the endpoint and the reason.',
    },
  },
  TrafficDroppedToZero: {
    series: shop,
    says(value, level):: {
      summary: 'shop & sons has no traffic; usual at this hour: %s' % value,
      description: (
                     'Nobody has asked shop & sons (test) for anything in the last minutes; at this hour of the last ' +
                     'days it had %s (more than %s counts). '
                   ) % [value, level.limit_text] +
                   'It may be unreachable, or may no longer be listed or scraped: ' +
                   'look whether its targets are up, then at what stands before it.',
    },
  },
}

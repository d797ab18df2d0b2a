// For each alert in prometheus/alerts/slo.libsonnet: the series it is tested on and what it then says.
local shop = import 'shop.libsonnet';

local paging = '14.4 times over 1h and still over 5m, or 6 times over 6h and still over 30m';
local lasting = '3 times over 1d and still over 2h, or 1 times over 3d and still over 6h';
local now = 'At this pace the budget of a month is gone within days. ';
local soon =
  'At this pace the budget does not last: nobody need get up, but somebody should look within a working day. ';
local failing = 'fail (5xx)';
local slow = 'are slow';
local statuses = 'The dashboard shows the burn by window, and which endpoints and statuses burned most.';
local endpoints = 'The dashboard shows the burn by window, and which endpoints have the most slow requests.';

local burn(objective, pace, bad, pairs, consequence) = {
  series: shop { objective: objective },
  says(value, level):: {
    summary: 'shop & sons uses up its error budget (%s) at %s times the pace that %s' % [objective, value, pace],
    description: (
      'More requests to shop & sons (test) %s than the objective allows. The limit is %s; ' +
      'now it is %s times that, and more than %s is too much. %s'
    ) % [bad, pairs, value, level.limit_text, consequence],
  },
};

{
  SloAvailabilityBurnsFast: burn('checkout', 'wakes somebody', failing, paging, now + statuses),
  SloAvailabilityBurnsSlowly: burn('checkout', 'it can keep up', failing, lasting, soon + statuses),
  SloLatencyBurnsFast: burn('checkout speed', 'wakes somebody', slow, paging, now + endpoints),
  SloLatencyBurnsSlowly: burn('checkout speed', 'it can keep up', slow, lasting, soon + endpoints),
}

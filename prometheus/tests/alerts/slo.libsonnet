// For each alert in prometheus/alerts/slo.libsonnet: the series it is tested on and what it then says.
local shop = import 'shop.libsonnet';

local paging = '14.4 times (over 1h and 5m) or 6.0 times (over 6h and 30m)';
local lasting = '3.0 times (over 1d and 2h) or 1.0 times (over 3d and 6h)';
local now = 'A budget of a month does not last for days at this pace. ';
local soon = 'The budget does not last: look within a working day. ';
local failing = 'fail (5xx)';
local slow = 'are slow';
local statuses = 'The dashboard shows the burn by window, and which endpoints and statuses burned most.';
local endpoints = 'The dashboard shows the burn by window, and which endpoints have the most slow requests.';

local burn(objective, bad, pairs, consequence, look, window) = {
  series: shop { objective: objective },
  local told(pace, bursts) = function(value, level) {
    summary: 'shop & sons spends its error budget (%s) %s' % [objective, std.strReplace(pace, 'VALUE', value)],
    description: (
      'Too many requests to shop & sons (test) %s. The limit is to spend the error budget %s as fast as it lasts; ' +
      'now it is %s that. %s%s'
    ) % [bad, pairs, value, bursts, look],
  },
  says:: told('at VALUE its limit', consequence),
  // A tenth of a budget of 30 days, at 21.6 times what it may: 3 h 20 min.
  beside: [{
    title: 'says how fast, and when nothing is left',
    series: {
      ['service:slo_burn:rate' + window]: 21.6,
      'service:slo_error_budget:left_ratio': 0.1,
      'objective:slo_window:seconds': 30 * 86400,
    },
    says:: told('21.6 times as fast as it may', 'What is left of it is gone in 3h 20m. '),
  }],
};

{
  SloAvailabilityBurnsFast: burn('checkout', failing, paging, now, statuses, '1h'),
  SloAvailabilityBurnsSlowly: burn('checkout', failing, lasting, soon, statuses, '3d'),
  SloLatencyBurnsFast: burn('checkout speed', slow, paging, now, endpoints, '6h'),
  SloLatencyBurnsSlowly: burn('checkout speed', slow, lasting, soon, endpoints, '1d'),
}

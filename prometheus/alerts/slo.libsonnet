// Error budgets that burn too fast: a page where the budget would be gone within days, a ticket where it would not last
// its window.
local lookup = import '../lib/lookup.libsonnet';
local units = import '../signals/units.libsonnet';

local in_words(pairs) =
  std.join(' or ', [
    '%s (over %s and %s)' % [units.formats.times.text(pair.factor), pair.long, pair.short]
    for pair in pairs
  ]);
local by = ['env', 'service', 'objective'];
// How many times as fast as allowed it burns over the longer windows.
local burning(pairs) =
  'max({__name__=~"service:slo_burn:rate(%s)",MATCHERS})' % std.join('|', [pair.long for pair in pairs]);
// The seconds until nothing of it is left at that pace.
local lasts(pairs) =
  'max((service:slo_error_budget:left_ratio{MATCHERS} > 0) * on (objective, kind) group_left () '
  + 'max by (objective, kind) (objective:slo_window:seconds)) / ' + burning(pairs);

function(signals, config)
  local burns = signals.by_module.objectives.burns;

  local page = {
    severity: 'critical',
    cooldown: '15m',
    'for': '2m',
    pairs:: burns.page,
    consequence:: 'A budget of a month does not last for days at this pace. ',
  };
  local ticket = {
    severity: 'warning',
    cooldown: '12h',
    'for': '15m',
    pairs:: burns.ticket,
    consequence:: 'The budget does not last: look within a working day. ',
  };
  local availability = {
    condition: 'slo_availability',
    traces:: { tags: 'error=true' },
    bad:: 'fail (5xx)',
    look:: 'The dashboard shows the burn by window, and which endpoints and statuses burned most.',
  };
  local latency = {
    condition: 'slo_latency',
    bad:: 'are slow',
    look:: 'The dashboard shows the burn by window, and which endpoints have the most slow requests.',
  };
  local burn = {
    compare: '>',
    threshold: 1,
    by: by,
    variables: ['env', 'service', 'objective'],
    dashboard: 'slo',
    formats: { duration: units.formats.s, times: units.formats.times },
    brief:: '{{ $labels.service }} spends its error budget ({{ $labels.objective }}) <value> times as fast as it may',
    summary: '{{ $labels.service }} spends its error budget ({{ $labels.objective }}) ' + lookup.found(
      burning(self.pairs),
      by,
      units.written('times', lookup.value) + ' as fast as it may',
      'at %s its limit' % self.value
    ),
    description: (
                   'Too many requests to {{ $labels.service }} ({{ $labels.env }}) %s. ' +
                   'The limit is to spend the error ' +
                   'budget %s as fast as it lasts; now it is %s that. '
                 ) % [self.bad, in_words(self.pairs), self.value]
                 + lookup.found(
                   lasts(self.pairs),
                   by,
                   'What is left of it is gone in %s. ' % units.written('duration', lookup.value),
                   self.consequence
                 ) + self.look,
  };
  [
    burn + availability + page { name: 'SloAvailabilityBurnsFast', signal: signals.slo_availability_page },
    burn + availability + ticket { name: 'SloAvailabilityBurnsSlowly', signal: signals.slo_availability_ticket },
    burn + latency + page { name: 'SloLatencyBurnsFast', signal: signals.slo_latency_page },
    burn + latency + ticket { name: 'SloLatencyBurnsSlowly', signal: signals.slo_latency_ticket },
  ]

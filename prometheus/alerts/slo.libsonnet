// Error budgets that burn too fast: a page where the budget would be gone within days, a ticket where it would not last
// its window.
local in_words(pairs) =
  std.join(', or ', ['%.10g times over %s and still over %s' % [pair.factor, pair.long, pair.short] for pair in pairs]);

function(signals, config)
  local burns = signals.by_module.objectives.burns;

  local page = {
    severity: 'critical',
    cooldown: '15m',
    'for': '2m',
    summary: (
      '{{ $labels.service }} uses up its error budget ({{ $labels.objective }}) at %s times the pace that ' +
      'wakes somebody'
    ) % self.value,
    pairs:: burns.page,
    consequence:: 'At this pace the budget of a month is gone within days. ',
  };
  local ticket = {
    severity: 'warning',
    cooldown: '12h',
    'for': '15m',
    summary: (
      '{{ $labels.service }} uses up its error budget ({{ $labels.objective }}) at %s times the pace that ' +
      'it can keep up'
    ) % self.value,
    pairs:: burns.ticket,
    consequence:: 'At this pace the budget does not last: nobody need get up, ' +
                  'but somebody should look within a working day. ',
  };
  local availability = {
    condition: 'slo_availability',
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
    by: ['env', 'service', 'objective'],
    variables: ['env', 'service', 'objective'],
    dashboard: 'slo',
    description: (
                   'More requests to {{ $labels.service }} ({{ $labels.env }}) %s than the objective allows. ' +
                   'The limit is %s; now it is %s times that, and more than %s is too much. '
                 ) %
                 [self.bad, in_words(self.pairs), self.value, self.limit] + self.consequence + self.look,
  };
  [
    burn + availability + page { name: 'SloAvailabilityBurnsFast', signal: signals.slo_availability_page },
    burn + availability + ticket { name: 'SloAvailabilityBurnsSlowly', signal: signals.slo_availability_ticket },
    burn + latency + page { name: 'SloLatencyBurnsFast', signal: signals.slo_latency_page },
    burn + latency + ticket { name: 'SloLatencyBurnsSlowly', signal: signals.slo_latency_ticket },
  ]

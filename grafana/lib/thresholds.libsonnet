// The colours of values, and how far the axis of a graph reaches for them.
local colours = { warning: 'yellow', 'error': 'orange', critical: 'red', info: 'blue' };
// steps: [{ color, value }, …], each from its value on.
local mode(steps) = { mode: 'absolute', steps: steps };
local plain = mode([{ color: 'green', value: null }]);

// Grafana's steps begin at their value, an alert beyond it. It matters where the value is often exactly that: at 0.
local above(threshold) = if threshold == 0 then 1e-9 else threshold;

// Green up to the threshold, then the colour of the severity; for '<' the other way round.
local thresholds(alerts) =
  local rising = alerts[0].compare != '<';
  local sorted = std.sort(std.flattenArrays([a.each for a in alerts]), function(level) level.threshold);
  mode(
    if rising
    then [{ color: 'green', value: null }] + [{ color: colours[a.severity], value: above(a.threshold) } for a in sorted]
    else [
      { color: colours[sorted[i].severity], value: if i == 0 then null else sorted[i - 1].threshold }
      for i in std.range(0, std.length(sorted) - 1)
    ] + [{ color: 'green', value: sorted[std.length(sorted) - 1].threshold }]
  );

// Where the axis of a graph ends at least, by unit: a line along zero would be given one of its own, such as up to
// 10000 %. What a share is compared with lies within it; other units keep to their values, of which some thresholds are
// far away.
local smallest_axis = {
  percentunit: 0.01,
  s: 0.01,
  currencyUSD: 0.01,
  reqps: 0.1,
  ops: 0.1,
  'suffix: cores': 0.1,
  bytes: 1000,
  decbytes: 1000,
  Bps: 1000,
};
local axis_end(defaults) =
  local smallest = std.get(smallest_axis, defaults.unit, 1);
  local drawn = [step.value for step in defaults.thresholds.steps if step.value != null];
  if defaults.unit != 'percentunit' || drawn == [] then smallest else std.max(smallest, 1.2 * drawn[0]);

{
  mode: mode,
  plain: plain,
  of_alerts: thresholds,
  axis_end: axis_end,
}

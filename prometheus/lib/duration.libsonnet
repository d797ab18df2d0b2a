// Durations as Prometheus and signalfire.yaml write them: "500ms", "30d", "1h30m". Whole numbers, each with its unit,
// the largest unit first and none twice.
local milliseconds = { y: 365 * 86400000, w: 7 * 86400000, d: 86400000, h: 3600000, m: 60000, s: 1000, ms: 1 };

// "1h30m" to [{ digits: '1', unit: 'h' }, { digits: '30', unit: 'm' }]
local parts_of(text) =
  local is_digit(char) = char >= '0' && char <= '9';
  local step(state, char) =
    if !is_digit(char) then state { unit+: char }
    else if state.unit == '' then state { digits+: char }
    else { done: state.done + [{ digits: state.digits, unit: state.unit }], digits: char, unit: '' };
  local end = std.foldl(step, std.stringChars(text), { done: [], digits: '', unit: '' });
  end.done + [{ digits: end.digits, unit: end.unit }];

local is_duration(parts) =
  std.all([part.digits != '' && std.objectHas(milliseconds, part.unit) for part in parts])
  && std.all([
    milliseconds[parts[i - 1].unit] > milliseconds[parts[i].unit]
    for i in std.range(1, std.length(parts) - 1)
  ]);

{
  milliseconds(text)::
    local parts = parts_of(text);
    if is_duration(parts) then std.sum([std.parseInt(part.digits) * milliseconds[part.unit] for part in parts])
    else error '"%s" is not a duration; write for example "30s", "5m", "12h" or "15d"' % text,

  // "1h30m" → 5400, "500ms" → 0.5
  seconds(text):: $.milliseconds(text) / 1000,

  // As Go reads it, which knows hours at most.
  go(text):: '%dms' % $.milliseconds(text),
}

// Durations as signalfire.yaml writes them ("30d", "1h30m"), for servers that know hours at most.
local units = { y: 365 * 86400, w: 7 * 86400, d: 86400, h: 3600, m: 60, s: 1, ms: 0.001 };

local split(text) =
  // "1h30m" to [{number: "1", unit: "h"}, {number: "30", unit: "m"}]
  local step(state, char) =
    if std.member('0123456789', char) then
      if state.unit == '' then state { number+: char } else { done: state.done + [{ number: state.number, unit: state.unit }], number: char, unit: '' }
    else state { unit+: char };
  local end = std.foldl(step, std.stringChars(text), { done: [], number: '', unit: '' });
  end.done + [{ number: end.number, unit: end.unit }];

{
  seconds(text):: std.foldl(function(sum, part) sum + std.parseInt(part.number) * units[part.unit], split(text), 0),

  // As Go reads it: whole milliseconds.
  go(text):: '%dms' % std.round($.seconds(text) * 1000),
}

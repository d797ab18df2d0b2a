// Mute times as Alertmanager wants them: none of its ranges goes over midnight, so such a one becomes two.
local days = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];
local day_after(day) = days[(std.find(day, days)[0] + 1) % std.length(days)];

local interval(mute, weekdays, range) =
  { location: mute.time_zone }
  + (if weekdays == [] then {} else { weekdays: weekdays })
  + (if range == null then {} else { times: [{ start_time: range[0], end_time: range[1] }] });

local of_range(mute, text) =
  local range = std.split(text, '-');
  if range[0] < range[1] then [interval(mute, mute.weekdays, range)]
  else
    [interval(mute, mute.weekdays, [range[0], '24:00'])]
    + if range[1] == '00:00' then [] else [interval(mute, std.map(day_after, mute.weekdays), ['00:00', range[1]])];

function(mute) {
  name: mute.name,
  time_intervals:
    if mute.times == [] then [interval(mute, mute.weekdays, null)]
    else std.flatMap(function(text) of_range(mute, text), mute.times),
}

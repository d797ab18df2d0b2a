// When the mail of the day is sent to a receiver that has quiet times.
//
// Alertmanager looks at a group again and again at the interval of its route, and what it finds muted then it says
// nothing of. At an interval of a day it would look at the same time each day: for ever in the quiet time, if that is
// where the first note came. So it looks more often here, and speaks in one stretch of the day alone: after a quiet
// time, where most days have one.
local days = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];
local stretch_of_whole_days = 8 * 60;  // in the morning, where no quiet time ends on the day itself
local longest = 60;
local whole_day = 24 * 60;

local minutes(clock) = std.parseInt(clock[0:2]) * 60 + std.parseInt(clock[3:5]);
local clock(minutes) = '%02d:%02d' % [std.floor(minutes / 60), minutes % 60];

// The quiet stretches of a day of the week: [{ from, to }] in minutes of the day.
local quiet(intervals, day) = [
  { from: minutes(range.start_time), to: minutes(range.end_time) }
  for interval in intervals
  if std.member(std.get(interval, 'weekdays', days), day)
  for range in std.get(interval, 'times', [{ start_time: '00:00', end_time: '24:00' }])
];

// How long nothing is quiet from a minute of a day on, at most `longest`.
local free(intervals, day, minute) =
  local stretches = quiet(intervals, day);
  local later = [stretch.from for stretch in stretches if stretch.from > minute];
  local is_quiet = std.length([0 for stretch in stretches if stretch.from <= minute && minute < stretch.to]) > 0;
  if is_quiet then 0 else std.foldl(std.min, later, std.min(minute + longest, whole_day)) - minute;

// mutes: as Alertmanager has them. Gives { minutes, time_interval }, how long the stretch is and when; null where there
// is none, or none can be told.
function(mutes)
  local intervals = std.flatMap(function(mute) mute.time_intervals, mutes);
  local zones = std.set([interval.location for interval in intervals]);
  local ends = [
    minutes(range.end_time) % whole_day
    for interval in intervals
    for range in std.get(interval, 'times', [])
  ];
  local begins = std.uniq(std.sort(ends)) + [stretch_of_whole_days, 0];
  local candidate(from) =
    local lengths = [free(intervals, day, from) for day in days];
    local there = [length for length in lengths if length > 0];
    { from: from, days: std.length(there), minutes: std.foldl(std.min, there, longest) };
  local better(best, other) = if other.days > best.days then other else best;
  local best = std.foldl(better, std.map(candidate, begins), { days: 0 });
  // How far two time zones are apart changes over the year.
  if std.length(zones) != 1 || best.days == 0 then null
  else {
    minutes: best.minutes,
    time_interval: {
      location: zones[0],
      times: [{ start_time: clock(best.from), end_time: clock(best.from + best.minutes) }],
    },
  }

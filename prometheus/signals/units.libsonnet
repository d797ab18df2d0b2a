// How a signal's value is written for a person, by its unit: as a pipeline of Prometheus' templates, and as the text
// that it gives.

// Not std.format: of the implementations of jsonnet one cuts off where it should round.
local fixed(number, places) =
  local power = std.pow(10, places);
  local scaled = std.round(std.abs(number) * power);
  local fraction = if places == 0 then '' else '.' + '%0*d' % [places, scaled % power];
  (if number < 0 then '-' else '') + '%d' % std.floor(scaled / power) + fraction;
local without_zeros(text) = if std.member(text, '.') then std.rstripChars(std.rstripChars(text, '0'), '.') else text;
// As Go writes %.4g: from 10000 on, and below 0.0001, with an exponent.
local with_exponent(number) =
  local exponents = std.range(-30, 30);
  local floor = std.foldl(function(e, next) if std.abs(number) >= std.pow(10, next) then next else e, exponents, -30);
  local rounded = std.round(std.abs(number) * std.pow(10, 3 - floor));
  local exponent = if rounded >= 10000 then floor + 1 else floor;
  (if number < 0 then '-' else '')
  + without_zeros(fixed((if rounded >= 10000 then rounded / 10 else rounded) / 1000, 3))
  + 'e%s%02d' % [if exponent < 0 then '-' else '+', std.abs(exponent)];
local four_digits(number) =
  local bounds = [1000, 100, 10, 1, 0.1, 0.01, 0.001];
  if std.abs(number) >= 9999.5 || (number != 0 && std.abs(number) < 0.00009999500) then with_exponent(number)
  else without_zeros(fixed(number, std.length([bound for bound in bounds if std.abs(number) < bound])));

// Prometheus' own functions, so that a threshold reads like the value that crossed it.
local large = ['k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'];
local scaled(number, base, prefixes) =
  local step(state, prefix) =
    if std.abs(state.number) < base then state else { number: state.number / base, prefix: prefix };
  local found = std.foldl(step, prefixes, { number: number, prefix: '' });
  four_digits(found.number) + found.prefix;
local small(number) =
  local step(state, prefix) =
    if std.abs(state.number) >= 1 then state else { number: state.number * 1000, prefix: prefix };
  local found = std.foldl(step, ['m', 'u', 'n', 'p', 'f', 'a', 'z', 'y'], { number: number, prefix: '' });
  four_digits(found.number) + found.prefix;
local humanize(number) =
  if number == 0 then '0'
  else if std.abs(number) >= 1 then scaled(number, 1000, large)
  else small(number);
local duration(number) =
  local whole = std.floor(number);
  local part(seconds, of) = std.floor(whole / seconds) % of;
  if number == 0 then '0s'
  else if number < 1 then small(number) + 's'
  else if whole < 60 then four_digits(number) + 's'
  else if whole < 3600 then '%dm %ds' % [part(60, 60), part(1, 60)]
  else if whole < 86400 then '%dh %dm %ds' % [part(3600, 24), part(60, 60), part(1, 60)]
  else '%dd %dh %dm %ds' % [std.floor(whole / 86400), part(3600, 24), part(60, 60), part(1, 60)];

local formats = {
  number: { template: 'humanize', text: humanize },
  whole: { template: 'printf "%.0f"', text(number): fixed(number, 0) },
  score: { template: 'printf "%.2f"', text(number): fixed(number, 2) },
  times: { template: 'printf "%.1f"', text(number): fixed(number, 1) },
  percentunit: { template: 'humanizePercentage', text(number): four_digits(number * 100) + '%' },
  s: { template: 'humanizeDuration', text: duration },
  bytes: { template: 'humanize1024', text(number): scaled(number, 1024, [prefix + 'i' for prefix in large]) },
  currencyUSD: { template: 'printf "$%.2f"', text(number): '$' + fixed(number, 2) },
};
// A signal may name one of these formats itself; else its unit does.
local format(signal) =
  local named = std.get(signal, 'format');
  formats[if named != null then named else if std.objectHas(formats, signal.unit) then signal.unit else 'number'];

// What stands behind a number that bears no unit itself.
local suffixes = { reqps: ' requests/s', ops: ' a second', bytes: 'B', decbytes: 'B' };
local suffix(unit) =
  if std.startsWith(unit, 'suffix:') then std.lstripChars(std.substr(unit, 7, std.length(unit)), ' ')
  else std.get(suffixes, unit, '');

{
  template(signal):: format(signal).template,
  text(signal, number):: format(signal).text(number),
  // The same where no words around it say what is counted: 0.5/min, not 500m.
  with_unit(signal, number)::
    local bears_unit = std.member(['percentunit', 's', 'currencyUSD'], signal.unit);
    if bears_unit || std.abs(number) >= 1000 then self.text(signal, number) + suffix(signal.unit)
    else '%.10g' % number + suffix(signal.unit),
}

// How a signal's value is written for a person: as the body of a template that Prometheus fills in, with the value as
// its dot, and as the text that it then gives. Every number of a notification is one of these formats, so they have no
// SI prefix below one (847m reads like metres), three digits at most, a unit, and the singular where there is one.

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

// To three digits, as Go's %.3g does.
local rounded(number) =
  if number == 0 then 0
  else
    local floor = std.foldl(
      function(e, next) if std.abs(number) >= std.pow(10, next) then next else e,
      std.range(-30, 30),
      -30
    );
    local places = 2 - floor;
    if places >= 0 then std.round(number * std.pow(10, places)) / std.pow(10, places)
    else std.round(number / std.pow(10, -places)) * std.pow(10, -places);
local rounding = 'printf "%.3g"';

// What is too small to be worth its digits is said to be that.
local tiny(bound, text, template) = {
  template: '{{ if and (gt . 0.0) (lt . %s) }}less than %s{{ else }}%s{{ end }}' % [bound, text, template],
  text(number, otherwise)::
    if number > 0 && number < std.parseJson(bound) then 'less than ' + text else otherwise(number),
};

local plain = {
  local small_ones = tiny(
    '0.001',
    '0.001',
    '{{ if lt . 1.0 }}{{ ' + rounding + ' . }}{{ else }}{{ . | ' + rounding + ' | humanize }}{{ end }}'
  ),
  template: small_ones.template,
  text(number):: small_ones.text(
    number,
    function(number) if number < 1 then four_digits(rounded(number)) else humanize(rounded(number))
  ),
};

// At most two parts, and none that is 0 at its end: 2h, 1d 3h, 12d.
local duration_of(value) =
  value + ' | ' + rounding + ' | humanizeDuration'
  + ' | reReplaceAll "^([0-9]{2,}d|[0-9]+[dh] [0-9]+[hm]).*" "$1" | reReplaceAll " 0[hms]$" ""';
local duration_text(number) =
  local parts = std.split(duration(rounded(number)), ' ');
  local first = parts[0];
  local leading = if std.endsWith(first, 'd') && std.length(first) > 2 then [first]
  else if std.length(parts) > 2 then parts[:2] else parts;
  local is_zero(part) = std.length(part) == 2 && part[0] == '0';
  if std.length(leading) == 2 && is_zero(leading[1]) then first else std.join(' ', leading);

local percent = {
  local small_ones = tiny(
    '0.0001',
    '0.01%',
    '{{ if ge . 10.0 }}{{ printf "100 * %g" . | query | first | value | ' + rounding + ' | humanize }}%'
    + '{{ else if and (ge . 0.9995) (lt . 1.0) }}nearly 100%'
    + '{{ else }}{{ . | ' + rounding + ' | humanizePercentage }}{{ end }}'
  ),
  template: small_ones.template,
  text(number):: small_ones.text(
    number,
    function(number)
      if number >= 10 then humanize(rounded(100 * number)) + '%'
      else if number >= 0.9995 && number < 1 then 'nearly 100%'
      else four_digits(100 * rounded(number)) + '%'
  ),
};

local dollars = {
  local small_ones = tiny(
    '0.01',
    '$0.01',
    '{{ if ge . 1e9 }}${{ . | ' + rounding + ' | humanize }}{{ else }}${{ printf "%.2f" .'
    + ' | reReplaceAll "([0-9])([0-9]{3})([.])" "$1,$2$3" | reReplaceAll "([0-9])([0-9]{3})," "$1,$2," }}{{ end }}'
  ),
  template: small_ones.template,
  local grouped(digits) =
    local length = std.length(digits);
    if length <= 3 then digits else grouped(digits[:length - 3]) + ',' + digits[length - 3:],
  text(number):: small_ones.text(
    number,
    function(number)
      if number >= 1e9 then '$' + humanize(rounded(number))
      else
        local parts = std.split(fixed(number, 2), '.');
        '$%s.%s' % [grouped(parts[0]), parts[1]]
  ),
};

local times = {
  local small_ones = tiny(
    '0.1', '0.1', '{{ if lt . 9.95 }}{{ printf "%.1f" . }}{{ else }}{{ . | ' + rounding + ' | humanize }}{{ end }}'
  ),
  template: small_ones.template + ' times',
  words: ' times',
  text(number):: small_ones.text(
    number,
    function(number) if number < 9.95 then fixed(number, 1) else humanize(rounded(number))
  ) + ' times',
};

// So many of something: `1 call`, `12.3k calls`.
local counted(one, many) = {
  words: ' ' + many,
  template: '%s {{ if eq (%s .) "1" }}%s{{ else }}%s{{ end }}' % [plain.template, rounding, one, many],
  text(number)::
    local text = plain.text(number);
    '%s %s' % [text, if text == '1' then one else many],
};

// So many of them in a time. Where it is less than one, how long it takes until the next: `1 span every 2m`.
local seconds_in = { second: 1, minute: 60, hour: 3600 };
local rate(one, many, per) =
  local often = counted(one, many);
  local within = if per == 'hour' then ' an hour' else ' a ' + per;
  // One a year.
  local smallest = '%.3e' % (seconds_in[per] / (365 * 86400));
  local too_small = 'under 1 %s a year' % one;
  {
    words: often.words + within,
    template: '{{ if and (gt . 0.0) (lt . %s) }}%s' % [smallest, too_small]
              + '{{ else if and (gt . 0.0) (lt . 0.9995) }}1 %s every {{ %s }}{{ else }}%s%s{{ end }}' % [
                one,
                duration_of('printf "%d / %%g" . | query | first | value' % seconds_in[per]),
                often.template,
                within,
              ],
    text(number)::
      if number > 0 && number < std.parseJson(smallest) then too_small
      else if number > 0 && number < 0.9995 then '1 %s every %s' % [one, duration_text(seconds_in[per] / number)]
      else often.text(number) + within,
  };

local seconds = {
  template: '{{ if ge . 86400000.0 }}more than 1000d{{ else }}{{ ' + duration_of('.') + ' }}{{ end }}',
  text(number):: if number >= 86400000 then 'more than 1000d' else duration_text(number),
};

local formats = {
  number: plain,
  score: {
    template: '{{ if lt . 9.995 }}{{ printf "%.2f" . }}{{ else }}' + plain.template + '{{ end }}',
    text(number):: if number < 9.995 then fixed(number, 2) else plain.text(number),
  },
  times: times,
  percentunit: percent,
  s: seconds,
  dtdurations: seconds,
  bytes: {
    template: '{{ . | humanize1024 }}B',
    text(number):: scaled(number, 1024, [prefix + 'i' for prefix in large]) + 'B',
  },
  decbytes: {
    template: '{{ . | ' + rounding + ' | humanize }}B',
    text(number):: humanize(rounded(number)) + 'B',
  },
  currencyUSD: dollars,
};
// A signal may name one of these formats itself; else its unit does.
local format(signal) =
  local named = std.get(signal, 'format');
  formats[if named != null then named else if std.objectHas(formats, signal.unit) then signal.unit else 'number'];

// What stands behind a number that bears no unit itself.
local suffixes = { reqps: ' requests/s', ops: ' a second' };
local suffix(unit) =
  if std.startsWith(unit, 'suffix:') then std.lstripChars(std.substr(unit, 7, std.length(unit)), ' ')
  else std.get(suffixes, unit, '');

{
  // {template, text(number), words}: words is what a template writes behind every number, if it does.
  formats:: formats,
  of:: format,
  text(signal, number):: format(signal).text(number),
  counted:: counted,
  rate:: rate,

  // A format under a name in front of a template, and a value written by it. The end of a definition is the only one
  // that begins with a dash: what reads these texts finds the message behind it.
  define(name, format):: '{{ define "%s" }}%s{{- end }}' % [name, format.template],
  written(name, value='$value'):: '{{ template "%s" %s }}' % [name, value],

  // A threshold where no words around it say what is counted: 0.5/min.
  with_unit(signal, number)::
    local bears_unit = std.objectHas(formats, signal.unit);
    if bears_unit then formats[signal.unit].text(number)
    else '%.10g' % number + suffix(signal.unit),
}

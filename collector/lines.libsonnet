// How a line of a log file becomes a log record. Statements of the transform processor (OTTL).
//
// A JSON object's `message` becomes the body and its timestamp, level, trace and span those of the record; `service`
// and `env` tell the record's own; the rest become attributes. Any other line stays as it is.
local object = 'IsMap(log.cache["line"])';
local text(name) = 'IsString(log.attributes["%s"])' % name;
local number(name) = '(IsInt(log.attributes["%(name)s"]) or IsDouble(log.attributes["%(name)s"]))' % { name: name };

// The record's time from an attribute, unless it has one already.
local time(name, format) =
  'set(log.time, Time(log.attributes["%s"], "%s")) where log.time_unix_nano == 0 and %s' % [name, format, text(name)];

// An attribute takes another name, which removes the old one.
local move(from, to, condition) = [
  'set(%s, log.attributes["%s"]) where %s' % [to, from, condition],
  'delete_key(log.attributes, "%s") where %s' % [from, condition],
];

[
  'set(log.cache["line"], ParseJSON(log.body)) where IsMatch(log.body, "^\\\\s*\\\\{")',
  'merge_maps(log.attributes, log.cache["line"], "upsert") where ' + object,
  'flatten(log.attributes) where ' + object,
]
+ [
  time(name, format)
  for name in ['timestamp', 'time', 'ts', '@timestamp']
  for format in ['%Y-%m-%dT%H:%M:%S%z', '%Y-%m-%dT%H:%M:%S%j', '%Y-%m-%d %H:%M:%S']  // with or without a fraction
]
+ [
  (
    'set(log.time_unix_nano, Int(log.attributes["time"]) * 1000000) where log.time_unix_nano == 0 and %s and ' +
    'Double(log.attributes["time"]) > 100000000000.0'
  ) % number('time'),
  'delete_key(log.attributes, "timestamp") where log.time_unix_nano > 0',
  'set(log.time, log.observed_time) where log.time_unix_nano == 0',
]
+ move('level', 'log.severity_text', text('level'))
+ [
  // Other loggers' names for the message.
  'set(log.attributes["message"], log.attributes["%(name)s"]) where log.attributes["message"] == nil and %(is_text)s'
  % { name: name, is_text: text(name) }
  for name in ['msg', 'event']
]
+ move('message', 'log.body', text('message'))
+ move('trace_id', 'log.trace_id.string', 'IsMatch(log.attributes["trace_id"], "^[0-9a-f]{32}$")')
+ move('span_id', 'log.span_id.string', 'IsMatch(log.attributes["span_id"], "^[0-9a-f]{16}$")')
+ move('service', 'log.attributes["service.name"]', text('service'))

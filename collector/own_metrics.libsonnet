// Where a program of the OpenTelemetry Collector's kind, such as Jaeger, serves its own metrics. listen: host:port.
function(listen)
  local parts = std.split(listen, ':');
  {
    level: 'normal',
    readers: [{
      pull: {
        exporter: {
          prometheus: {
            host: std.join(':', parts[:std.length(parts) - 1]),
            port: std.parseInt(parts[std.length(parts) - 1]),
            without_scope_info: true,
            // Said, since newer collectors leave both out of names unless told.
            without_type_suffix: false,
            without_units: false,
          },
        },
      },
    }],
  }

// For anyone: how much is logged, what goes wrong most often, and the lines one looks for.
function(kit)
  local panel = kit.panels(['env', 'service']);
  local row = kit.row;
  local errors = 'level=~"error|critical|fatal"';
  // As Prometheus names it, so that a point leads to the service's other pages.
  local by_service = '| label_format service=service_name';
  // The numbers and ids in a message are what one error differs by from another of its kind.
  local alike = '| label_format message="{{ regexReplaceAll `[0-9a-f]{8,}|[0-9]+` (trunc 120 __line__) `#` }}", ' +
                'exception="{{ .exception_type }}", service=service_name';
  local level_colours = panel.overrides([
    panel.override(level[0], { color: { mode: 'fixed', fixedColor: level[1] } })
    for level in [
      ['critical', 'dark-red'],
      ['error', 'red'],
      ['warning', 'orange'],
      ['info', 'green'],
      ['debug', 'blue'],
      ['trace', 'light-blue'],
      ['unknown', 'gray'],
    ]
  ]);

  kit.new(
    'Log lines by volume, by error, by text, and by request.',
    [
      kit.log_variable('env', 'env', '{service_name=~".+"}'),
      kit.log_variable('service', 'service_name', '{env=~"$env"}'),
      kit.log_variable('level', 'level', '{env=~"$env", service_name=~"$service"}'),
      kit.text_variable(
        'search',
        'Search',
        'A part of the message, or a regular expression; small and capital letters are the same.'
      ),
      kit.text_variable(
        'correlation_id',
        'Correlation id',
        'The id of one request, or how it begins: from a log line, a trace, or the header of an answer.'
      ),
    ],
    [
      row('How much', [
        panel.log_volume('Lines by level', 'How many log lines there are of each level.', 'level') + level_colours
        + panel.size(12),
        panel.log_volume('Lines by service', 'How many log lines each service writes.', 'service', filter=by_service)
        + panel.service_links() + panel.size(12),
      ]),
      row('What goes wrong', [
        panel.log_table(
          'Errors grouped',
          'The most frequent errors of the chosen time, those that differ by numbers and ids alone taken together.',
          ['message', 'exception', 'service'],
          [errors],
          alike,
        ) + panel.size(16) + panel.overrides([
          panel.override('Exception', { 'custom.width': 200 }),
          panel.override('Service', { 'custom.width': 120 }),
        ]),
        panel.log_volume(
          'Errors by service',
          'Log lines of level error and above, by service.',
          'service',
          [errors],
          by_service
        ) + panel.service_links() + panel.size(8, 9),
      ]),
      row('Search', [
        panel.log_volume(
          'Lines found',
          'How many lines of the chosen levels contain the text in Search, over time.',
          'service',
          ['level=~"$level"'],
          '|~ "(?i)$search" ' + by_service
        )
        + panel.size(24, 5) + { options+: { legend+: { showLegend: false } } },
        panel.logs(
          'Log lines',
          'The newest lines of the chosen levels that contain the text in Search.',
          ['level=~"$level"'],
          '|~ "(?i)$search"'
        ),
      ]),
      row('One request', [
        panel.logs(
          'Lines of one request',
          'Every line with this correlation id, from whichever service; without one, the lines of any request. ' +
          'A line leads to its trace.',
          [],
          '| correlation_id=~".+" | correlation_id=~"$correlation_id.*"',
        ),
      ]),
    ],
  )

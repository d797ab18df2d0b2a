// Panels over signals: `panel.timeseries(signals.http_requests)` is a whole panel. Title, unit, description and query
// come from the signal; what differs is added with `+`, from the modifiers at the end.
//
// panel.for_dashboard(config, alerts, vars) gives the constructors for a dashboard with these variables. Their options:
//   by      the labels to draw one series (row, bar, slice) for; the first one names it
//   legend  a legend instead of that label
//   alert   the alerts whose thresholds are drawn
local promql = import '../../prometheus/signals/promql.libsonnet';
local links = import 'links.libsonnet';
local thresholds = import 'thresholds.libsonnet';
local value_mappings = import 'value_mappings.libsonnet';

local reduce = { calcs: ['lastNotNull'], fields: '', values: false };
// A table is sorted by the last of its numbers, so that what is highest stands in view.
local legend(placement='bottom', as='list', calcs=[]) = {
  showLegend: true,
  displayMode: as,
  placement: placement,
  calcs: calcs,
} + (
  if as == 'table' && calcs != [] then {
    sortBy: { mean: 'Mean', max: 'Max', sum: 'Total' }[calcs[std.length(calcs) - 1]],
    sortDesc: true,
  } else {}
);

{
  for_dashboard(config, alerts, vars)::
    local prometheus = { type: 'prometheus', uid: config.datasources.prometheus };
    local loki = { type: 'loki', uid: config.datasources.loki };
    // Locals are worked out once, elements of an array each time it is written.
    local to_logs_and_traces(service) = [
      links.service_logs(config.datasources, service),
      links.service_traces(config.datasources, service),
    ];
    local from_series = to_logs_and_traces(links.of_series);
    local from_row = to_logs_and_traces(links.of_row);
    {
      local panel = self,
      // --- targets ---------------------------------------------------------------------------------------------------

      // One query of a panel. `instant` asks for now alone, as a single number needs.
      target(expr, legend='', instant=false, format='time_series', exemplar=false):: {
        datasource: prometheus,
        editorMode: 'code',
        expr: expr,
        legendFormat: legend,
        instant: instant,
        range: !instant,
        format: format,
        exemplar: exemplar,
      },

      local named(by) = if by == [] then '' else '{{' + by[0] + '}}',
      local default_by(signal, by) =
        if by != null then by else [l for l in ['service'] if std.member(signal.labels, l)],
      local ref(targets) = [
        targets[i] { refId: std.char(std.codepoint('A') + i) }
        for i in std.range(0, std.length(targets) - 1)
      ],

      // --- panels ----------------------------------------------------------------------------------------------------

      // What every panel of one signal has.
      local base(type, signal, targets) = {
        // Without a decimal the axis of a share would have no step between 0 % and 100 %.
        local decimals =
          if type == 'timeseries' && signal.unit == 'percentunit' && signal.decimals == 0 then 1 else signal.decimals,
        type: type,
        title: signal.title,
        description: signal.description,
        datasource: prometheus,
        targets: ref(targets),
        fieldConfig: {
          defaults: {
            unit: signal.unit,
            [if signal.min != null then 'min']: signal.min,
            [if signal.max != null then 'max']: signal.max,
            [if decimals != null then 'decimals']: decimals,
            color: { mode: 'palette-classic' },
            thresholds: thresholds.plain,
            mappings: [],
            custom: {},
          },
          overrides: [],
        },
        options: {},
        transparent: false,
        pluginVersion: '12.0.0',
        size:: { w: 8, h: 8 },
        // What the dashboard's variables may filter by.
        labels:: std.get(signal, 'labels', []),
      },
      local by_thresholds = { fieldConfig+: { defaults+: { color: { mode: 'thresholds' } } } },

      timeseries(signal, by=null, legend=null)::
        local labels = default_by(signal, by);
        base('timeseries', signal, [
          panel.target(signal.query(labels, vars), if legend == null then named(labels) else legend),
        ])
        + panel.graph,

      // One line a signal, named by its title: several views of the same thing, such as quantiles.
      lines(signals, title, description, by=[])::
        local suffix = std.join('', [' {{' + label + '}}' for label in by]);
        base('timeseries', signals[0], [panel.target(s.query(by, vars), s.title + suffix) for s in signals])
        + panel.graph + { title: title, description: description },

      graph:: {
        fieldConfig+: { defaults+: {
          local defaults = self,
          custom+: {
            [if !std.objectHas(defaults, 'min') then 'axisSoftMin']: 0,
            [if !std.objectHas(defaults, 'max') then 'axisSoftMax']: thresholds.axis_end(defaults),
            drawStyle: 'line',
            lineInterpolation: 'linear',
            lineWidth: 1,
            fillOpacity: 10,
            gradientMode: 'none',
            pointSize: 5,
            showPoints: 'never',
            spanNulls: false,
            axisPlacement: 'auto',
            axisLabel: '',
            scaleDistribution: { type: 'linear' },
            stacking: { mode: 'none', group: 'A' },
            thresholdsStyle: { mode: 'off' },
            hideFrom: { legend: false, tooltip: false, viz: false },
          },
        } },
        options: { legend: legend(calcs=['mean', 'max'], as='table'), tooltip: { mode: 'multi', sort: 'desc' } },
      },

      // One number, or one a label, with its recent course behind it.
      stat(signal, by=[], legend=null)::
        base('stat', signal, [panel.target(signal.query(by, vars), if legend == null then named(by) else legend)])
        + by_thresholds
        + { options: {
          reduceOptions: reduce,
          orientation: 'auto',
          colorMode: 'value',
          graphMode: 'area',
          justifyMode: 'auto',
          textMode: 'auto',
          wideLayout: true,
          showPercentChange: false,
        }, size:: { w: 4, h: 4 } },

      gauge(signal, by=[], legend=null)::
        base('gauge', signal, [panel.target(signal.query(by, vars), if legend == null then named(by) else legend)])
        + by_thresholds
        + { options: {
          reduceOptions: reduce,
          orientation: 'auto',
          showThresholdLabels: false,
          showThresholdMarkers: true,
          minVizWidth: 75,
          minVizHeight: 75,
          sizing: 'auto',
        }, size:: { w: 4, h: 7 } },

      // One bar a label, the longest first; `top` keeps that many.
      // worst: 'highest' or 'lowest', which stands first.
      bargauge(signal, by, top=null, legend=null, worst='highest')::
        local expr = signal.query(by, vars);
        local sorted = { highest: 'sort_desc', lowest: 'sort' }[worst];
        base('bargauge', signal, [panel.target(
          if top == null then '%s(%s)' % [sorted, expr] else 'topk(%d, %s)' % [top, expr],
          if legend == null then named(by) else legend,
          instant=true,
        )])
        + by_thresholds
        + { options: {
          reduceOptions: reduce,
          orientation: 'horizontal',
          displayMode: 'gradient',
          valueMode: 'color',
          namePlacement: 'auto',
          showUnfilled: true,
          sizing: 'auto',
          minVizWidth: 8,
          minVizHeight: 16,
          maxVizHeight: 300,
          legend: { showLegend: false, displayMode: 'list', placement: 'bottom', calcs: [] },
        } },

      piechart(signal, by, legend=null)::
        base('piechart', signal, [
          panel.target(signal.query(by, vars), if legend == null then named(by) else legend, instant=true),
        ])
        + { options: {
          reduceOptions: reduce,
          pieType: 'donut',
          displayLabels: [],
          legend: {
            showLegend: true,
            displayMode: 'table',
            placement: 'right',
            values: ['value', 'percent'],
            calcs: [],
          },
          tooltip: { mode: 'single', sort: 'none' },
        } },

      // Buckets over time; the signal's source must be bucket rates with the label le.
      heatmap(signal)::
        base('heatmap', signal, [panel.target(signal.query(['le'], vars), '{{le}}', format='heatmap')])
        + { options: {
          calculate: false,
          cellGap: 1,
          color: {
            mode: 'scheme',
            scheme: 'Oranges',
            fill: 'dark-orange',
            exponent: 0.5,
            steps: 64,
            reverse: false,
            scale: 'exponential',
          },
          exemplars: { color: 'rgba(255,0,255,0.7)' },
          filterValues: { le: 1e-9 },
          legend: { show: true },
          rowsFrame: { layout: 'auto' },
          showValue: 'never',
          tooltip: { mode: 'single', showColorScale: true, yHistogram: false },
          yAxis: { axisPlacement: 'left', reverse: false, unit: signal.unit },
        } },

      // One row for each combination of `by`, one column for each signal, the highest (or lowest) of the first signal
      // on top.
      table(title, description, signals, by, rows=20, lowest_first=false)::
        local labels = ['env'] + [label for label in by if label != 'env'];
        local letters = [std.char(std.codepoint('A') + i) for i in std.range(0, std.length(signals) - 1)];
        local values = ['Value #' + letter for letter in letters];
        // Recorded series bring their names along, and rows with different names are not merged into one.
        base('table', signals[0], [
          panel.target(s.expr(labels, s.matchers(vars)), instant=true, format='table')
          for s in signals
        ])
        + {
          title: title,
          description: description,
          transformations: [
            // A recorded series brings its name along, by which rows of several would not be the same row.
            { id: 'filterFieldsByName', options: { exclude: { names: ['__name__'] } } },
            { id: 'merge', options: {} },
            { id: 'organize', options: {
              excludeByName: { Time: true, __name__: true, env: !std.member(by, 'env') },
              indexByName: { [(by + values)[i]]: i for i in std.range(0, std.length(by + values) - 1) },
              renameByName: { [label]: panel.word(label) for label in by }
                            // It bears no letter where the other queries have no answer.
                            + { Value: signals[0].title }
                            + { [values[i]]: signals[i].title for i in std.range(0, std.length(values) - 1) },
            } },
            { id: 'sortBy', options: { fields: {}, sort: [{ field: signals[0].title, desc: !lowest_first }] } },
            { id: 'limit', options: { limitField: rows } },
          ],
          fieldConfig+: {
            defaults+: { unit: 'short', custom: { align: 'auto', cellOptions: { type: 'auto' }, inspect: false } },
            overrides: [
              panel.override(s.title, {
                unit: s.unit,
                [if s.min != null then 'min']: s.min,
                [if s.decimals != null then 'decimals']: s.decimals,
              })
              for s in signals
            ],
          },
          options: { showHeader: true, cellHeight: 'sm' },
          size:: { w: 24, h: 9 },
        },

      // Rows straight from a query: its labels as columns, in the order and under the names of `columns`.
      labels_table(title, description, expr, columns)::
        base('table', { title: title, description: description, unit: 'short', min: null, max: null, decimals: null }, [
          panel.target(expr, instant=true, format='table'),
        ])
        + {
          transformations: [{ id: 'filterFieldsByName', options: {
            include: { names: [std.objectFields(column)[0] for column in columns] },
          } }, { id: 'organize', options: {
            excludeByName: {},
            indexByName: { [std.objectFields(columns[i])[0]]: i for i in std.range(0, std.length(columns) - 1) },
            renameByName: std.foldl(function(all, column) all + column, columns, {}),
          } }],
          fieldConfig+: { defaults+: { custom: { align: 'auto', cellOptions: { type: 'auto' }, inspect: false } } },
          options: { showHeader: true, cellHeight: 'sm' },
        },

      // One bar a label, for as long as its value stays the same; the values are named by `panel.mappings`.
      state_timeline(signal, by, legend=null)::
        base('state-timeline', signal, [
          panel.target(signal.query(by, vars), if legend == null then named(by) else legend),
        ])
        + by_thresholds
        + { options: {
          showValue: 'auto',
          mergeValues: true,
          alignValue: 'left',
          rowHeight: 0.8,
          legend: { showLegend: false, displayMode: 'list', placement: 'bottom', calcs: [] },
          tooltip: { mode: 'single', sort: 'none' },
        }, size:: { w: 24, h: 10 } },

      // --- logs ------------------------------------------------------------------------------------------------------

      // The lines of the chosen services, as LogQL.
      local lines(selector=[], filter='') =
        std.rstripChars(
          '{%s} %s' % [std.join(', ', ['service_name=~"$service"', 'env=~"$env"'] + selector), filter],
          ' '
        ),
      local log_target(expr, legend='', instant=false) = {
        refId: 'A',
        datasource: loki,
        editorMode: 'code',
        queryType: if instant then 'instant' else 'range',
        expr: expr,
        legendFormat: legend,
      },

      // How many log lines there are over time, by a label of theirs: bars that add up.
      log_volume(title, description, by, selector=[], filter='')::
        base('timeseries', { title: title, description: description, unit: 'none', min: 0, max: null, decimals: 0 }, [])
        + panel.graph
        + {
          datasource: loki,
          targets: [
            log_target('sum by (%s) (count_over_time(%s [$__auto]))' % [by, lines(selector, filter)], named([by])),
          ],
          fieldConfig+: {
            defaults+: {
              custom+: { drawStyle: 'bars', fillOpacity: 80, lineWidth: 0, stacking: { mode: 'normal', group: 'A' } },
            },
          },
          options+: { legend: legend(as='table', calcs=['sum']) },
        },

      // The most frequent combinations of `by` among the log lines of the time range, each with how often it came.
      log_table(title, description, by, selector=[], filter='', rows=15)::
        base('table', { title: title, description: description, unit: 'none', min: 0, max: null, decimals: 0 }, [])
        + {
          datasource: loki,
          targets: [
            log_target(
              'topk(%d, sum by (%s) (count_over_time(%s [$__range])))' % [
                rows,
                std.join(', ', by),
                lines(selector, filter),
              ],
              instant=true
            ) { format: 'table' },
          ],
          transformations: [
            { id: 'organize', options: {
              excludeByName: { Time: true },
              indexByName: { [(['Value #A', 'Value'] + by)[i]]: i for i in std.range(0, std.length(by) + 1) },
              renameByName: { [label]: panel.word(label) for label in by } + { 'Value #A': 'Lines', Value: 'Lines' },
            } },
            { id: 'sortBy', options: { fields: {}, sort: [{ field: 'Lines', desc: true }] } },
          ],
          fieldConfig+: {
            defaults+: { custom: { align: 'auto', cellOptions: { type: 'auto' }, inspect: false } },
            overrides: [panel.override('Lines', { 'custom.width': 90 })],
          },
          options: { showHeader: true, cellHeight: 'sm' },
          size:: { w: 24, h: 9 },
        },

      logs(title, description, selector, filter=''):: {
        type: 'logs',
        title: title,
        description: description,
        datasource: loki,
        targets: [{
          refId: 'A',
          datasource: loki,
          editorMode: 'code',
          queryType: 'range',
          maxLines: 100,
          direction: 'backward',
          expr: lines(selector, filter),
        }],
        fieldConfig: { defaults: { links: [] }, overrides: [] },
        options: {
          showTime: true,
          showLabels: false,
          showCommonLabels: false,
          wrapLogMessage: true,
          prettifyLogMessage: false,
          enableLogDetails: true,
          dedupStrategy: 'none',
          sortOrder: 'Descending',
        },
        pluginVersion: '12.0.0',
        size:: { w: 24, h: 10 },
      },

      text(title, content):: {
        type: 'text',
        title: title,
        description: title,
        options: {
          mode: 'markdown',
          content: content,
          code: { language: 'plaintext', showLineNumbers: false, showMiniMap: false },
        },
        fieldConfig: { defaults: {}, overrides: [] },
        targets: [],
        pluginVersion: '12.0.0',
        size:: { w: 24, h: 3 },
      },

      // --- modifiers -------------------------------------------------------------------------------------------------

      size(w, h=null):: { size+:: { w: w } + if h == null then {} else { h: h } },
      titled(title, description=null):: { title: title, [if description != null then 'description']: description },
      // steps: [[colour, from which value on; null for the first], …]
      absolute(steps):: thresholds.mode([{ color: s[0], value: s[1] } for s in steps]),
      steps(steps):: { fieldConfig+: { defaults+: { thresholds: panel.absolute(steps) } } },
      colour(name):: { fieldConfig+: { defaults+: { color: { mode: 'fixed', fixedColor: name } } } },
      links(list):: { fieldConfig+: { defaults+: { links: list } } },
      stacked:: {
        fieldConfig+: { defaults+: { custom+: { stacking: { mode: 'normal', group: 'A' }, fillOpacity: 40 } } },
      },

      // For bars with names that are long.
      names_above:: { options+: { namePlacement: 'top' } },

      // The thresholds of these alerts as the panel's own; a graph draws them as lines.
      thresholds_of(names):: thresholds.of_alerts([alerts[name] for name in names]),
      alert(names):: { fieldConfig+: { defaults+: { thresholds: panel.thresholds_of(names) } } },
      // Of an amount, where the alerts are about its share of `whole`.
      scaled_thresholds(names, whole)::
        local steps = panel.thresholds_of(names).steps;
        panel.steps([[step.color, if step.value == null then null else step.value * whole] for step in steps]),
      alert_lines(names)::
        panel.alert(names) + { fieldConfig+: { defaults+: { custom+: { thresholdsStyle: { mode: 'line' } } } } },

      // The dots of single requests that lead to their traces. They come with the instrumentation's own histogram, not
      // with recorded series, so this target asks for its buckets, and for none of their values.
      exemplars(metrics):: {
        local labels = self.labels,
        targets+: [
          panel.target(
            promql.select(
              '',
              ['__name__=~"%s"' % std.join('|', [m + '_bucket' for m in metrics])]
              + [v + '=~"$' + v + '"' for v in vars if std.member(labels, v)]
            ) + ' < 0',
            'exemplars',
            exemplar=true,
          ) { refId: 'exemplars' },
        ],
      },

      override(field, properties):: {
        matcher: { id: 'byName', options: field },
        properties: [{ id: id, value: properties[id] } for id in std.objectFields(properties)],
      },
      // For an override: colours a table's cells by thresholds, or by those of these alerts.
      coloured_by(thresholds):: {
        color: { mode: 'thresholds' },
        thresholds: thresholds,
        'custom.cellOptions': { type: 'color-background', mode: 'basic' },
      },
      coloured(names):: panel.coloured_by(panel.thresholds_of(names)),
      overrides(list):: { fieldConfig+: { overrides+: list } },

      mapping(values):: value_mappings.of(values),
      mappings(values):: { fieldConfig+: { defaults+: { mappings: panel.mapping(values) } } },

      // A stat of 1, 0.5 or 0: a tile in the colour of how well it is.
      health_tiles:: panel.mappings(value_mappings.health)
                     + panel.steps([['red', null], ['orange', 0.5], ['green', 1], ['blue', 2]])
                     + { options+: { colorMode: 'background', graphMode: 'none', textMode: 'value_and_name' } },

      // A stat of 1 or 0.
      up_or_down:: panel.mappings(value_mappings.up) + {
        options+: { graphMode: 'none' },
      },

      word(label):: std.asciiUpper(label[0]) + std.strReplace(label[1:], '_', ' '),

      // A series needs the label `service` for them, a table the column.
      service_links(dashboard=null):: {
        local is_table = self.type == 'table',
        local service = if is_table then links.of_row else links.of_series,
        fieldConfig+: { defaults+: {
          links: (if dashboard == null then [] else [links.service_dashboard(dashboard.uid, dashboard.title, service)])
                 + (if is_table then from_row else from_series),
        } },
      },
    },
}

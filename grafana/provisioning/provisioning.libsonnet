// For a real Grafana: its data sources, already wired to each other, and where it finds the dashboards. A function of
// the settings and the runtime, as for the servers; gives the files of Grafana's folder `provisioning`. There is no
// secret in them.
//
//   metric → trace   an exemplar's trace_id opens the trace
//   log → trace      the trace_id of a log line opens the trace
//   trace → logs     a span opens the log lines of its trace, a minute around it
//   trace → metrics  a span opens the requests, errors and latency of its service
local signalfire = import 'mixin.libsonnet';
local duration = import 'prometheus/lib/duration.libsonnet';

local logs_of_trace = '{service_name="${__span.tags["service.name"]}"} | trace_id="${__trace.traceId}"';

function(settings, runtime)
  local mixin = signalfire { _config+:: { settings: settings, links: runtime.links } };
  local uids = mixin._config.datasources;
  local signals = mixin.signals;
  local url(server) = 'http://' + runtime.servers[server].address;
  local source(type, uid, name, extra) = {
    name: name,
    type: type,
    uid: uid,
    url: url(type),
    access: 'proxy',
    editable: false,
  } + extra;
  // A signal's PromQL for the service of a span; ${__tags} is Grafana's for the tags that `tags` maps.
  local of_span(signal) = { name: signal.title, query: signal.expr([], ['$__tags']) };

  {
    'datasources/signalfire.yaml': {
      apiVersion: 1,
      prune: true,
      datasources: [
        source('prometheus', uids.prometheus, 'Prometheus', {
          isDefault: true,
          jsonData: {
            httpMethod: 'POST',
            prometheusType: 'Prometheus',
            timeInterval: duration.go(settings.scrape.interval),  // it does not know 1m30s
            exemplarTraceIdDestinations: [{ name: 'trace_id', datasourceUid: uids.jaeger, urlDisplayLabel: 'Trace' }],
          },
        }),
        source('loki', uids.loki, 'Loki', {
          jsonData: {
            maxLines: 1000,
            derivedFields: [
              {
                name: 'Trace',
                matcherType: 'label',
                matcherRegex: 'trace_id',
                datasourceUid: uids.jaeger,
                url: '$${__value.raw}',
                urlDisplayLabel: 'Trace',
              },
            ],
          },
        }),
        source('jaeger', uids.jaeger, 'Jaeger', {
          jsonData: {
            nodeGraph: { enabled: true },
            traceIdTimeParams: { enabled: true },
            tracesToLogsV2: {
              datasourceUid: uids.loki,
              spanStartTimeShift: '-1m',
              spanEndTimeShift: '1m',
              filterByTraceID: false,
              filterBySpanID: false,
              customQuery: true,
              // Grafana replaces environment variables in these files; $$ is a dollar.
              query: std.strReplace(logs_of_trace, '$', '$$'),
            },
            tracesToMetrics: {
              datasourceUid: uids.prometheus,
              spanStartTimeShift: '-15m',
              spanEndTimeShift: '15m',
              tags: [{ key: 'service.name', value: 'service' }],
              queries: [
                query { query: std.strReplace(query.query, '$', '$$') }
                for query in [
                  of_span(s)
                  for s in [signals.http_requests, signals.http_error_share, signals.http_latency_p95]
                ]
              ],
            },
          },
        }),
        source('alertmanager', uids.alertmanager, 'Alertmanager', {
          jsonData: { implementation: 'prometheus', handleGrafanaManagedAlerts: false },
        }),
      ],
    },
    'dashboards/signalfire.yaml': {
      apiVersion: 1,
      providers: [{
        name: 'signalfire',
        folder: 'Signalfire',
        type: 'file',
        disableDeletion: true,
        allowUiUpdates: false,
        updateIntervalSeconds: 30,
        options: { path: '/etc/grafana/dashboards', foldersFromFilesStructure: false },
      }],
    },
  }

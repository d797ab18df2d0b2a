// The same for alerts about the monitoring itself.
local prometheus = { env: 'test', service: 'prometheus', instance: 'p:9090' };
local alertmanager = { env: 'test', service: 'alertmanager' };
local loki = { env: 'test', service: 'loki' };
local collector = { env: 'test', service: 'otel-collector' };
local shop = import 'shop.libsonnet';

// Where the text has no number in it.
local says(series, summary, description) = {
  series: series,
  says(value, level):: { summary: summary, description: description },
};

{
  TargetDown: {
    series: shop,
    says(value, level):: {
      summary: '%s of the targets of shop & sons answer' % value,
      description: (
                     'Prometheus cannot read the metrics of every instance of shop & sons (test) that there should ' +
                     'be: only %s of them answer. '
                   ) % value +
                   'An instance is down, cannot be reached, or is not in the list of targets any more. ' +
                   'What depends on its metrics is blind until it is back: look at its own log.',
    },
  },
  LokiDown: says(
    loki,
    'No Loki answers: logs cannot be searched',
    'No instance of loki (test) has answered Prometheus for two minutes. Logs cannot be searched; new lines wait on ' +
    "the collector's disk and are delivered " +
    'when Loki is back. Look at its own log and at the space on its disk.',
  ),
  JaegerDown: says(
    { env: 'test', service: 'jaeger' },
    'No Jaeger answers: traces cannot be looked up',
    'No instance of jaeger (test) has answered Prometheus for two minutes. Traces cannot be looked up; new spans ' +
    "wait on the collector's disk and are delivered " +
    'when Jaeger is back. Look at its own log and at its memory.',
  ),
  GrafanaDown: says(
    { env: 'test', service: 'grafana-1' },
    'The dashboards cannot be opened',
    'No instance of grafana-1 (test) has answered Prometheus for two minutes. Nobody can open a dashboard ' +
    'or a runbook by its link; alerts are evaluated and sent all the same. The runbooks are also files, in the ' +
    'folder runbooks.',
  ),

  PrometheusConfigReloadFailed: says(
    prometheus,
    'prometheus refuses its new configuration and goes on with the old one',
    'p:9090 (test) could not load its configuration or rules the last time it was told to. ' +
    'Changes to targets and alerts are not in effect, and it would not start again. ' +
    'Its log names the file and the line.',
  ),
  RuleEvaluationFailures: {
    series: prometheus,
    says(value, level):: {
      summary: 'Rules fail in prometheus: %s' % value,
      description: (
                     'p:9090 (test) fails to evaluate rules: %s. Alerts ' +
                     'and recorded series of those rules are missing: '
                   ) % value +
                   'what they watch is not watched. The page of rules in Prometheus names the rule and its error.',
    },
  },
  MissedEvaluations: {
    series: prometheus,
    says(value, level):: {
      summary: 'prometheus is too slow for its rules: it leaves out %s' % value,
      description: (
                     'p:9090 (test) takes longer for a group of rules than its interval ' +
                     'and leaves out %s. '
                   ) % value +
                   'Alerts come late. The dashboard shows which group takes the time.',
    },
  },
  NotificationsDropped: {
    series: prometheus,
    says(value, level):: {
      summary: 'prometheus drops %s on the way to Alertmanager' % value,
      description: (
                     'p:9090 (test) gives up sending %s. Alertmanager is down, ' +
                     'refuses them or is too slow; '
                   ) % value +
                   'who relies on it is not told of what fires. They are sent again while they fire. Look at its log.',
    },
  },
  NotificationQueueFilling: {
    series: prometheus,
    says(value, level):: {
      summary: 'The queue of alerts to Alertmanager is %s full' % value,
      description: (
                     'Alerts wait in p:9090 (test) because Alertmanager takes them more slowly than they come: ' +
                     'the queue is %s full, more than %s is too much. '
                   ) % [value, level.limit_text] +
                   'When it is full, the oldest are dropped. Look at its log.',
    },
  },
  NotConnectedToAlertmanager: says(
    prometheus,
    'prometheus reaches no Alertmanager: nobody is told of any alert',
    'p:9090 (test) has not been able to hand a single alert over for three minutes. This alert does not arrive ' +
    'either: it shows on the dashboard, and the Watchdog stops coming. Is Alertmanager running, and is its address ' +
    'right?',
  ),
  TsdbWalCorruption: {
    series: prometheus,
    says(value, level):: {
      summary: 'prometheus has found damaged data on its disk',
      description: (
                     'p:9090 (test) has found its write-ahead log or chunks damaged %s since it was started, ' +
                     'and has cut off what came after. '
                   ) % value +
                   'Up to two hours of samples may be missing. A power cut or a full disk does that, ' +
                   'and so does a disk that dies: look at the log of the machine.',
    },
  },
  CardinalityJump: {
    series: prometheus,
    says(value, level):: {
      summary: 'prometheus holds %s more series than an hour ago' % value,
      description: (
                     'The number of series in p:9090 (test) has grown by %s within an hour. ' +
                     'Most often a label holds something without bound, such as an id. '
                   ) % value +
                   'Memory grows with it until Prometheus is ended. The dashboard shows which service brings them.',
    },
  },

  AlertmanagerConfigReloadFailed: says(
    alertmanager { instance: 'a:9093' },
    'alertmanager refuses its new configuration and goes on with the old one',
    'a:9093 (test) could not load its configuration the last time it was told to. ' +
    'New receivers and routes are not in effect, and it would not start again. Its log says what is wrong.',
  ),
  AlertmanagerNotificationsFailing: {
    // The demo's own receiver: while it is still starting, that it takes nothing is no fault.
    series: alertmanager { receiver: 'demo-notifications', integration: 'webhook' },
    says(value, level):: {
      summary: '%s of the notifications to demo-notifications fail' % value,
      description: (
                     'The receiver demo-notifications (webhook, test) did not take %s of its notifications of the ' +
                     'last 5 minutes; ' +
                     'more than %s is too many. '
                   ) % [value, level.limit_text] +
                   'Who relies on it is not told of what fires. Alertmanager tries again while the alert fires; ' +
                   'its log says how the receiver answers.',
    },
  },
  AlertmanagerClusterDown: {
    series: alertmanager,
    says(value, level):: {
      summary: 'Only %s of the members of alertmanager find each other' % value,
      description: (
                     'Of the members that alertmanager (test) should have, %s are there and find each other. ' +
                     'Members that do not find each other '
                   ) % value +
                   'notify separately, so that everything comes twice; if none is left, nobody is told of anything. ' +
                   'Look at their logs.',
    },
  },
  AlertmanagerConfigDiffers: {
    series: alertmanager,
    says(value, level):: {
      summary: 'The members of alertmanager differ: they have %s' % value,
      description: (
                     'The members of alertmanager (test) run with %s, where it should be one. ' +
                     'Who is told depends on which of them sends. '
                   ) % value +
                   'One of them did not get, or refused, the newest: its log says so.',
    },
  },

  LokiRequestErrors: {
    series: loki { route: 'otlp_v1_logs' },
    says(value, level):: {
      summary: 'Loki fails %s of the requests to otlp_v1_logs' % value,
      description: (
                     'loki (test) answered %s of the requests to otlp_v1_logs with a 5xx status in the last 5 ' +
                     'minutes; more than %s is too many. '
                   ) % [value, level.limit_text] +
                   'If it is the route that takes logs in, lines wait in the collector; ' +
                   'if it is a query, searches fail. Its log says why.',
    },
  },
  LokiIngestionRejected: {
    series: loki { reason: 'rate_limited' },
    says(value, level):: {
      summary: 'Loki rejects log lines: rate_limited',
      description: (
                     'loki (test) refuses %s for the reason rate_limited. They are lost: nobody ' +
                     'sends them again. '
                   ) % value +
                   'The runbook says which limit each reason stands for.',
    },
  },
  SpansDropped: {
    series: shop,
    says(value, level):: {
      summary: 'shop & sons loses %s' % value,
      description: (
                     'shop & sons (test) has lost %s over the last 5 minutes. Traces have gaps, ' +
                     'or are missing. '
                   ) % value +
                   'The dashboard shows where: in an application whose collector does not answer, or at Jaeger, ' +
                   'which refuses them for good.',
    },
  },
  LogsDropped: {
    series: shop,
    says(value, level):: {
      summary: 'shop & sons loses %s' % value,
      description: 'shop & sons (test) has lost %s over the last 5 minutes. ' % value +
                   'The dashboard shows where: in an application that cannot write them, or at Loki, ' +
                   'which refuses them for good.',
    },
  },
  CollectorQueueFilling: {
    series: collector { exporter: 'otlp_http/loki' },
    says(value, level):: {
      summary: "The collector's queue for otlp_http/loki is %s full" % value,
      description: 'The queue of otel-collector (test) for otlp_http/loki is %s full; more than %s is too much. ' % [
                     value,
                     level.limit_text,
                   ] +
                   'The server behind it is down or too slow. When it is full the collector takes no more, ' +
                   'and applications begin to drop: look at the log of that server.',
    },
  },
  CollectorExportFailing: says(
    collector { exporter: 'otlp_http/loki' },
    'The collector delivers nothing to otlp_http/loki',
    'otel-collector (test) has delivered nothing to otlp_http/loki for at least five minutes although something ' +
    'waits. Nothing is lost yet: it waits on the ' +
    "collector's disk. Is the server behind it up, and what does the collector's log say?",
  ),
  CollectorBatchStuck: {
    series: collector { exporter: 'otlp_grpc/jaeger' },
    says(value, level):: {
      summary: 'The collector cannot get rid of %s for otlp_grpc/jaeger' % value,
      description: (
                     'otel-collector (test) has tried %s for otlp_grpc/jaeger again and again while the same ' +
                     'server took others. '
                   ) % value +
                   'Each holds up a part of the queue. What is in them is not lost yet; ' +
                   "the collector's log has the server's answer.",
    },
  },
  TelemetryRefused: {
    series: collector { signal: 'metrics', reason: 'too_old' },
    says(value, level):: {
      summary: 'Some metrics are dropped: too_old',
      description: (
                     'otel-collector (test) has dropped metrics over the last 5 minutes (%s), because ' +
                     'no server would ever take them: too_old. '
                   ) % value +
                   'They are lost; everything that was sent beside them is not. ' +
                   'The runbook says what each reason stands for, and how to find who sends them.',
    },
  },
}

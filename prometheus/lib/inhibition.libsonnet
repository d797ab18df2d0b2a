// What is not notified because something else, which is, says it already.

// Alerts of one condition are the same thing only if they are also about the same one of these, where they have it.
local subject = [
  'service',
  'env',
  'instance',
  'agent',
  'budget',
  'container',
  'database',
  'device',
  'endpoint',
  'exporter',
  'model',
  'mountpoint',
  'objective',
  'operation',
  'provider',
  'queue',
  'receiver',
  'task_type',
  'tool',
  'workflow',
];

// What follows when something is down. Never a critical one: a cause must not hide what is worse than itself.
local causes = [
  {
    cause: 'TargetDown',
    symptoms: ['TrafficDroppedToZero', 'TaskThroughputLow', 'LowCacheHitRate'],
    same: ['env', 'service'],
  },
  { cause: 'LokiDown', symptoms: ['LokiRequestErrors', 'LokiIngestionRejected', 'LogsDropped'], same: ['env'] },
  { cause: 'JaegerDown', symptoms: ['SpansDropped'], same: ['env'] },
  { cause: 'LokiDown|JaegerDown', symptoms: ['CollectorExportFailing', 'CollectorQueueFilling'], same: ['env'] },
];

local of(some) = 'severity=~"%s"' % std.join('|', some);

function(severities)
  [
    {
      source_matchers: ['severity="%s"' % severities[index], rule.condition],
      target_matchers: [of(severities[index + 1:]), rule.condition],
      equal: [rule.same] + subject,
    }
    for rule in [{ same: 'condition', condition: 'condition!=""' }, { same: 'alertname', condition: 'condition=""' }]
    for index in std.range(0, std.length(severities) - 2)
  ] + [
    {
      source_matchers: ['alertname=~"%s"' % each.cause],
      target_matchers: ['alertname=~"%s"' % std.join('|', each.symptoms), 'severity!="critical"'],
      equal: each.same,
    }
    for each in causes
  ]

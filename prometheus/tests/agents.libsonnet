// The signals of agents and their tools from raw metrics. A sample every 15 seconds.
local lib = import 'lib.libsonnet';

local bot = { env: 'test', service: 'bot', instance: 'a' };
local writer = bot { agent: 'writer' };
local executions(status, values, instance='a') =
  lib.series('agent_executions_total', writer { operation: 'write', status: status, instance: instance }, values);
// All within 0.1 s, or all between 0.1 s and 1 s; as many as `values` say.
local durations(values, le) = [
  lib.series(
    'agent_execution_duration_seconds_bucket',
    writer { operation: 'write', le: '0.1' },
    if le == '0.1' then values else '0x2000'
  ),
  lib.series('agent_execution_duration_seconds_bucket', writer { operation: 'write', le: '1.0' }, values),
  lib.series('agent_execution_duration_seconds_bucket', writer { operation: 'write', le: '+Inf' }, values),
  lib.series('agent_execution_duration_seconds_count', writer { operation: 'write' }, values),
];
local of_writer(record, value) = { [record + '{agent="writer",env="test",service="bot"}']: value };
local exactly(record, seconds, value) = lib.value(record, seconds, of_writer(record, value));
local standstill = 'service_agent:agent:standstill_ratio';
local still(seconds, value) = exactly(standstill, seconds, value);
// Four a minute for ten minutes, and then none.
local worked = durations('0+1x40 40x400', '0.1') + [executions('success', '0+1x40 40x400')];

function(config) {
  'agents.yaml': lib.file([
    lib.test('executions, failures and durations', [
      executions('success', '0+6x80'),
      executions('error', '0+2x80'),
      executions('cancelled', '0+2x80'),
    ] + durations('0+10x80', '1.0'), values=[
      exactly('service_agent:agent_executions_all:per_minute', 1200, 40),
      exactly('service_agent:agent_failures:ratio_rate10m', 1200, 0.2),
      exactly('service_agent:agent_execution_duration_seconds:p50_10m', 1200, 0.55),
      exactly('service_agent:agent_execution_duration_seconds:p95_10m', 1200, 0.955),
    ]),
    lib.test('no failure is a share of zero, no execution is none at all', [executions('success', '0+6x80')], values=[
      exactly('service_agent:agent_failures:ratio_rate10m', 1200, 0),
    ]),
    lib.test(
      'without executions there is no share and no duration',
      [executions('success', '7x80'), executions('error', '3x80')] + durations('7x80', '1.0'),
      values=[
        lib.value('service_agent:agent_failures:ratio_rate10m', 1200, {}),
        lib.value('service_agent:agent_execution_duration_seconds:p95_10m', 1200, {}),
      ]
    ),
    lib.test('instances are added up, and a restart of one is no failure', [
      executions('success', '0+4x39 0+4x40'),
      executions('success', '0+4x80', 'b'),
      executions('error', '0+1x39 0+1x40'),
      executions('error', '0+1x80', 'b'),
    ], values=[
      lib.value('round(service_agent:agent_failures:ratio_rate10m, 0.001)', 1200, {
        '{agent="writer",env="test",service="bot"}': 0.2,
      }),
    ]),
    lib.test('agents that are at work for a moment are counted, too', [
      lib.constant('agents_active', bot { agent: 'copywriter' }, 2, 120),
      lib.series('agents_active', bot { agent: 'analyst' }, '0x117 1 0x20'),
    ], values=[
      lib.value('service:agents_active:max_recent', 1800, {
        'service:agents_active:max_recent{env="test",service="bot"}': 3,
      }),
    ]),
    lib.test('tools: failures by tool, whoever calls it', [
      lib.series('tool_calls_total', bot { tool: 'search', agent: 'writer', status: 'success' }, '0+2x80'),
      lib.series('tool_calls_total', bot { tool: 'search', agent: 'editor', status: 'success' }, '0+1x80'),
      lib.series('tool_calls_total', bot { tool: 'search', agent: 'editor', status: 'error' }, '0+1x80'),
    ], values=[
      lib.value('round(service_tool:tool_calls_all:per_minute, 0.001)', 1200, {
        '{env="test",service="bot",tool="search"}': 16,
      }),
      lib.value('service_tool:tool_errors:ratio_rate10m', 1200, {
        'service_tool:tool_errors:ratio_rate10m{env="test",service="bot",tool="search"}': 0.25,
      }),
    ]),

    // The last execution ends at 600 s and is seen as recent for a minute; so well is what it was until 630 s.
    lib.test(
      'an agent at work that finishes nothing stands still, in units of its P99 or a minute',
      worked + [lib.constant('agents_active', writer, 1, 400)],
      values=[
        still(600, 0),
        still(630, 0),
        still(690, 1),
        still(930, 5),
      ]
    ),
    lib.test(
      'an idle agent does not stand still',
      worked + [lib.series('agents_active', writer, '1x40 0x400')],
      values=[still(1800, 0)]
    ),
    lib.test(
      'an agent that was idle and begins stands still from then on',
      worked + [lib.series('agents_active', writer, '1x40 0x39 1x400')],
      values=[
        still(1200, 0),
        still(1320, 2),
      ]
    ),
    lib.test(
      'a process that was just started does not stand still, however long the one before did',
      worked + [lib.series('agents_active', writer, '1x80 stale _x2 1x400')],
      values=[
        lib.value(standstill + ' > 9', 1200, of_writer(standstill, 9.5)),
        lib.value(standstill + ' > 1', 1305, {}),
      ]
    ),
    lib.test('an agent of which too little is known is not judged', durations('0+1x8 8x400', '0.1') + [
      executions('success', '0+1x8 8x400'),
      lib.constant('agents_active', writer, 1, 400),
    ], values=[lib.value(standstill, 1800, {})]),
  ]),

  // A week of samples would take minutes to evaluate: five minutes lie between two.
  local week = 2016,
  local at(record, value) = exactly(record, 7 * 86400, value),
  'agents-last-week.yaml': lib.file([
    lib.test('an agent is compared with the same hours of last week', [
      lib.series(
        'agent_execution_duration_seconds_bucket',
        writer { operation: 'write', le: '1.0' },
        '0+30x%d 60000x20' % (week - 12)
      ),
      lib.series(
        'agent_execution_duration_seconds_bucket',
        writer { operation: 'write', le: '3.0' },
        '0+30x%d 60150+30x20' % (week - 12)
      ),
      lib.series(
        'agent_execution_duration_seconds_bucket',
        writer { operation: 'write', le: '+Inf' },
        '0+30x%d 60150+30x20' % (week - 12)
      ),
      lib.series(
        'agent_execution_duration_seconds_count',
        writer { operation: 'write' },
        '0+30x%d 60150+30x20' % (week - 12)
      ),
    ], interval='5m', values=[
      at('service_agent:agent_execution_duration_seconds:p95_last_week', 0.95),
      at('service_agent:agent_execution_duration_seconds:p95_30m', 2.9),
      lib.value('round(service_agent:agent_slowdown:ratio_last_week, 0.001)', 7 * 86400, {
        '{agent="writer",env="test",service="bot"}': 3.053,
      }),
    ]),
    lib.test('before there is a week there is nothing to compare with', [
      lib.series('agent_execution_duration_seconds_bucket', writer { operation: 'write', le: '1.0' }, '0+30x288'),
      lib.series('agent_execution_duration_seconds_bucket', writer { operation: 'write', le: '+Inf' }, '0+30x288'),
      lib.series('agent_execution_duration_seconds_count', writer { operation: 'write' }, '0+30x288'),
    ], interval='5m', values=[lib.value('service_agent:agent_slowdown:ratio_last_week', 86400, {})]),
    lib.test('nineteen executions are too few for a P95', [
      lib.series('agent_execution_duration_seconds_bucket', writer { operation: 'write', le: '1.0' }, '0+3x12'),
      lib.series('agent_execution_duration_seconds_bucket', writer { operation: 'write', le: '+Inf' }, '0+3x12'),
      lib.series('agent_execution_duration_seconds_count', writer { operation: 'write' }, '0+3x12'),
    ], interval='5m', values=[lib.value('service_agent:agent_execution_duration_seconds:p95_30m', 3600, {})]),
  ], interval='5m'),
}

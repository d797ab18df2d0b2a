// Agents: what they are doing, how well and how fast, with which tools, and what they have to say to each other.
local progress = import 'progress.libsonnet';
local promql = import 'promql.libsonnet';
local signal = import 'signal.libsonnet';

function(config)
  local scope = promql.scope(config);
  local by_agent = scope.by_service + ['agent'];
  local by_tool = scope.by_service + ['tool'];
  local by_message = scope.by_service + ['sender', 'receiver', 'message_type'];
  local by_memory = scope.by_service + ['operation', 'store'];
  // An agent works for seconds or minutes: ten minutes hold enough of its work to judge it by.
  local per_second(metric, labels) = 'sum by (%s) (rate(%s[10m]))' % [std.join(', ', labels), scope.raw(metric)];
  local per_minute(metric, labels) = '60 * ' + per_second(metric, labels);

  local executions = 'service_agent:agent_executions:per_minute';
  local durations = 'service_agent:agent_execution_duration_seconds_bucket:rate10m';
  local p95_now = 'service_agent:agent_execution_duration_seconds:p95_30m';
  local p95_last_week = 'service_agent:agent_execution_duration_seconds:p95_last_week';
  local tool_calls = 'service_tool:tool_calls:per_minute';
  local tool_durations = 'service_tool:tool_duration_seconds_bucket:rate10m';
  local messages = 'service_agents:agent_messages:per_minute';
  local message_seconds = {
    sum: 'service_agents:agent_message_duration_seconds_sum:rate10m',
    count: 'service_agents:agent_message_duration_seconds_count:rate10m',
  };
  local memory_seconds = {
    sum: 'service_store:memory_operation_duration_seconds_sum:rate10m',
    count: 'service_store:memory_operation_duration_seconds_count:rate10m',
  };

  local standing = progress(config, {
    level: 'service_agent',
    name: 'agent',
    by: by_agent,
    active: 'agents_active',
    finished: 'agent_executions_total',
    duration: 'agent_execution_duration_seconds',
  });

  // The P95 of an agent, where at least 20 executions stand behind it.
  local p95(range) =
    |||
      histogram_quantile(0.95, sum by (env, service, agent, le) (rate(%(buckets)s%(range)s)))
      and sum by (env, service, agent) (increase(%(count)s%(range)s)) >= 20
    ||| % {
      buckets: scope.raw('agent_execution_duration_seconds_bucket'),
      count: scope.raw('agent_execution_duration_seconds_count'),
      range: range,
    };

  local duration(percent) = signal.quantile(percent / 100, {
    title: 'Duration P' + percent,
    unit: 's',
    min: 0,
    description: percent + ' % of the executions of the last 10 minutes took no longer than this.',
    source: durations,
    labels: by_agent + ['operation'],
    records: { ['service_agent:agent_execution_duration_seconds:p%d_10m' % percent]: by_agent },
  });
  local tool_duration(percent) = signal.quantile(percent / 100, {
    title: 'Tool duration P' + percent,
    unit: 's',
    min: 0,
    description: percent + ' % of the tool calls of the last 10 minutes took no longer than this.',
    source: tool_durations,
    labels: by_tool,
  });

  {
    slow_sources:: standing.slow_sources + [
      { record: p95_now, expr: p95('[30m]') },
      // Two hours around this time of the day, a week ago.
      { record: p95_last_week, expr: p95('[2h] offset 6d23h') },
      { record: 'service_agent:agent_slowdown:ratio_last_week', expr: '%s / (%s > 0)' % [p95_now, p95_last_week] },
    ],
    sources:: [
      // Many are at work for seconds only, and would be missed between two scrapes.
      {
        record: 'service_agent:agents_active:max_recent',
        expr: 'sum by (env, service, agent) (max_over_time(%s[%s]))' % [
          scope.raw('agents_active'),
          config.short_window,
        ],
      },
      { record: executions, expr: per_minute('agent_executions_total', by_agent + ['operation', 'status']) },
      {
        record: durations,
        expr: per_second('agent_execution_duration_seconds_bucket', by_agent + ['operation', 'le']),
      },
      { record: tool_calls, expr: per_minute('tool_calls_total', by_tool + ['agent', 'status']) },
      { record: tool_durations, expr: per_second('tool_duration_seconds_bucket', by_tool + ['le']) },
      { record: messages, expr: per_minute('agent_messages_total', by_message) },
      { record: message_seconds.sum, expr: per_second('agent_message_duration_seconds_sum', by_message) },
      { record: message_seconds.count, expr: per_second('agent_message_duration_seconds_count', by_message) },
      { record: memory_seconds.sum, expr: per_second('memory_operation_duration_seconds_sum', by_memory) },
      { record: memory_seconds.count, expr: per_second('memory_operation_duration_seconds_count', by_memory) },
    ] + standing.sources,

    agents_active: signal.sum({
      title: 'Agents active',
      unit: 'short',
      min: 0,
      decimals: 0,
      description: 'Agents at work at the same time, at the most, within the last minute.',
      source: 'service_agent:agents_active:max_recent',
      labels: by_agent,
      records: { 'service:agents_active:max_recent': scope.by_service },
    }),

    agent_executions: signal.sum({
      title: 'Executions',
      unit: 'suffix: /min',
      min: 0,
      decimals: 1,
      description: 'Executions of agents that ended, well or not, per minute over the last 10 minutes.',
      source: executions,
      labels: by_agent + ['operation', 'status'],
      records: { 'service_agent:agent_executions_all:per_minute': by_agent },
    }),

    agent_failure_share: signal.share({
      title: 'Failure rate',
      unit: 'percentunit',
      description: 'The share of the executions of the last 10 minutes that ended with an error.',
      source: executions,
      part: 'status="error"',
      labels: by_agent + ['operation'],
      records: { 'service_agent:agent_failures:ratio_rate10m': by_agent },
    }),

    agent_duration_p50: duration(50),
    agent_duration_p95: duration(95),

    agent_p95_half_hour: signal.recorded({
      title: 'P95 now',
      unit: 's',
      min: 0,
      how: 'max',
      description: '95 % of the executions of the last half hour took no longer than this; at least 20 of them.',
      source: p95_now,
      records: { [p95_now]: by_agent },
    }),

    agent_p95_last_week: signal.recorded({
      title: 'P95 last week',
      unit: 's',
      min: 0,
      how: 'max',
      description: 'The P95 of the two hours around this time of the day, a week ago; from at least 20 executions.',
      source: p95_last_week,
      records: { [p95_last_week]: by_agent },
    }),

    agent_slowdown: signal.recorded({
      title: 'P95 against last week',
      unit: 'suffix: ×',
      format: 'times',
      min: 0,
      decimals: 1,
      how: 'max',
      description: 'The P95 of the last half hour as a multiple of that of the same hours a week ago. ' +
                   'Nothing is said before there is a week to compare with.',
      source: 'service_agent:agent_slowdown:ratio_last_week',
      records: { 'service_agent:agent_slowdown:ratio_last_week': by_agent },
    }),

    agent_standstill: signal.recorded({
      title: 'Agent standstill',
      unit: 'suffix: ×',
      format: 'times',
      min: 0,
      decimals: 1,
      how: 'max',
      description: 'For how long an agent has been at work with nothing finished, ' +
                   'as a multiple of the P99 of what it usually takes (6 hours; at least a minute). ' +
                   '0 while it is idle.',
      source: standing.standstill,
      records: { [standing.standstill]: by_agent },
    }),

    tool_calls: signal.sum({
      title: 'Tool calls',
      unit: 'suffix: /min',
      min: 0,
      decimals: 1,
      description: 'Calls of tools that ended, well or not, per minute over the last 10 minutes.',
      source: tool_calls,
      labels: by_tool + ['agent', 'status'],
      records: { 'service_tool:tool_calls_all:per_minute': by_tool },
    }),

    tool_error_share: signal.share({
      title: 'Tool error rate',
      unit: 'percentunit',
      description: 'The share of the tool calls of the last 10 minutes that ended with an error.',
      source: tool_calls,
      part: 'status="error"',
      labels: by_tool + ['agent'],
      records: { 'service_tool:tool_errors:ratio_rate10m': by_tool },
    }),

    tool_duration_p50: tool_duration(50),
    tool_duration_p95: tool_duration(95),

    agent_messages: signal.sum({
      title: 'Messages',
      unit: 'suffix: /min',
      min: 0,
      decimals: 1,
      description: 'Messages that an agent sent to another and that were dealt with, ' +
                   'per minute over the last 10 minutes.',
      source: messages,
      labels: by_message,
    }),

    agent_message_duration: signal.mean({
      title: 'Time until dealt with',
      unit: 's',
      min: 0,
      description: 'Mean time from the sending of a message until its receiver had dealt with it, ' +
                   'over the last 10 minutes.',
      source: message_seconds,
      labels: by_message,
    }),

    memory_operations: signal.sum({
      title: 'Memory operations',
      unit: 'ops',
      min: 0,
      description: 'Operations on the memory of agents, per second over the last 10 minutes.',
      source: memory_seconds.count,
      labels: by_memory,
    }),

    memory_operation_duration: signal.mean({
      title: 'Memory operation duration',
      unit: 's',
      min: 0,
      description: 'Mean duration of the operations on the memory of agents, over the last 10 minutes.',
      source: memory_seconds,
      labels: by_memory,
    }),
  }

// For those who build agents: do they work, how fast, with which tools, and what do they have to do with each other?
function(kit)
  local signals = kit.signals;
  local panel = kit.panels(['env', 'service']);
  // The row about one agent follows a variable of its own; the others go on showing all of them.
  local chosen = kit.panels(['env', 'service', 'agent']);
  local row = kit.row;
  local histograms = ['agent_execution_duration_seconds'];
  local agent = ['agent', 'service'];
  local tool = ['tool', 'service'];
  local duration = 'Half and 95 % of the executions of the last 10 minutes took no longer than this. Each dot is one ' +
                   'execution: click it for its trace.';

  kit.new(
    'Executions of agents, their tools, messages and memory; all of them, and one in depth.',
    [
      kit.variable('env', 'label_values(service_agent:agents_active:max_recent, env)'),
      kit.variable('service', 'label_values(service_agent:agents_active:max_recent{env=~"$env"}, service)'),
      kit.variable(
        'agent',
        'label_values(service_agent:agents_active:max_recent{env=~"$env",service=~"$service"}, agent)'
      ),
    ],
    [
      row('Now', [
        panel.stat(signals.agents_active),
        panel.stat(signals.agent_executions),
        panel.stat(signals.agent_failure_share) + panel.alert(['AgentFailureRate']),
        panel.stat(signals.agent_duration_p95),
        panel.stat(signals.agent_standstill) + panel.titled('Longest standstill') + panel.alert(['AgentStuck']),
        panel.stat(signals.tool_error_share) + panel.alert(['ToolErrorRate']),
      ]),
      row('Executions', [
        panel.timeseries(signals.agent_executions, by=agent) + panel.service_links(),
        panel.timeseries(signals.agent_failure_share, by=agent) + panel.alert_lines(['AgentFailureRate'])
        + panel.service_links(),
        panel.timeseries(signals.agents_active, by=agent) + panel.stacked + panel.service_links(),
        panel.lines([signals.agent_duration_p50, signals.agent_duration_p95], 'Duration P50, P95', duration)
        + panel.exemplars(histograms),
        panel.timeseries(signals.agent_duration_p95, by=agent) + panel.titled('Duration P95 by agent')
        + panel.exemplars(histograms) + panel.service_links(),
        panel.timeseries(signals.agent_standstill, by=agent) + panel.alert_lines(['AgentStuck'])
        + panel.service_links(),
        panel.table(
          'Agents',
          'Every agent at a glance. How it compares with last week is known once there is a week of data.',
          [
            signals.agent_executions,
            signals.agent_failure_share,
            signals.agent_duration_p50,
            signals.agent_duration_p95,
            signals.agent_slowdown,
          ],
          by=agent,
        ) + panel.size(24, 7) + panel.overrides([
          panel.override('Failure rate', panel.coloured(['AgentFailureRate'])),
          panel.override('P95 against last week', panel.coloured(['AgentPerformanceDegraded'])),
          panel.override('Agent', {
            links: [
              { title: '${__value.text} in depth', url: '/d/agents?var-agent=${__value.text}&${__url_time_range}' },
            ],
          }),
        ]),
      ]),
      row('Tools', [
        panel.timeseries(signals.tool_calls, by=tool) + panel.service_links(),
        panel.timeseries(signals.tool_error_share, by=tool) + panel.alert_lines(['ToolErrorRate'])
        + panel.service_links(),
        panel.timeseries(signals.tool_duration_p95, by=tool) + panel.service_links(),
        panel.table(
          'Tools by agent',
          'Which agent uses which tool, and how often it fails for it.',
          [signals.tool_calls, signals.tool_error_share],
          by=['tool', 'agent', 'service'],
        ) + panel.size(24, 7) + panel.overrides([panel.override('Tool error rate', panel.coloured(['ToolErrorRate']))]),
      ]),
      row('One agent in depth', [
        chosen.timeseries(signals.agent_executions, by=['status', 'agent'], legend='{{agent}} {{status}}')
        + panel.titled(
          'Executions by outcome',
          'Executions of the agent chosen above, by how they ended, per minute over the last 10 minutes.'
        ) + panel.stacked,
        chosen.timeseries(signals.agent_failure_share, by=['operation', 'agent'], legend='{{agent}} {{operation}}')
        + panel.titled('Failure rate by operation') + panel.alert_lines(['AgentFailureRate']),
        chosen.lines(
          [signals.agent_duration_p50, signals.agent_duration_p95],
          'Duration of the agent, P50, P95',
          duration
        ) + chosen.exemplars(histograms),
        chosen.timeseries(signals.agent_duration_p95, by=['operation', 'agent'], legend='{{agent}} {{operation}}')
        + panel.titled('Duration P95 by operation') + chosen.exemplars(histograms),
        chosen.lines(
          [signals.agent_p95_half_hour, signals.agent_p95_last_week],
          'P95 now and last week',
          'The P95 of the last half hour, and that of the same hours a week ago once there is a week of data. ' +
          "At twice last week's it is too slow.",
          by=['agent'],
        ),
        chosen.timeseries(signals.tool_calls, by=['tool', 'agent'], legend='{{agent}} {{tool}}')
        + panel.titled('Tool calls of the agent'),
        chosen.timeseries(signals.tool_error_share, by=['tool', 'agent'], legend='{{agent}} {{tool}}')
        + panel.titled('Tool error rate of the agent') + panel.alert_lines(['ToolErrorRate']),
        chosen.timeseries(signals.tasks_per_hour, by=['status', 'agent'], legend='{{agent}} {{status}}')
        + panel.titled('Tasks of the agent per hour') + panel.stacked,
        chosen.timeseries(signals.collaboration_efficiency, by=['agent'])
        + panel.alert_lines(['CollaborationEfficiencyLow']),
      ]),
      row('Messages and memory', [
        panel.table(
          'Messages between agents',
          'Who sends what to whom, how often, and how long it takes until the receiver has dealt with it.',
          [signals.agent_messages, signals.agent_message_duration],
          by=['sender', 'receiver', 'message_type', 'service'],
        ) + panel.size(24, 7),
        panel.timeseries(
          signals.memory_operations,
          by=['operation', 'store'],
          legend='{{operation}} {{store}}'
        ) + panel.size(12),
        panel.timeseries(
          signals.memory_operation_duration,
          by=['operation', 'store'],
          legend='{{operation}} {{store}}'
        ) + panel.size(12),
      ]),
      row('Logs', [
        panel.logs(
          'What agents log',
          'The newest lines that name an agent chosen above.',
          [],
          '| agent=~"$agent"'
        ) + panel.size(24, 8),
        panel.logs('Recent error logs', 'The newest log lines of level error and above.', [
          'level=~"error|critical|fatal"',
        ]) + panel.size(24, 8),
      ]),
    ],
  )

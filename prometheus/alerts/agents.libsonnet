// Agents and their tools.
local standstill = import 'standstill.libsonnet';

function(signals, config)
  local by_agent = ['env', 'service', 'agent'];
  local by_tool = ['env', 'service', 'tool'];
  local of_agents = { dashboard: 'agents', by: by_agent, variables: by_agent };
  // More than five in the ten minutes that the rates look back over.
  local enough_executions = { signal: signals.agent_executions, by: by_agent, compare: '>', threshold: 0.5 };
  [
    of_agents {
      name: 'AgentFailureRate',
      traces:: { tags: 'error=true' },
      signal: signals.agent_failure_share,
      compare: '>',
      'for': '2m',
      levels: [
        { severity: 'warning', threshold: 0.1, cooldown: '30m' },
        { severity: 'critical', threshold: 0.25, cooldown: '15m' },
      ],
      guards: [enough_executions],
      summary: 'The agent {{ $labels.agent }} of {{ $labels.service }} fails in %s of its executions' % self.value,
      description: (
                     '%s of the executions of {{ $labels.agent }} ({{ $labels.service }}, ' +
                     '{{ $labels.env }}) in the last 10 minutes ended with an error; more than %s is too many. '
                   ) % [self.value, self.limit] +
                   'The dashboard shows which operation; look at its tools and at the model provider first, ' +
                   'then at the error logs below.',
    },

    of_agents {
      name: 'AgentPerformanceDegraded',
      signal: signals.agent_slowdown,
      compare: '>',
      threshold: 2,
      'for': '15m',
      severity: 'warning',
      cooldown: '1h',
      summary: 'The agent {{ $labels.agent }} of {{ $labels.service }} takes %s as long as at this hour last week'
               % self.value,
      description: (
                     'The P95 of the executions of {{ $labels.agent }} ({{ $labels.service }}, {{ $labels.env }}) in ' +
                     'the last half hour is %s that of the same hours a week ago; '
                   ) % self.value +
                   (
                     'more than %s is too slow. The dashboard shows whether its tools or the model got slower, ' +
                     'or whether it has other work to do.'
                   ) % self.limit,
    },

    of_agents {
      name: 'AgentStuck',
      signal: signals.agent_standstill,
      compare: '>',
      threshold: 5,
      'for': '1m',
      severity: 'error',
      cooldown: '15m',
      local since = standstill('service_agent:agent:progress_timestamp_seconds', by_agent, self.value),
      formats: since.formats,
      brief:: 'The agent {{ $labels.agent }} of {{ $labels.service }} is at work and has finished nothing for <time>',
      summary: 'The agent {{ $labels.agent }} of {{ $labels.service }} is at work and has finished nothing for '
               + since.text,
      description: (
                     '{{ $labels.agent }} ({{ $labels.service }}, {{ $labels.env }}) has executions under way, and ' +
                     'none has ended for %s as long as 99 %% of them take '
                   ) % self.value +
                   (
                     '(counted as a minute where it is less); more than %s means that it hangs. What it waits ' +
                     'for is in the last lines that it logged.'
                   ) % self.limit,
    },

    {
      name: 'ToolErrorRate',
      traces:: { tags: 'error=true' },
      signal: signals.tool_error_share,
      by: by_tool,
      compare: '>',
      threshold: 0.1,
      'for': '5m',
      severity: 'warning',
      cooldown: '30m',
      guards: [{ signal: signals.tool_calls, by: by_tool, compare: '>', threshold: 0.5 }],
      dashboard: 'agents',
      summary: 'The tool {{ $labels.tool }} fails in %s of its calls from {{ $labels.service }}' % self.value,
      description: (
                     '%s of the calls of {{ $labels.tool }} by the agents of {{ $labels.service }} ' +
                     '({{ $labels.env }}) in the last 10 minutes ended with an error; more than %s is too many. '
                   ) % [self.value, self.limit] +
                   'The dashboard shows which agents call it and for how long; ' +
                   'the error logs below it say why it fails.',
    },

    of_agents {
      name: 'CollaborationEfficiencyLow',
      signal: signals.collaboration_efficiency,
      compare: '<',
      threshold: 0.6,
      'for': '10m',
      severity: 'warning',
      cooldown: '1h',
      // The ratio of an agent that has no work is that of its last work.
      guards: [enough_executions],
      dashboard: 'workflows-and-tasks',
      variables: ['env', 'service'],
      summary: (
        'The agent {{ $labels.agent }} of {{ $labels.service }} spends only %s of its time working, ' +
        'the rest waiting for others'
      ) % self.value,
      description: (
                     'Of the time of its last 50 executions {{ $labels.agent }} ({{ $labels.service }}, ' +
                     '{{ $labels.env }}) worked %s; less than %s is too little. '
                   ) % [self.value, self.limit] +
                   'The rest it waited for answers, dependencies or the end of conflicts: ' +
                   'the dashboard shows which of them take long.',
    },
  ]

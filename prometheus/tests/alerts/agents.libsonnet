// For each alert in prometheus/alerts/agents.libsonnet: the series it is tested on and what it then says.
local shop = import 'shop.libsonnet';
local standing = import 'standing.libsonnet';

local writer = shop { agent: 'copy writer' };

{
  AgentFailureRate: {
    series: writer,
    says(value, level):: {
      summary: 'The agent copy writer of shop & sons fails in %s of its executions' % value,
      description: (
                     '%s of the executions of copy writer (shop & sons, test) in the last 10 minutes ended with an ' +
                     'error; more than %s is too many. '
                   ) % [value, level.limit_text] +
                   'The dashboard shows which operation; look at its tools and at the model provider first, ' +
                   'then at the error logs below.',
    },
  },
  AgentPerformanceDegraded: {
    series: writer,
    says(value, level):: {
      summary: 'The agent copy writer of shop & sons takes %s as long as at this hour last week' % value,
      description: (
                     'The P95 of the executions of copy writer (shop & sons, test) in the last half hour is %s ' +
                     'that of the same hours a week ago; '
                   ) % value +
                   (
                     'more than %s is too slow. The dashboard shows whether its tools or the model got slower, ' +
                     'or whether it has other work to do.'
                   ) % level.limit_text,
    },
  },
  AgentStuck: standing {
    series: writer,
    record:: 'service_agent:agent:progress_timestamp_seconds',
    told(value, level, since):: {
      summary: 'The agent copy writer of shop & sons is at work and has finished nothing for ' + since,
      description: (
                     'copy writer (shop & sons, test) has executions under way, ' +
                     'and none has ended for %s as long as 99 %% of them take '
                   ) % value +
                   (
                     '(counted as a minute where it is less); more than %s means that it hangs. What it waits ' +
                     'for is in the last lines that it logged.'
                   ) % level.limit_text,
    },
  },
  ToolErrorRate: {
    series: shop { tool: 'web search' },
    says(value, level):: {
      summary: 'The tool web search fails in %s of its calls from shop & sons' % value,
      description: (
                     '%s of the calls of web search by the agents of shop & sons (test) in the last 10 minutes ended ' +
                     'with an error; more than %s is too many. '
                   ) % [value, level.limit_text] +
                   'The dashboard shows which agents call it and for how long; ' +
                   'the error logs below it say why it fails.',
    },
  },
  CollaborationEfficiencyLow: {
    series: writer,
    says(value, level):: {
      summary: 'The agent copy writer of shop & sons spends only %s of its time working, the rest waiting for others'
               % value,
      description: (
                     'Of the time of its last 50 executions copy writer (shop & sons, test) worked %s; ' +
                     'less than %s is too little. '
                   ) % [value, level.limit_text] +
                   'The rest it waited for answers, dependencies or the end of conflicts: ' +
                   'the dashboard shows which of them take long.',
    },
  },
}

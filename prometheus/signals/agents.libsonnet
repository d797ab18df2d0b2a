// What the agents are doing.
local promql = import 'promql.libsonnet';
local signal = import 'signal.libsonnet';

function(config)
  local raw(metric) = promql.select(metric, [config.selector]);
  {
    sources:: [
      // Many are at work for seconds only, and would be missed between two scrapes.
      {
        record: 'service_agent:agents_active:max_recent',
        expr: 'sum by (env, service, agent) (max_over_time(%s[%s]))' % [raw('agents_active'), config.short_window],
      },
      // Tasks take minutes, so a quarter of an hour is looked at, not five minutes.
      {
        record: 'service_agent:tasks:per_hour',
        expr: '3600 * sum by (env, service, agent, status) (rate(%s[15m]))' % raw('tasks_total'),
      },
    ],

    agents_active: signal.sum({
      title: 'Agents active',
      unit: 'short',
      min: 0,
      decimals: 0,
      description: 'Agents at work at the same time, at the most, within the last minute.',
      source: 'service_agent:agents_active:max_recent',
      labels: ['env', 'service', 'agent'],
      records: { 'service:agents_active:max_recent': ['env', 'service'] },
    }),

    tasks_per_hour: signal.sum({
      title: 'Tasks per hour',
      unit: 'suffix: /h',
      min: 0,
      decimals: 0,
      description: 'Tasks that agents finished, well or not, at the pace of the last 15 minutes.',
      source: 'service_agent:tasks:per_hour',
      labels: ['env', 'service', 'agent', 'status'],
      records: { 'service:tasks:per_hour': ['env', 'service'] },
    }),
  }

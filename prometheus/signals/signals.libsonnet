// Every signal by its name, and beside them (hidden) the modules that declare them: each is a file of this folder with
//   sources         the recording rules that its signals are computed from, in the order in which they build on each
//                   other
//   tally_sources  the same for what is counted exactly (tally.libsonnet)
//   slow_sources    the same for rules that look back over hours or days, at a pace at which that is cheap
//   sampled_sources the same for what is only written down every 5 minutes, to be added up over weeks
function(config)
  local modules = {
    http: (import 'http.libsonnet')(config),
    objectives: (import 'objectives.libsonnet')(config),
    ai: (import 'ai.libsonnet')(config),
    money: (import 'money.libsonnet')(config),
    agents: (import 'agents.libsonnet')(config),
    tasks: (import 'tasks.libsonnet')(config),
    workflows: (import 'workflows.libsonnet')(config),
    business: (import 'business.libsonnet')(config),
    stores: (import 'stores.libsonnet')(config),
    queues: (import 'queues.libsonnet')(config),
    hosts: (import 'hosts.libsonnet')(config),
    stack: (import 'stack.libsonnet')(config),
    health: (import 'health.libsonnet')(config),
    anomalies: (import 'anomalies.libsonnet')(config, signals),
  }, signals = std.foldl(function(all, name) all + modules[name], std.objectFields(modules), { by_module:: modules });
  signals

// Every signal by its name, and beside them (hidden) the recording rules that they stand on.
function(config)
  local http = (import 'http.libsonnet')(config);
  local ai = (import 'ai.libsonnet')(config);
  local agents = (import 'agents.libsonnet')(config);
  local health = (import 'health.libsonnet')(config);
  local objectives = (import 'objectives.libsonnet')(config);
  {
    by_module:: { http: http, ai: ai, agents: agents, health: health, objectives: objectives },
  } + http + ai + agents + health + objectives

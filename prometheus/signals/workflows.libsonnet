// Workflows of several agents, from start to end.
function(config) {
  sources:: [],
}

// Agents and their tools.
function(signals, config) []

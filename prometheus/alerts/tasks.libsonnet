// Tasks and workflows.
function(signals, config) []

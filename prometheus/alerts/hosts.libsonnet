// Machines.
function(signals, config) []

// Queues and workers.
function(signals, config) []

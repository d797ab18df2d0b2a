// Databases and Redis.
function(signals, config) []

// Model providers: errors, latency, prices.
function(signals, config) []

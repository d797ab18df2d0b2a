// Error budgets that burn too fast.
function(signals, config) []

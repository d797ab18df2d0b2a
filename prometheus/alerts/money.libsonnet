// What models cost, against budgets.
function(signals, config) []

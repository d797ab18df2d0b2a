// What is unusual, and what is about to be.
function(signals, config) []

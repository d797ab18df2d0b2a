// What agents' tasks come to: throughput, quality, conflicts between them.
function(config) {
  sources:: [],
}

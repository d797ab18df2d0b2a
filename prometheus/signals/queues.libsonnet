// Queues and the workers that empty them.
function(config) {
  sources:: [],
}

// Machines and processes.
function(config) {
  sources:: [],
}

// What is unusual for a signal, and when it will cross its alert's threshold.
function(config) {
  sources:: [],
}

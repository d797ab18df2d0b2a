// Databases and Redis, as the applications that use them see them.
function(config) {
  sources:: [],
}

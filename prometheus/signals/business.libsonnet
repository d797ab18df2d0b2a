// What the ad platform achieves for its customers.
function(config) {
  sources:: [],
}

// The monitoring itself: Prometheus, Alertmanager, Loki, Jaeger, the collector and the dashboards.
function(config) {
  sources:: [],
}

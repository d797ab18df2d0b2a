// For each alert in prometheus/alerts/anomalies.libsonnet: the series it is tested on and what it then says.
{}

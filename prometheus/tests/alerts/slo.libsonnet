// For each alert in prometheus/alerts/slo.libsonnet: the series it is tested on and what it then says.
{}

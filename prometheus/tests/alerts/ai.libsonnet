// For each alert in prometheus/alerts/ai.libsonnet: the series it is tested on and what it then says.
{}

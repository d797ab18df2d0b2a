// For each alert in prometheus/alerts/agents.libsonnet: the series it is tested on and what it then says.
{}

// For each alert in prometheus/alerts/hosts.libsonnet: the series it is tested on and what it then says.
{}

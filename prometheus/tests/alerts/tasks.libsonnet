// For each alert in prometheus/alerts/tasks.libsonnet: the series it is tested on and what it then says.
{}

// For each alert in prometheus/alerts/queues.libsonnet: the series it is tested on and what it then says.
{}

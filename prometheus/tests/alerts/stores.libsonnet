// For each alert in prometheus/alerts/stores.libsonnet: the series it is tested on and what it then says.
{}

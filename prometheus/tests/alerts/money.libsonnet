// For each alert in prometheus/alerts/money.libsonnet: the series it is tested on and what it then says.
{}

"""What prometheus_client lacks: bounded labels, cheap updates, and several processes that are scraped as one."""

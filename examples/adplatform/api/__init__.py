"""ad-api: campaigns, their ads, video jobs, predictions, and the switches of the faults."""

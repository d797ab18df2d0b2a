"""What it costs to be watched, by our library and by its peers, measured in one run."""

"""`make verify`: one fault followed through every server, from the metric to the resolved notification."""

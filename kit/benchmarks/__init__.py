"""What the bench commands measure: the first panel and memory, each container, the library, anomalies and forecasts."""

"""How well the anomaly and forecast alerts find what was put into made-up series, and what they find beside."""

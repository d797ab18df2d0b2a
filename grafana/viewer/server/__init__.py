"""Serves the viewer: the built page, the dashboards, the runbooks and a read-only way to the servers behind them."""

__version__ = "0.1.0"

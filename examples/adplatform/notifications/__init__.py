"""notifications: receives what Alertmanager sends, keeps it and shows it."""

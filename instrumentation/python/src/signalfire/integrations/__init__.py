"""Agent frameworks: each module needs its framework installed and nothing else imports it."""

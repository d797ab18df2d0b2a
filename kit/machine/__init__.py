"""What this machine has beside ours: system packages and a browser."""

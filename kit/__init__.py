"""What the commands of scripts/ are made of: it needs the checkout and is not published."""

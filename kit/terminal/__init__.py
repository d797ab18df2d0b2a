"""What a person sees while a command runs: messages, progress, tables, and how an interrupt ends it."""

"""What work carries along, into threads and other processes: its correlation id, its agent and its trace."""

"""Teams of agents, written in several frameworks, each with what it takes to watch it."""

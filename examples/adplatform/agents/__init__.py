"""ad-agents: takes tasks from the queue and has a team of agents work on them with the help of language models."""

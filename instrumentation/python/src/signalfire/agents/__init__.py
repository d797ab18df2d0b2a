"""Agents, what they do and what they have to do with each other."""

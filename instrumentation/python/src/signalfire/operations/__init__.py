"""Pieces of work that are timed, traced and counted, and how they are wrapped around the code of others."""

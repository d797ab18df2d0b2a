"""Backups of the stores, what puts them back, and the questions that show whether nothing was lost."""

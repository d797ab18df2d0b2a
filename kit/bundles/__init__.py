"""Bundles for a machine without a network: opening one and loading its images."""

"""What can go wrong between us and a Docker engine."""


class ComposeError(Exception):
    """The text names what failed, why as far as the engine says, and what to do."""

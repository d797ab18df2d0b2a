"""What an HTTP request asks for."""

from urllib.parse import SplitResult, urlsplit


def split_target(target: str) -> SplitResult | None:
    """The request line's target, which may be a whole URL; None where that cannot be one, as `http://[`."""
    try:
        return urlsplit(target)
    except ValueError:
        return None

"""The container images: which there are, and how each comes to this machine.

Upstream's are pulled, or built from servers/ under the same name where no registry can be reached; our own are built
from compose/Dockerfile.
"""

from scripts.compose.images.building import size_of
from scripts.compose.images.bundled import load
from scripts.compose.images.ensuring import ensure, is_current
from scripts.compose.images.errors import ImageError, ImageUnavailableError
from scripts.compose.images.listing import Image, listed
from scripts.compose.images.recipes import can_be_built

__all__ = [
    "Image",
    "ImageError",
    "ImageUnavailableError",
    "can_be_built",
    "ensure",
    "is_current",
    "listed",
    "load",
    "size_of",
]

"""The container images: which there are, and how each comes to this machine.

Upstream's are pulled, or built from servers/ under the same name where no registry can be reached; our own are built
from compose/Dockerfile.
"""

from kit.images.building import size_of
from kit.images.ensuring import ensure, is_current
from kit.images.errors import ImageError, ImageUnavailableError
from kit.images.listing import Image, listed
from kit.images.planning import outlook
from kit.images.recipes import can_be_built

__all__ = [
    "Image",
    "ImageError",
    "ImageUnavailableError",
    "can_be_built",
    "ensure",
    "is_current",
    "listed",
    "outlook",
    "size_of",
]

"""Whole lines at the end of files that several processes append to."""

import errno
import os
import time
from io import FileIO


def append(file: FileIO, data: bytes) -> bool:
    """Appends in one write. False where the file has been removed, so that nobody will find what was written.

    OSError where not all of it could be written; the part that was is taken back.
    """
    written = file.write(data)
    if written != len(data):
        end = file.tell()
        if os.fstat(file.fileno()).st_size == end:
            file.truncate(end - written)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return os.fstat(file.fileno()).st_nlink > 0


def is_torn(file: FileIO) -> bool:
    """Whether the last line is not whole: its process was killed, or the machine lost power."""
    size = os.fstat(file.fileno()).st_size
    if size == 0 or os.pread(file.fileno(), 1, size - 1) == b"\n":
        return False
    time.sleep(0.01)  # a line that another process writes just now grows page by page
    return os.fstat(file.fileno()).st_size == size

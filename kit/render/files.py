"""Write files and whole folders of them: only what changed, each file at once."""

import os
import tempfile
from pathlib import Path

PRIVATE = 0o600
# For the users of containers. The folder around all of them is still private on this machine.
READABLE = 0o644


def write_folder(folder: Path, files: dict[str, str], mode: int = PRIVATE) -> None:
    """Make the folder hold exactly these files."""
    folder.mkdir(mode=_folder_mode(mode), parents=True, exist_ok=True)
    for name, content in files.items():
        write(folder / name, content, mode)
    wanted = {folder / name for name in files}
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            if not any(path.iterdir()):
                path.rmdir()
        elif path not in wanted:
            path.unlink()


def write(path: Path, content: str, mode: int = PRIVATE) -> bool:
    """Make the file hold this. False if it already did."""
    data = content.encode()
    if path.is_file() and path.read_bytes() == data:
        path.chmod(mode)
        return False
    path.parent.mkdir(mode=_folder_mode(mode), parents=True, exist_ok=True)
    replace(path, data, mode)
    return True


def _folder_mode(file_mode: int) -> int:
    """Who may read a file may enter its folder."""
    return file_mode | (file_mode & 0o444) >> 2


def replace(path: Path, data: bytes, mode: int) -> None:
    """Put the content in place in one step, so that no reader ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise

"""Writing without half-written files, and without touching what is already right."""

import contextlib
import os
import secrets
from pathlib import Path

__all__ = ["replace_file", "write_bytes", "write_if_changed"]


def write_bytes(path: Path, content: bytes) -> None:
    """Writes a file and waits until the disk has it; cut off, it leaves a beginning."""
    with open(path, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def replace_file(path: Path, content: bytes) -> None:
    """Puts ``content`` at ``path``, all of it or nothing; the folder is made where it is missing.

    Raises:
        OSError: it could not be written; what stood at ``path`` is still there.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        write_bytes(beside, content)
        os.replace(beside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise


def write_if_changed(path: Path, content: bytes) -> bool:
    """Like ``replace_file``, unless ``content`` is there already.

    Returns:
        Whether it was written.
    """
    path = Path(path)
    if path.is_file() and path.read_bytes() == content:
        return False
    replace_file(path, content)
    return True

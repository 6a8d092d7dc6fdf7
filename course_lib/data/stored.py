"""Arrays that a script computed beforehand and that a lesson reads."""

import io
import zipfile
import zlib
from os import PathLike, fspath
from pathlib import Path

import numpy as np

__all__ = ["load_stored"]

_POINTER = b"version https://git-lfs"


def load_stored(path) -> dict[str, np.ndarray]:
    """All arrays of a stored ``.npz`` file by name.

    The file is read to its end, so that one that was cut off is found here and not in the middle of a lesson. Objects
    are never unpickled.

    Args:
        path: the file, as a path or a resource of a package (``importlib.resources.files(...) / "runs.npz"``).

    Raises:
        ValueError: the file is missing, damaged, or only a pointer to a large file; the sentence says what to do.
    """
    if not isinstance(path, str | PathLike) and not hasattr(path, "read_bytes"):
        raise ValueError(f"path: expected a file or a resource, got {type(path).__name__}")
    try:
        content = (Path(fspath(path)) if isinstance(path, str | PathLike) else path).read_bytes()
    except FileNotFoundError:
        raise _unusable(path, "is missing") from None
    except OSError as error:
        raise _unusable(path, f"cannot be read ({error.strerror or type(error).__name__})") from None
    if content.startswith(_POINTER):
        raise _unusable(path, "is only a pointer to a large file", " with `git lfs pull`,") from None
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            broken = archive.testzip()
        if broken is None:
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                found = {name: arrays[name] for name in arrays.files}
            if all(isinstance(one, np.ndarray) for one in found.values()):
                return found
    except (OSError, ValueError, EOFError, KeyError, NotImplementedError, zipfile.BadZipFile, zlib.error):
        pass
    # NumPy's own words would advise to unpickle the file.
    raise _unusable(path, f"is damaged or cut off ({len(content):,} bytes)") from None


def _unusable(path, what, how="") -> ValueError:
    name = getattr(path, "name", None) or Path(str(path)).name
    return ValueError(
        f"path: expected the stored arrays of the course, but {name} {what}: get a fresh copy of the course"
        f"{how or ','} and your own work stays as it is"
    )

"""Arrays that a script computed beforehand and that a lesson reads."""

import zipfile
from pathlib import Path

import numpy as np

__all__ = ["load_stored"]


def load_stored(path) -> dict[str, np.ndarray]:
    """All arrays of a stored ``.npz`` file by name.

    Args:
        path: the file, as a path or a resource of a package.

    Raises:
        ValueError: the file is missing or damaged; the sentence says what to do.
    """
    try:
        with np.load(Path(str(path)), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"path: expected the stored arrays of the course in {Path(str(path)).name}, which is missing or damaged "
            f"({type(error).__name__}); get a fresh copy of the course"
        ) from error

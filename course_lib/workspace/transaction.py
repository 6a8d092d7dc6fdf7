"""Writing several files so that either all of them change or none does.

Everything is first written beside the files, in `.staging`: the new bytes, and the old bytes of each file that will
be replaced. This is where a full disk shows, while nothing has changed yet. Then each file is moved to its place
(atomic, and it takes no room); if a move fails, the files that were moved before are put back.
"""

__all__ = [
    "ChangedMeanwhileError",
    "NotPutBackError",
    "Transaction",
    "read_if_there",
    "replace",
]

import os
import shutil
from pathlib import Path

from course_lib.files import write_bytes


class ChangedMeanwhileError(Exception):
    """A file is no longer what it was when the change was planned: somebody saved it in between."""


def read_if_there(path: Path) -> bytes | None:
    """The bytes of a file, or None when there is no such file."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def replace(source: Path, target: Path) -> None:
    """Move a file to its place in one step."""
    os.replace(source, target)


class NotPutBackError(Exception):
    """A change failed and a file that was already replaced could not be put back; the backups are left in place."""


class Transaction:
    """Changes below one folder that happen together, in the order in which they were asked for."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._staging = folder / ".staging"
        self._steps: list[tuple[Path, bytes | None, bytes | None]] = []

    def __bool__(self) -> bool:
        return bool(self._steps)

    def write(self, target: Path, data: bytes, old: bytes | None) -> None:
        """Ask for `target` to become `data`; `old` is what it held when this was decided (None: no file)."""
        self._steps.append((target, data, old))

    def remove(self, target: Path, old: bytes) -> None:
        """Ask for `target` to go; `old` is what it held when this was decided."""
        self._steps.append((target, None, old))

    def commit(self) -> None:
        """Make all changes, or raise and leave every file as it was.

        Raises OSError (no room, no permission), ChangedMeanwhileError, or NotPutBackError.
        """
        shutil.rmtree(self._staging, ignore_errors=True)  # copies that a sync that was killed left behind
        done: list[int] = []
        created: list[Path] = []
        complete = False
        try:
            _make_folder(self._staging, created)
            for number, (target, data, old) in enumerate(self._steps):
                if data is not None:
                    write_bytes(self._staged(number), data)
                if old is not None:
                    write_bytes(self._saved(number), old)
                _make_folder(target.parent, created)
            for target, _, old in self._steps:
                if read_if_there(target) != old:
                    raise ChangedMeanwhileError(target)
            for number, (target, data, _) in enumerate(self._steps):
                if data is None:
                    replace(target, self._staged(number))
                else:
                    replace(self._staged(number), target)
                done.append(number)
            complete = True
        finally:
            if not complete:
                self._roll_back(done)
            shutil.rmtree(self._staging, ignore_errors=True)
            if not complete:
                _remove_empty(created)

    def _staged(self, number: int) -> Path:
        return self._staging / f"{number}.new"

    def _saved(self, number: int) -> Path:
        return self._staging / f"{number}.old"

    def _roll_back(self, done: list[int]) -> None:
        # Last change first: the backups were made first, so they are there until everything else is back.
        for number in reversed(done):
            target, _, old = self._steps[number]
            try:
                if old is None:
                    target.unlink(missing_ok=True)
                else:
                    os.replace(self._saved(number), target)
            except OSError as error:
                raise NotPutBackError(str(target)) from error


def _make_folder(folder: Path, created: list[Path]) -> None:
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        created.append(path)


def _remove_empty(folders: list[Path]) -> None:
    for folder in reversed(folders):
        try:
            folder.rmdir()
        except OSError:
            continue

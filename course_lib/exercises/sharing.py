"""What a student gives away of the progress, if asked and willing: counts without a name, in one file.

The lecturer collects the files (by mail, or in a folder that everybody can write to) and looks at all of them with
``python -m course_lib class FOLDER``.
"""

import contextlib
import json
import secrets
from pathlib import Path

from course_lib.exercises import store
from course_lib.files import replace_file

__all__ = ["PREFIX", "SCHEMA", "share"]

PREFIX = "class-"
SCHEMA = 1
_EXERCISE_FIELDS = ("passed", "attempts", "hints")


def share(folder=".") -> Path:
    """Writes what was passed, how many attempts and hints it took, and which mistakes were named, without a name.

    The file's own name is a random number, drawn once, so that a second file takes the place of the first.

    Args:
        folder: where the file is written.

    Returns:
        The file.

    Raises:
        ValueError: the folder does not exist, or cannot be written to.
    """
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        raise ValueError(f"folder: expected a folder that exists, got {str(folder)!r}")
    known, notice = store.entries()
    shared = {
        key: {name: entry[name] for name in _EXERCISE_FIELDS} | {"mistakes": entry.get("mistakes", {})}
        for key, entry in sorted(known.items())
        if not key.startswith("predict:") and (entry["attempts"] or entry["hints"])
    }
    file = folder / f"{PREFIX}{_own_number()}.json"
    text = json.dumps({"schema": SCHEMA, "exercises": shared}, indent=1, ensure_ascii=False) + "\n"
    try:
        replace_file(file, text.encode())
    except OSError as error:
        raise ValueError(
            f"folder: expected one that can be written to, got {str(folder)!r} ({error.strerror})"
        ) from error
    passed = sum(one["passed"] for one in shared.values())
    print(
        f"{file} holds {len(shared)} exercises, {passed} of them passed: counts, no name and no code.", notice
    )
    return file


def _own_number() -> str:
    """A random number for this student, the same each time."""
    try:
        kept = store.home() / "share-number"
    except OSError:
        return secrets.token_hex(6)
    with contextlib.suppress(OSError, UnicodeDecodeError):
        number = kept.read_text(encoding="ascii").strip()
        if number.isalnum():
            return number
    number = secrets.token_hex(6)
    with contextlib.suppress(OSError):
        replace_file(kept, number.encode())
    return number

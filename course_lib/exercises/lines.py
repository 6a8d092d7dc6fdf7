"""Where in the student's own code something happened."""

import inspect
import os
import sysconfig
from collections.abc import Sequence
from typing import Any

from course_lib.exercises.texts import clean, safely
from course_lib.places import Place

__all__ = ["file_of", "is_students", "students_line"]

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_LIBRARIES = tuple(
    {sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib", "purelib", "platlib")}
)


def is_students(file: str) -> bool:
    """Whether a file belongs to the student: neither to the course nor to a library."""
    return not file.startswith((_PACKAGE, *_LIBRARIES, "<frozen"))


def file_of(answer: Any) -> str:
    """The file (in a notebook: the cell) in which a function or class was written, '' when nobody knows."""

    def look():
        wanted = inspect.unwrap(answer) if inspect.isfunction(answer) else answer
        wanted = getattr(wanted, "func", wanted)  # functools.partial
        if not inspect.isfunction(wanted) and not inspect.ismethod(wanted):
            kind = wanted if isinstance(wanted, type) else type(wanted)
            wanted = next(one for one in vars(kind).values() if inspect.isfunction(one))
        return wanted.__code__.co_filename

    return safely(look)


def students_line(places: Sequence[Place], own_file: str = "") -> str:
    """The student's own line among the places (innermost first): ``line 3: return x.lgo()``.

    When an answer calls what was written in another cell, both lines are told: the answer's own, and the one below.
    """
    theirs = [place for place in places if is_students(place.file)]
    if not theirs:
        return ""
    own = next((place for place in theirs if place.file == own_file), theirs[0])
    text = _quoted(own)
    deeper = theirs[0]
    if deeper.file != own.file:
        text += f"  →  in `{deeper.function}`, which stands in another cell, {_quoted(deeper)}"
    return clean(text, 400)


def _quoted(place: Place) -> str:
    return f"line {place.number}: {place.text}" if place.text else f"line {place.number}"

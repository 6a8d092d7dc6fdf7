"""The lessons of the course, found by their folders ``course_lib/lessons/nNN_topic``: adding one edits no list."""

import re
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path

__all__ = ["LESSONS", "Lesson", "find_lessons"]

#: The folder of the lessons, in a checkout and in an installed package alike.
LESSONS = Path(str(resources.files("course_lib") / "lessons"))

_FOLDER = re.compile(r"n([0-9]{2}_[a-z0-9_]+)")
_TITLE = re.compile(r"#\s*#\s+(?:[0-9]+\s*·\s*)?(.+?)\s*")


@dataclass(frozen=True)
class Lesson:
    """One lesson; ``name`` is ``NN_topic``. A lesson without a notebook is still being written.

    >>> Lesson(LESSONS / "n00_start_here").name
    '00_start_here'
    """

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name.removeprefix("n")

    @property
    def number(self) -> str:
        """Its two digits."""
        return self.name[:2]

    @property
    def package(self) -> str:
        """Where its modules are imported from."""
        return f"course_lib.lessons.{self.folder.name}"

    @property
    def notebook(self) -> Path:
        """The source of its notebook."""
        return self.folder / "notebook.py"

    @property
    def claims(self) -> Path:
        """The statements of the lectures that it confirms."""
        return self.folder / "claims.toml"

    @property
    def exercises(self) -> Path:
        return self.folder / "exercises.py"

    @property
    def is_written(self) -> bool:
        return self.notebook.is_file()

    @cached_property
    def title(self) -> str:
        """The first heading of the notebook without its number; before there is one, the name in words."""
        if self.is_written:
            with self.notebook.open(encoding="utf-8") as lines:
                found = next((match for line in lines if (match := _TITLE.fullmatch(line.strip()))), None)
            if found:
                return found[1]
        return self.name[3:].replace("_", " ").capitalize()


def find_lessons(folder: Path = LESSONS) -> tuple[Lesson, ...]:
    """The lessons in the order of their numbers.

    Args:
        folder: the folder that holds them; without it, the course's own.
    """
    if not folder.is_dir():
        return ()
    return tuple(
        Lesson(path) for path in sorted(folder.iterdir()) if path.is_dir() and _FOLDER.fullmatch(path.name)
    )

"""The lessons of the course, found by their folders ``course_lib/lessons/nNN_topic``: adding one edits no list."""

import re
import tomllib
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path

__all__ = ["LESSONS", "Lesson", "LessonsTable", "find_lessons", "lessons_table"]

#: The folder of the lessons, in a checkout and in an installed package alike.
LESSONS = Path(str(resources.files("course_lib") / "lessons"))

_FOLDER = re.compile(r"n([0-9]{2}_[a-z0-9_]+)")


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
    def title(self) -> str:
        """What its claims.toml calls it, else its name in words."""
        return self._head.get("title", self.name[3:].replace("_", " ").capitalize())

    @property
    def summary(self) -> str:
        """What it shows, in a line; "" where its claims.toml does not say it."""
        return self._head.get("summary", "")

    @property
    def follows(self) -> str:
        """The lectures that it follows, as in ``"UL p.10-16, I21"``; "" where its claims.toml does not say it."""
        return self._head.get("follows", "")

    @cached_property
    def _head(self) -> dict[str, str]:
        """The texts above the first claim."""
        try:
            content = tomllib.loads(self.claims.read_text(encoding="utf-8"))
        except (OSError, ValueError):  # the register says what is wrong with the file
            return {}
        return {key: value for key, value in content.items() if isinstance(value, str)}

    @property
    def is_written(self) -> bool:
        return self.notebook.is_file()


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


class LessonsTable:
    """The lessons as a table in Markdown; those that are written are links."""

    def __init__(self, lessons: tuple[Lesson, ...]):
        self.lessons = lessons

    def _repr_markdown_(self) -> str:
        rows = ["| notebook | what it shows | lectures |", "|:---|:---|:---|"]
        for lesson in self.lessons:
            title = f"{int(lesson.number)} · {lesson.title}"
            if lesson.is_written:
                title = f"[{title}]({lesson.name}.ipynb)"
            rows.append(f"| {title} | {lesson.summary} | {lesson.follows} |")
        return "\n".join(rows)

    def __repr__(self) -> str:
        return "\n".join(self._line(lesson) for lesson in self.lessons)

    @staticmethod
    def _line(lesson: Lesson) -> str:
        shows = f": {lesson.summary} ({lesson.follows})" if lesson.summary else ""
        return f"{int(lesson.number):>3} · {lesson.title}{shows}{'' if lesson.is_written else ' (still being written)'}"


def lessons_table(folder: Path = LESSONS) -> LessonsTable:
    """All lessons but the first page, with what they show and which lectures they follow.

    Args:
        folder: the folder that holds them; without it, the course's own.
    """
    return LessonsTable(tuple(lesson for lesson in find_lessons(folder) if lesson.number != "00"))

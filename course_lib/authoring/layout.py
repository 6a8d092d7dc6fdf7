"""Where sources, notebooks and the ledger lie, and how a committed notebook is read."""

from dataclasses import dataclass
from pathlib import Path

import nbformat

from course_lib.authoring.editions import EDITIONS
from course_lib.catalog import Lesson, find_lessons

__all__ = ["Layout", "read_notebook"]


@dataclass(frozen=True)
class Layout:
    """The folders of one course; ``root`` holds ``course_lib`` and ``notebooks``."""

    root: Path = Path(__file__).resolve().parents[2]

    @property
    def notebooks(self) -> Path:
        return self.root / "notebooks"

    @property
    def lessons(self) -> Path:
        return self.root / "course_lib" / "lessons"

    @property
    def ledger_json(self) -> Path:
        return self.notebooks / "ledger.json"

    @property
    def ledger_page(self) -> Path:
        return self.notebooks / "ledger.ipynb"

    def written(self) -> list[Lesson]:
        """The lessons that have a notebook, in the order of their numbers."""
        return [lesson for lesson in find_lessons(self.lessons) if lesson.is_written]

    def edition(self, name: str, edition: str) -> Path:
        """Where one edition of the notebook ``NN_topic`` is committed."""
        return self.notebooks / EDITIONS[edition] / f"{name}.ipynb"

    def orphans(self) -> list[Path]:
        """Generated notebooks whose source is gone."""
        names = {lesson.name for lesson in self.written()}
        found = [
            path
            for folder in EDITIONS.values()
            for path in sorted((self.notebooks / folder).glob("[0-9][0-9]_*.ipynb"))
            if path.stem not in names
        ]
        return [path for path in found if "course" in (read_notebook(path) or {}).get("metadata", {})]


def read_notebook(path: Path) -> nbformat.NotebookNode | None:
    """A committed notebook; None where there is none or it cannot be read."""
    try:
        book = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
    except (OSError, ValueError, nbformat.reader.NotJSONError):
        return None
    return book if isinstance(book.get("cells"), list) else None

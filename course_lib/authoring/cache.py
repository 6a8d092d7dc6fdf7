"""What was executed before: the outputs of an edition, kept while nothing that they depend on changed.

One JSON file an edition below ``.build/executed`` (ignored by git). The key covers the code cells in order, what they
and the lesson's exercises import, the lesson's stored runs, and the versions of what computes and draws.
"""

import hashlib
import json
import platform
from importlib import metadata
from pathlib import Path

from course_lib.authoring.dependencies import dependencies, digest_of, shows_whole_course
from course_lib.authoring.layout import Layout
from course_lib.catalog import Lesson, lessons_table
from course_lib.claims.register import RegisterError, load_register
from course_lib.files import write_if_changed

__all__ = ["Cache", "execution_key"]

_FORMAT = "3"  # raise it when outputs are cleaned in another way
_VERSIONS = ("torch", "numpy", "scipy", "scikit-learn", "aggdraw", "anywidget", "ipywidgets", "pillow", "POT")


def execution_key(cells: list[str], claims: tuple[str, ...], lesson: Lesson, layout: Layout) -> str:
    """What the outputs of these code cells depend on, as one digest.

    Args:
        cells: the sources of the code cells, in order.
        claims: the ids of the claims among them: what they show names their place in the lectures.
        lesson: the lesson that they belong to; its exercises and stored runs count.
        layout: the course.
    """
    parts = [_FORMAT, platform.python_version(), *(_version(name) for name in _VERSIONS), *cells]
    own = [f"import {lesson.package}.exercises"] if lesson.exercises.is_file() else []
    for path in sorted(dependencies([*cells, *own], layout.root)):
        parts.append(f"{path.relative_to(layout.root).as_posix()} {digest_of(path)}")
    try:
        register = load_register(layout.lessons)
    except RegisterError:
        register = {}
    parts += [f"{claim}: {register[claim].place if claim in register else None}" for claim in claims]
    if shows_whole_course(cells):
        parts.append(digest_of(layout.ledger_json) if layout.ledger_json.exists() else "none")
        parts += [f"{len(register)} claims", repr(lessons_table(layout.lessons))]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "none"


class Cache:
    """Outputs by notebook, edition and key."""

    def __init__(self, folder: Path):
        self.folder = Path(folder)

    def get(self, name: str, edition: str, key: str) -> list[dict] | None:
        """The outputs that were stored under this key, or None; a damaged file counts as none."""
        try:
            stored = json.loads(self._path(name, edition).read_text(encoding="utf-8"))
            return stored["cells"] if stored["key"] == key else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def put(self, name: str, edition: str, key: str, cells: list[dict]) -> None:
        """Stores the outputs of an edition in the place of the older ones."""
        text = json.dumps({"key": key, "cells": cells}, ensure_ascii=False)
        write_if_changed(self._path(name, edition), text.encode("utf-8"))

    def _path(self, name: str, edition: str) -> Path:
        return self.folder / "executed" / f"{name}.{edition}.json"

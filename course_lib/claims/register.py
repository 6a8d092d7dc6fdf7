"""The register of claims: every statement of the lectures that the course confirms or corrects.

Each lesson holds the statements that it confirms in its ``claims.toml``, written by hand, one ``[[claim]]`` table a
statement:

- ``id``: small words with hyphens, unique in the course;
- ``lectures``: codes of the lectures that make it (``LECTURES``);
- ``place``: where they say it, by page (UL) or by the title of the slide;
- ``kind``: one of ``KINDS``;
- ``statement``: what the lecture asserts, also where it is wrong, in the course's own words (Markdown with LaTeX;
  inside formulas ``\\mid``, ``\\lvert`` and ``\\Vert`` instead of a bare bar, because it stands in tables).

The verdict is computed in the notebook; the ledger compares the register with what the notebooks print, so a statement
that nobody has confirmed stays visible.
"""

import os
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from course_lib.catalog import LESSONS, find_lessons

__all__ = ["KINDS", "LECTURES", "RegisterError", "RegisteredClaim", "load_register", "register_folder"]

LECTURES = {
    "UL": "Unsupervised learning: GANs and VAEs (lecture notes)",
    "I21": "Isachenko, lecture 9, Ozon Masters, spring 2021",
    "I22": "Isachenko, lecture 8, AI Masters, autumn 2022",
    "I24": "Isachenko, lecture 8, spring 2024",
    "U17": "Ulyanov, Deep Bayes, 2017",
}
KINDS = (
    "identity",
    "inequality",
    "theorem",
    "closed form",
    "numeric value",
    "algorithm",
    "qualitative claim",
)
_TEXTS = ("id", "place", "kind", "statement")


class RegisterError(ValueError):
    """The register is missing, cannot be read, or lacks a claim."""


@dataclass(frozen=True)
class RegisteredClaim:
    """One statement of the lectures; ``notebook`` is the lesson that confirms it."""

    id: str
    lectures: tuple[str, ...]
    place: str
    kind: str
    notebook: str
    statement: str


def register_folder() -> Path:
    """The folder of the lessons that hold the register: ``COURSE_REGISTER``, else the course's own."""
    asked = os.environ.get("COURSE_REGISTER", "").strip()
    return Path(asked) if asked else LESSONS


def load_register(folder: Path | None = None) -> dict[str, RegisteredClaim]:
    """Reads the claims of all lessons.

    Args:
        folder: the folder of the lessons; without it, the one that ``register_folder`` names.

    Returns:
        The claims by id, in the order of the lessons and of their files.

    Raises:
        RegisterError: there is no such folder, a file is no TOML, a field is missing or empty, an id comes twice.
    """
    folder = Path(folder or register_folder())
    if not folder.is_dir():
        raise RegisterError(f"the register of claims cannot be read: there is no folder {folder}")
    claims: dict[str, RegisteredClaim] = {}
    for lesson in find_lessons(folder):
        if not lesson.claims.exists():
            continue
        for claim in _read(lesson.claims, lesson.name, lesson.claims.stat().st_mtime_ns):
            if claim.id in claims:
                raise RegisterError(
                    f"{lesson.name}/claims.toml: the id {claim.id!r} comes twice, first in {claims[claim.id].notebook}"
                )
            claims[claim.id] = claim
    return claims


@lru_cache(maxsize=64)
def _read(path: Path, lesson: str, stamp: int) -> tuple[RegisteredClaim, ...]:
    where = f"{lesson}/{path.name}"
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8")).get("claim", [])
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RegisterError(f"{where}: is not valid TOML: {error}") from error
    except OSError as error:
        raise RegisterError(f"{where}: cannot be read: {error.strerror}") from error
    return tuple(_claim(row, lesson, f"{where}, claim {number}") for number, row in enumerate(rows, 1))


def _claim(row: dict, lesson: str, where: str) -> RegisteredClaim:
    for field in _TEXTS:
        if not isinstance(row.get(field), str) or not row[field].strip():
            raise RegisterError(f"{where} ({row.get('id', 'no id')}): expected a text in {field!r}")
    lectures = row.get("lectures")
    if not isinstance(lectures, list) or not lectures or not set(lectures) <= set(LECTURES):
        raise RegisterError(
            f"{where} ({row['id']}): expected some of {', '.join(LECTURES)} in 'lectures', got {lectures!r}"
        )
    if row["kind"] not in KINDS:
        raise RegisterError(
            f"{where} ({row['id']}): expected one of {', '.join(KINDS)} in 'kind', got {row['kind']!r}"
        )
    texts = {field: row[field].strip() for field in _TEXTS}
    return RegisteredClaim(lectures=tuple(lectures), notebook=lesson, **texts)

"""Reads a lesson's ``notebook.py``, the only edited form of a notebook, and says where it is malformed.

jupytext splits the file into cells; their identity, their tags and the solution's regions are ours.
"""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from course_lib.authoring.names import MAX_ID, headings, slug
from course_lib.authoring.regions import RegionError, check_exercise, find_regions

__all__ = ["Source", "SourceCell", "SourceError", "parse_source"]

_CELL_MARK = re.compile(r"#\s*%%")
_NAME = re.compile(r"[a-z0-9]+([-_][a-z0-9]+)*")
_CLAIM = re.compile(r"claim:([A-Za-z0-9]+(-[A-Za-z0-9]+)*)")
_EXERCISE = re.compile(r"exercise:(([0-9]{2})\.[a-z0-9_]+)")


class SourceError(ValueError):
    """The source of a notebook is malformed; the sentence names file, line and cell."""


@dataclass(frozen=True)
class SourceCell:
    """One cell of the solved edition; ``regions`` are index pairs of the marker lines in ``source``."""

    kind: str
    id: str
    source: str
    tags: tuple[str, ...]
    regions: tuple[tuple[int, int], ...] = ()

    @property
    def claims(self) -> tuple[str, ...]:
        """The ids of the claims that this cell confirms."""
        return tuple(found[1] for tag in self.tags if (found := _CLAIM.fullmatch(tag)))

    @property
    def exercise(self) -> str | None:
        """The id of the exercise that this cell is, if it is one."""
        return next((found[1] for tag in self.tags if (found := _EXERCISE.fullmatch(tag))), None)


@dataclass(frozen=True)
class Source:
    """One notebook's source; ``name`` is ``NN_topic``."""

    path: Path
    name: str
    cells: tuple[SourceCell, ...]

    @property
    def claims(self) -> tuple[str, ...]:
        """The ids of the claims that this notebook confirms, in order."""
        return tuple(claim for cell in self.cells for claim in cell.claims)

    @property
    def code(self) -> tuple[str, ...]:
        """The code cells, in order."""
        return tuple(cell.source for cell in self.cells if cell.kind == "code")


def parse_source(path: Path) -> Source:
    """Reads one source and checks all of it.

    Args:
        path: ``nNN_topic/notebook.py``; the folder names the notebook.

    Raises:
        SourceError: the file cannot be read or split into cells, a cell has no name or a name that another has,
            a tag is unknown, or a region marker is malformed.
    """
    import jupytext  # only a build needs it

    path = Path(path)
    name = path.parent.name.removeprefix("n")
    if not re.fullmatch(r"n[0-9]{2}_[a-z0-9_]+", path.parent.name):
        raise SourceError(f"{path}: expected a folder of a name like n01_topic, got {path.parent.name!r}")
    file = f"{path.parent.name}/{path.name}"
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{file}: cannot be read: {error}") from error
    raw = jupytext.reads(text, fmt="py:percent").cells
    lines = [number for number, line in enumerate(text.splitlines(), 1) if _CELL_MARK.match(line)]
    if not raw or len(raw) != len(lines):
        raise SourceError(
            f"{file}: expected every cell to begin with '# %%' and nothing before the first, "
            f"got {len(raw)} cells and {len(lines)} such lines"
        )
    reader = _Reader(file, name[:2])
    for cell, line in zip(raw, lines, strict=True):
        reader.read(cell, line)
    return Source(path, name, tuple(reader.cells))


class _Reader:
    """Gives each cell its id; headings and names that came before decide it."""

    def __init__(self, file: str, number: str):
        self.file, self.number = file, number
        self.cells: list[SourceCell] = []
        self.heading = "top"
        self.texts: Counter[str] = Counter()
        self.ids: dict[str, int] = {}

    def read(self, cell, line: int) -> None:
        tags = tuple(cell.metadata.get("tags", ()))
        name = cell.metadata.get("name")
        source = cell.source.strip("\n")
        id = self._id(cell.cell_type, source, tags, name, line)
        if id in self.ids:
            self._fail(line, id, f"the cell of line {self.ids[id]} has the same id; names must be unique")
        self.ids[id] = line
        if not source.strip():
            self._fail(line, id, "the cell is empty")
        if cell.cell_type == "markdown":
            if re.search(r"^\s*#?\s*(end\s?region|region solution)\s*$", source, re.MULTILINE):
                self._fail(line, id, "a region marker stands in a markdown cell")
            self.cells.append(SourceCell("markdown", id, source, tags))
            return
        regions = self._regions(source, tags, id, line)
        if any(tag.startswith("claim:") for tag in tags):
            tags = (*tags, *({"nbval-check-output"} - set(tags)))
        self.cells.append(SourceCell("code", id, source, tags, regions))

    def _id(self, kind: str, source: str, tags: tuple[str, ...], name: str | None, line: int) -> str:
        if kind == "raw":
            self._fail(line, name or "raw", "the course uses markdown and code cells only")
        exercises = [_EXERCISE.fullmatch(tag) for tag in tags if tag.startswith("exercise:")]
        claims = [_CLAIM.fullmatch(tag) for tag in tags if tag.startswith("claim:")]
        shown = name or (tags[0] if tags else "no name")
        if None in exercises or None in claims:
            self._fail(
                line, shown, "expected tags like 'exercise:01.topic_name' and 'claim:the-id-of-the-claim'"
            )
        if "raises-exception" in tags:
            self._fail(
                line, shown, "the tag 'raises-exception' proves nothing; show the exception in a try block"
            )
        if kind == "markdown":
            if exercises or claims:
                self._fail(line, shown, "an exercise or a claim tag belongs to a code cell")
            if titles := headings(source):
                self.heading = slug(titles[0])
            if name is None:
                self.texts[self.heading] += 1
                ordinal = self.texts[self.heading]
                return f"text-{self.heading}" + (f"-{ordinal}" if ordinal > 1 else "")
        if exercises or claims:
            if name is not None:
                self._fail(line, shown, "the id of this cell comes from its tag, so it has no name")
            if len(exercises) > 1 or (exercises and claims):
                self._fail(line, shown, "one cell is one exercise, or confirms claims, not both")
            if len(set(tags)) < len(tags):
                self._fail(line, shown, "the same tag comes twice")
            if exercises and exercises[0][2] != self.number:
                self._fail(line, shown, f"expected an exercise of this notebook ({self.number}.name)")
            return slug(tags[0], MAX_ID) if exercises else slug(f"claim-{claims[0][1]}", MAX_ID)
        if name is None:
            self._fail(line, shown, 'a code cell needs a name: # %% name="what_it_shows"')
        if not isinstance(name, str) or not _NAME.fullmatch(name) or len(name) > MAX_ID:
            self._fail(
                line, shown, "expected a name of small letters, digits, '_' and '-', at most 64 of them"
            )
        return name

    def _regions(self, source: str, tags: tuple[str, ...], id: str, line: int):
        exercise = next((found[1] for tag in tags if (found := _EXERCISE.fullmatch(tag))), None)
        try:
            regions = find_regions(source)
            if exercise:
                check_exercise(source, regions, exercise)
            elif regions:
                raise RegionError("a solution region belongs into a cell with an exercise tag", regions[0][0])
        except RegionError as error:
            self._fail(line + 1 + error.index, id, error.sentence)
        return regions

    def _fail(self, line: int, cell: str, sentence: str):
        raise SourceError(f"{self.file}, line {line}, cell {cell!r}: {sentence}")

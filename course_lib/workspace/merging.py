"""Three-way merge of a notebook: what was shipped, what the student made of it, what the course ships now.

Cells are matched by id. A cell is touched when its type or its source differs from what was shipped; outputs never
count. The rules, cell by cell:

- untouched by the student: follows the course (text, place, removal);
- touched by the student only: keeps the student's text, at the place the course gives the cell;
- touched by both: keeps the student's text; a note and the new text are put right below. New code is offered as a
  raw cell, so that "run all" does not run the unfinished stub after the student's own answer;
- added by the student, or removed by the course but touched by the student: stays beside its nearest neighbour;
- deleted by the student: stays deleted, unless the course has changed it; then it comes back under a note.

Outputs: where the text stays as the student has it, their outputs stay when they ran the cell (the outputs are not
those that were shipped); where the text is new, the outputs are the course's.

Without a base (an empty notebook) the same rules never drop a text: whatever differs counts as touched by both.
A merge that is repeated with an old base gives the same notebook, so a sync that was cut off can simply run again.
"""

__all__ = ["Merge", "merge"]

import hashlib
from dataclasses import dataclass

from course_lib.workspace.cells import Cell, Notebook, content, keyed, text

_ABSENT = object()
_NOTE = {
    "code": "**New version from the course.** You changed the cell above, and the course changed it too. Your text is "
    "kept; the new one stands below and does not run. To use it, select it, press `Esc`, then `Y`, and delete yours.",
    "markdown": "**New version from the course.** You changed the cell above, and the course changed it too. Your text "
    "is kept; the new one stands below. Keep the one you prefer and delete the other together with this note.",
    "back": "**Back from the course.** You had deleted the cell below; the course has changed it since. Keep it, or "
    "delete it again together with this note.",
}


@dataclass(frozen=True)
class Merge:
    """The merged notebook, and how many cells are the student's own, were offered below one, or came back."""

    notebook: Notebook
    kept: int
    offered: int
    returned: int


def merge(base: Notebook | None, mine: Notebook, new: Notebook) -> Merge:
    """Merge the student's notebook with the new one of the course; `base` is what was shipped last, if known."""
    bases = keyed(base["cells"]) if base else {}
    news = keyed(new["cells"])
    mines = _with_accepted_offers(keyed(mine["cells"], {**news, **bases}), {**news, **bases})

    extras = {
        key
        for key, cell in mines.items()
        if key not in news
        and (key not in bases or content(cell) != content(bases[key]))
        and not _stale_offer(key, cell, mines, news)
    }
    kept = sum(not _is_offer(key, mines[key]) for key in extras)
    offered = returned = 0
    course: dict[str, list[tuple[str, Cell]]] = {}
    for key, cell in news.items():
        shipped, own = bases.get(key), mines.get(key)
        if own is None:
            if shipped is None:
                course[key] = [(key, cell)]
            elif content(cell) != content(shipped):
                note_key = f"note-{_digest('back', key, cell)}"
                note = [] if note_key in mines else [(note_key, _note("back"))]
                course[key] = [*note, (key, cell)]
                returned += 1
        elif shipped is not None and content(own) == content(shipped):
            course[key] = [(key, _follow(shipped, own, cell))]
        else:
            course[key] = [(key, _keep(shipped, own, cell))]
            kept += content(own) != content(cell)
            if content(own) != content(cell) and (shipped is None or content(cell) != content(shipped)):
                below = [(name, made) for name, made in _offer(key, cell) if name not in mines]
                course[key] += below
                offered += bool(below)

    cells = [{**cell, "id": key} for key, cell in _in_order(course, mines, extras)]
    merged = {
        **mine,
        "cells": cells,
        "metadata": _merge_keys((base or {}).get("metadata"), mine.get("metadata"), new.get("metadata")),
        "nbformat_minor": max(5, _minor(mine), _minor(new)),
    }
    return Merge(merged, kept, offered, returned)


def _minor(notebook: Notebook) -> int:
    value = notebook.get("nbformat_minor")
    return value if isinstance(value, int) else 0


def _in_order(course, mines, extras) -> list[tuple[str, Cell]]:
    """The course's cells in the course's order, with each run of extra cells beside its nearest surviving neighbour."""
    after: dict[str, list] = {}
    before: dict[str, list] = {}
    top: list[tuple[str, Cell]] = []
    fixed = [key for key in mines if key not in extras]
    above = _last_seen(fixed, course)
    below = [len(fixed) - 1 - index for index in _last_seen(fixed[::-1], course)][::-1]
    position = 0  # how many fixed cells stand above
    for key, cell in mines.items():
        if key not in extras:
            position += 1
            continue
        near, next_one = above[position], below[position]
        if near < 0 and next_one >= len(fixed):
            top.append((key, cell))
        elif (near >= 0 and position - 1 - near <= next_one - position) or next_one >= len(fixed):
            after.setdefault(fixed[near], []).append((key, cell))
        else:
            before.setdefault(fixed[next_one], []).append((key, cell))
    result = top
    for key, group in course.items():
        result += [*before.get(key, []), *group, *after.get(key, [])]
    return result


def _last_seen(keys: list[str], course) -> list[int]:
    """For each place between keys the index of the nearest one above that the course still has; -1 where none is."""
    seen = [-1]
    for index, key in enumerate(keys):
        seen.append(index if key in course else seen[-1])
    return seen


def _follow(shipped: Cell, own: Cell, cell: Cell) -> Cell:
    """The course's cell, with the student's outputs where they ran a cell whose text stays."""
    result = {
        **cell,
        "metadata": _merge_keys(shipped.get("metadata"), own.get("metadata"), cell.get("metadata")),
    }
    ran = own.get("outputs") != shipped.get("outputs")
    if ran and content(own) == content(cell) and "outputs" in cell:
        result["outputs"] = own.get("outputs", [])
        result["execution_count"] = own.get("execution_count")
    return result


def _keep(shipped: Cell | None, own: Cell, cell: Cell) -> Cell:
    metadata = _merge_keys((shipped or {}).get("metadata"), own.get("metadata"), cell.get("metadata"))
    return {**own, "metadata": metadata}


def _merge_keys(base: dict | None, mine: dict | None, new: dict | None) -> dict:
    """Key by key: what the student (or JupyterLab for them) changed stays, everything else follows the course."""
    base, mine, new = base or {}, mine or {}, new or {}
    result = {}
    for key in [*new, *(key for key in mine if key not in new)]:
        own = mine.get(key, _ABSENT)
        value = new.get(key, _ABSENT) if own == base.get(key, _ABSENT) else own
        if value is not _ABSENT:
            result[key] = value
    return result


def _digest(kind: str, key: str, cell: Cell) -> str:
    whole = "\0".join((kind, key, *content(cell)))
    return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _note(kind: str) -> Cell:
    return {"cell_type": "markdown", "metadata": {}, "source": _NOTE[kind].splitlines(keepends=True)}


def _offer(key: str, cell: Cell) -> list[tuple[str, Cell]]:
    """The note and the cell that are put below the student's; their ids follow from what is offered."""
    digest = _digest("offer", key, cell)
    kind = "code" if cell["cell_type"] == "code" else "markdown"
    offer = {name: value for name, value in cell.items() if name not in ("outputs", "execution_count")}
    if kind == "code":
        offer["cell_type"] = "raw"
    offer["metadata"] = {"course": {"offer_for": key}}
    return [(f"note-{digest}", _note(kind)), (f"offer-{digest}", offer)]


def _is_offer(key: str, cell: Cell) -> bool:
    """Whether a cell is one that an earlier merge put in and the student left as it was."""
    if key.startswith("note-"):
        return text(cell) in _NOTE.values()
    if not key.startswith("offer-"):
        return False
    target = _target(cell)
    kind = "code" if cell["cell_type"] == "raw" else cell["cell_type"]
    return target is not None and key == f"offer-{_digest('offer', target, {**cell, 'cell_type': kind})}"


def _target(cell: Cell) -> str | None:
    course = cell.get("metadata", {}).get("course")
    target = course.get("offer_for") if isinstance(course, dict) else None
    return target if isinstance(target, str) else None


def _with_accepted_offers(mines: dict[str, Cell], known: dict[str, Cell]) -> dict[str, Cell]:
    """An offer whose original the student deleted takes the original's place: that is how one accepts it."""
    result: dict[str, Cell] = {}
    for key, cell in mines.items():
        target = _target(cell)
        accepted = key not in known and target in known and target not in mines and target not in result
        result[target if accepted else key] = cell
    return result


def _stale_offer(key: str, cell: Cell, mines: dict[str, Cell], news: dict[str, Cell]) -> bool:
    """Whether an untouched offer, or the note above it, speaks of a version that the course has replaced since."""
    if not _is_offer(key, cell):
        return False
    if key.startswith("note-"):
        offer_key = "offer-" + key.removeprefix("note-")
        if offer_key in mines:
            return _stale_offer(offer_key, mines[offer_key], mines, news)
        return text(cell) != _NOTE["back"]
    target = _target(cell)
    if target not in news or target not in mines:
        return target not in news
    own, current = mines[target], news[target]
    return content(own) == content(current) or key != f"offer-{_digest('offer', target, current)}"

"""Notebooks as plain JSON, and the identity of their cells.

A student's notebook may come from any tool: with ids, without, with the same id twice, with the source as a string
or as a list of lines. Everything that the merge needs to know about this stands here. Nothing is validated against
the notebook schema: that would cost more than the whole synchronisation, and a file that JupyterLab opens is good
enough to be merged.
"""

__all__ = ["cell_id", "content", "dump_notebook", "keyed", "read_notebook", "text"]

import hashlib
import json
import re
from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence

Cell = dict
Notebook = dict

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def read_notebook(raw: bytes) -> tuple[Notebook | None, bool]:
    """Read a notebook from the bytes of a file.

    Returns `(notebook, clean)`. The notebook is None when no cell can be read from the bytes; `clean` is False also
    when cells can be read but JupyterLab would refuse the file (a byte order mark, UTF-16).

    >>> read_notebook(b'{"nbformat": 4, "cells": []}')
    ({'nbformat': 4, 'cells': []}, True)
    >>> read_notebook(b'{"nbformat": 4, "cel')
    (None, False)
    """
    for source, clean in ((lambda: raw.decode("utf-8"), True), (lambda: raw, False)):
        try:
            notebook = json.loads(source())  # given bytes, json finds out by itself which UTF they are
        except (ValueError, RecursionError):
            continue
        return (notebook, clean) if _is_notebook(notebook) else (None, False)
    return None, False


def dump_notebook(notebook: Notebook) -> bytes:
    """The bytes of a notebook, in the layout that Jupyter writes."""
    layout = {"indent": 1, "sort_keys": True}
    try:
        return (json.dumps(notebook, ensure_ascii=False, **layout) + "\n").encode("utf-8")
    except UnicodeEncodeError:  # half of a surrogate pair, which only an escape can carry
        return (json.dumps(notebook, **layout) + "\n").encode("ascii")


def _is_notebook(value) -> bool:
    return (
        isinstance(value, dict)
        and value.get("nbformat") == 4
        and isinstance(value.get("metadata", {}), dict)
        and isinstance(value.get("cells"), list)
        and all(_is_cell(cell) for cell in value["cells"])
    )


def _is_cell(value) -> bool:
    if not (isinstance(value, dict) and isinstance(value.get("cell_type"), str)):
        return False
    source = value.get("source")
    lines = source if isinstance(source, list) else [source]
    return all(isinstance(line, str) for line in lines) and isinstance(value.get("metadata", {}), dict)


def text(cell: Cell) -> str:
    """The source of a cell as one string with Unix line ends."""
    source = cell["source"]
    return ("".join(source) if isinstance(source, list) else source).replace("\r\n", "\n")


def content(cell: Cell) -> tuple[str, str, str]:
    """What counts as the student's or the author's writing: type, source and attached pictures; never outputs."""
    attachments = cell.get("attachments")
    return cell["cell_type"], text(cell), json.dumps(attachments, sort_keys=True) if attachments else ""


def cell_id(cell: Cell) -> str | None:
    """The id of a cell, or None where there is none that a notebook may have."""
    value = cell.get("id")
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def keyed(cells: Sequence[Cell], known: Mapping[str, Cell] | None = None) -> dict[str, Cell]:
    """The cells in their order, each under a key of its own; no cell is left out.

    The key is the cell's id. A cell whose id is missing, taken by an earlier cell, or unknown takes over the key of
    a `known` cell with the same content that nobody else claims (some tools drop or renew all ids). Otherwise an
    unknown id is kept, and a missing or repeated one is replaced by a new key.
    """
    known = known or {}
    claimed = {cell_id(cell) for cell in cells}
    orphans: dict[tuple, deque[str]] = defaultdict(deque)
    for key, cell in known.items():
        if key not in claimed:
            orphans[content(cell)].append(key)
    new_keys = _NewKeys(claimed | set(known))
    result: dict[str, Cell] = {}
    for cell in cells:
        key = cell_id(cell)
        if key is None or key in result or key not in known:
            if waiting := orphans.get(content(cell)):
                key = waiting.popleft()
            elif key is None or key in result:
                key = new_keys.of(cell)
        result[key] = cell
    return result


class _NewKeys:
    """Keys that no cell has yet, made of the content; cells with the same content are numbered."""

    def __init__(self, taken: set):
        self._taken = taken
        self._last: Counter[str] = Counter()

    def of(self, cell: Cell) -> str:
        whole = "\0".join(content(cell)).encode("utf-8", "surrogatepass")
        stem = f"cell-{hashlib.sha256(whole).hexdigest()[:12]}"
        while True:
            self._last[stem] += 1
            if (key := f"{stem}-{self._last[stem]}") not in self._taken:
                return key

"""Notebooks as plain JSON, and the identity of their cells.

A student's notebook may come from any tool: with ids, without, with the same id twice, with the source as a string
or as a list of lines. Everything that the merge needs to know about this stands here. Nothing is validated against
the notebook schema: that would cost more than the whole synchronisation, and a file that JupyterLab opens is good
enough to be merged.
"""

__all__ = ["cell_id", "content", "dump_notebook", "identity", "keyed", "local_links", "read_notebook", "text"]

import hashlib
import json
import re
from collections.abc import Mapping, Sequence

Cell = dict
Notebook = dict

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ASSET_LINK = re.compile(r"(?<![\w./-])\.\./((?:\.\./)*assets/)")


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
    orphans: dict[tuple, list[str]] = {}
    for key, cell in known.items():
        if key not in claimed:
            orphans.setdefault(content(cell), []).append(key)
    reserved = claimed | set(known)
    result: dict[str, Cell] = {}
    for cell in cells:
        key = cell_id(cell)
        if key is None or key in result or key not in known:
            waiting = orphans.get(content(cell))
            if waiting:
                key = waiting.pop(0)
            elif key is None or key in result:
                key = _new_key(cell, reserved)
                reserved.add(key)
        result[key] = cell
    return result


def _new_key(cell: Cell, taken: set) -> str:
    stem = (
        "cell-" + hashlib.sha256("\0".join(content(cell)).encode("utf-8", "surrogatepass")).hexdigest()[:12]
    )
    number = 1
    while f"{stem}-{number}" in taken:
        number += 1
    return f"{stem}-{number}"


def identity(notebook: Notebook) -> str | None:
    """The name by which a notebook is known whatever its file is called (`course.notebook` in its metadata)."""
    metadata = notebook.get("metadata", {})
    course = metadata.get("course")
    value = course.get("notebook") if isinstance(course, dict) else metadata.get("course.notebook")
    return value if isinstance(value, str) else None


def local_links(notebook: Notebook) -> Notebook:
    """The notebook as it reads in the workspace, where `assets` lies beside the notebooks and not one folder up.

    Only links in Markdown cells are written anew; a notebook without such links is returned as it is.
    """
    if not any(
        cell["cell_type"] == "markdown" and _ASSET_LINK.search(text(cell)) for cell in notebook["cells"]
    ):
        return notebook
    cells = []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            lines = _ASSET_LINK.sub(r"\1", text(cell)).splitlines(keepends=True)
            cell = {**cell, "source": lines}
        cells.append(cell)
    return {**notebook, "cells": cells}

"""Cells and outputs put together to the bytes that are committed."""

import json

import nbformat

from course_lib.authoring.editions import notebook, to_bytes
from course_lib.authoring.source import Source
from course_lib.claims.showing import CLAIM_MIME

__all__ = ["SIZE_LIMIT", "BuildError", "code_cells", "compose", "stored_outputs"]

SIZE_LIMIT = 1_250_000  # bytes of a committed notebook; larger ones open slowly and bloat the history


class BuildError(ValueError):
    """A notebook cannot be built; the sentence says why."""


def code_cells(book: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """The code cells, in order."""
    return [cell for cell in book.cells if cell.cell_type == "code"]


def stored_outputs(book: nbformat.NotebookNode, committed: nbformat.NotebookNode | None) -> list[dict]:
    """For each code cell of ``book`` the outputs of the committed cell with the same id and the same code."""
    before = {cell.get("id"): cell for cell in code_cells(committed)} if committed else {}
    results = []
    for cell in code_cells(book):
        old = before.get(cell.id)
        same = old is not None and old.source == cell.source
        results.append(
            {"execution_count": old.execution_count, "outputs": old.outputs}
            if same
            else {"execution_count": None, "outputs": []}
        )
    return results


def compose(source: Source, edition: str, results: list[dict]) -> bytes:
    """The committed form of one edition.

    Args:
        source: the parsed source.
        edition: ``"student"`` or ``"solution"``.
        results: for each code cell its ``execution_count`` and cleaned ``outputs``.

    Raises:
        BuildError: the notebook is larger than the limit, or a claim cell shows more than claims and text.
    """
    book = notebook(source, edition)
    for cell, result in zip(code_cells(book), results, strict=True):
        cell.execution_count = result["execution_count"]
        cell.outputs = [nbformat.from_dict(output) for output in result["outputs"]]
    for cell in code_cells(book):
        claims = any(tag.startswith("claim:") for tag in cell.metadata.get("tags", ()))
        if claims and not all(_is_text_or_claim(output) for output in cell.outputs):
            raise BuildError(
                f"{source.name} ({edition}), cell {cell.id!r}: a claim cell only shows its claims and prints"
            )
    content = to_bytes(book)
    if len(content) >= SIZE_LIMIT:
        biggest = max(book.cells, key=_size)
        raise BuildError(
            f"{source.name} ({edition}) has {len(content):,} bytes, the limit is {SIZE_LIMIT:,}; "
            f"the biggest cell is {biggest.id!r} with {_size(biggest):,}"
        )
    return content


def _is_text_or_claim(output: nbformat.NotebookNode) -> bool:
    if output.output_type == "display_data":
        return set(output.data) == {"text/plain", CLAIM_MIME}
    return output.output_type == "stream"


def _size(cell: nbformat.NotebookNode) -> int:
    return len(json.dumps(cell, ensure_ascii=False).encode("utf-8"))

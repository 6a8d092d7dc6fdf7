"""From a source to the cells of the student's and the solution's notebook, and from cells to bytes."""

import json

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course_lib.authoring.elsewhere import elsewhere_cells, published_at
from course_lib.authoring.regions import strip_markers, stub
from course_lib.authoring.source import Source

__all__ = ["EDITIONS", "notebook", "to_bytes"]

# The code of cells with these tags draws, or holds the answer to its question: JupyterLab shows it folded.
FOLDED = {"picture", "predict"}

# Folder below notebooks/ by edition.
EDITIONS = {"student": "", "solution": "solutions"}


def notebook(source: Source, edition: str) -> nbformat.NotebookNode:
    """The cells of one edition, without outputs. Everything in it follows from the source, cell ids included."""
    split = {"student": stub, "solution": strip_markers}[edition]
    cells = []
    for cell in source.cells:
        metadata = {"tags": list(cell.tags)} if cell.tags else {}
        if FOLDED & set(cell.tags):
            metadata["jupyter"] = {"source_hidden": True}
        if cell.kind == "markdown":
            text = cell.source
            if EDITIONS[edition]:  # the ledger has one edition, which stands above the solutions
                text = text.replace("](ledger.ipynb", "](../ledger.ipynb")
            cells.append(new_markdown_cell(text, id=cell.id, metadata=metadata))
        else:
            cells.append(new_code_cell(split(cell.source, cell.regions), id=cell.id, metadata=metadata))
    page = "/".join(filter(None, (EDITIONS[edition], f"{source.name}.ipynb")))
    cells[1:1] = elsewhere_cells(page, published_at())
    return wrap(cells, edition=edition, source=f"{source.path.parent.name}/{source.path.name}")


def wrap(cells: list, **course: str) -> nbformat.NotebookNode:
    """A notebook around cells; ``course`` is what the metadata says about where it comes from."""
    metadata = {
        "course": course,
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"file_extension": ".py", "name": "python", "pygments_lexer": "ipython3"},
    }
    return new_notebook(cells=cells, metadata=metadata)


def to_bytes(book: nbformat.NotebookNode) -> bytes:
    """The one form in which a notebook is committed; the same cells give the same bytes.

    Raises:
        nbformat.ValidationError: the notebook is not valid.
    """
    book = nbformat.from_dict(json.loads(json.dumps(book)))
    nbformat.validate(book)
    return (nbformat.writes(book, version=4, indent=1) + "\n").encode("utf-8")

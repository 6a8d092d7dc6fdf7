"""Unusual answers that pass: the notebook runs on them from top to bottom, as it does on the reference's.

Each file of ``accepted/`` holds one set of answers for one notebook, ``NN_words.py``: functions by the names of the
exercises.
"""

import re
import runpy
from pathlib import Path

import nbformat
import pytest

from course_lib.authoring.execution import execute
from course_lib.commands.environment import ROOT

ANSWERS = sorted((Path(__file__).with_name("accepted")).glob("[0-9]*.py"))


def put_in(book, path) -> int:
    """Puts the answers of a file in front of the checks of a notebook, and says how many."""
    own, count = runpy.run_path(str(path)), 0
    for cell in book.cells:
        found = re.search(r'^(\w+) = check\("', cell.source, re.MULTILINE)
        if cell.cell_type == "code" and found and found[1] in own:
            line = f"{found[1]} = __import__('runpy').run_path({str(path)!r})[{found[1]!r}]\n"
            cell.source = cell.source[: found.start()] + line + cell.source[found.start() :]
            count += 1
    return count


@pytest.mark.parametrize("path", ANSWERS, ids=lambda path: path.stem)
def test_the_notebook_runs_on_unusual_answers_that_pass(path):
    (notebook,) = (ROOT / "notebooks" / "solutions").glob(f"{path.stem[:2]}_*.ipynb")
    book = nbformat.read(notebook, as_version=4)
    count = put_in(book, path)
    results = execute(book, notebook.parent, path.stem)  # raises when a cell does
    data = [output.get("data", {}) for one in results for output in one["outputs"]]
    texts = ["".join(one.get("text/plain", "")) for one in data]
    assert count > 0 and sum("✓ Passed" in text for text in texts) >= count
    assert [text for text in texts if "runs on the reference" in text] == []
    assert [text for text in texts if text.startswith("The drawing function failed")] == []

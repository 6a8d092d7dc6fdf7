"""Every slider at both ends, every choice, in every notebook: nothing fails, and everything that moves acts."""

import json
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell

from course_lib.authoring.execution import execute
from course_lib.commands.environment import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
PROBE = Path(__file__).with_name("move_controls.py")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_control_at_its_ends(path):
    book = nbformat.read(path, as_version=4)
    # In a namespace of its own: a name of the probe's must not replace one that a picture uses.
    probe = f"import runpy\n_ = runpy.run_path({str(PROBE)!r}, run_name='__main__')"
    book.cells.append(new_code_cell(probe, id="probe"))
    last = execute(book, path.parent, path.name)[-1]
    report = json.loads(last["outputs"][-1]["text"])
    pictures = sum("picture" in cell.metadata.get("tags", []) for cell in book.cells)
    assert (report["pictures"], report["complaints"]) == (pictures, [])

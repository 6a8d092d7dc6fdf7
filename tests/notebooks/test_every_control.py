"""Every slider at both ends, every choice, in every notebook: nothing fails, and everything that moves acts."""

import json
import math
import runpy
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell

from course_lib.authoring.execution import execute
from course_lib.commands.environment import ROOT
from course_lib.widgets import Panel, Slider, explore

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


def test_a_control_that_changes_nothing_is_found_and_an_angle_is_none():
    def draw(view, turn, half_turn, dead):
        view.scatter("points", [[math.cos(turn), math.cos(2 * half_turn)]])

    picture = explore(
        draw,
        panels=[Panel("points", xlim=(-1, 1), ylim=(-1, 1))],
        turn=Slider(0, 2 * math.pi, value=1.0),
        half_turn=Slider(0, 2 * math.pi, value=1.0),
        dead=Slider(0.0, 1.0),
        alt="a point",
    )
    report = runpy.run_path(str(PROBE), run_name="probe")["report"]
    assert report([picture])["complaints"] == ["a point dead: changes nothing"]

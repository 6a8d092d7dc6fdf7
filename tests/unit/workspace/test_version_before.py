"""A workspace and a progress file that an earlier version of the course wrote: both carry over.

``data/`` holds what that version shipped as its first notebook, without outputs, and a progress file that it kept.
"""

import json
import shutil
from pathlib import Path

import pytest

from course_lib.commands.environment import ROOT
from course_lib.exercises import progress_summary
from course_lib.workspace.cells import text
from course_lib.workspace.synchronisation import sync_workspace

DATA = Path(__file__).with_name("data")
NAME = "00_start_here.ipynb"
ANSWER = "def entropy(p):\n    return -(p * p.log()).sum()\n\n\nentropy = check('00.entropy', entropy)"


def cells(path):
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


@pytest.fixture
def folders(tmp_path):
    """The course of today, and a workspace in which a student has worked with the version before."""
    course, mine = tmp_path / "course", tmp_path / "my_course"
    (course / "notebooks").mkdir(parents=True)
    shutil.copy(ROOT / "notebooks" / NAME, course / "notebooks")
    (mine / ".base").mkdir(parents=True)
    shutil.copy(DATA / "start_here_before.ipynb", mine / ".base" / NAME)
    notebook = json.loads((DATA / "start_here_before.ipynb").read_text(encoding="utf-8"))
    (asked,) = [
        cell for cell in notebook["cells"] if "exercise:00.entropy" in cell["metadata"].get("tags", ())
    ]
    asked["source"] = ANSWER
    note = {"cell_type": "markdown", "id": "my-own", "metadata": {}, "source": "My note"}
    notebook["cells"].insert(notebook["cells"].index(asked) + 1, note)
    (mine / NAME).write_text(json.dumps(notebook), encoding="utf-8")
    return course, mine


def test_what_the_student_wrote_is_there_and_everything_else_is_new(folders):
    course, mine = folders
    report = sync_workspace(course, mine, list)
    assert (report.error, report.updated) == (None, [NAME])
    merged = {cell["id"]: text(cell) for cell in cells(mine / NAME)}
    assert merged.pop("my-own") == "My note"
    assert merged.pop("exercise-00-entropy") == ANSWER
    for cell in cells(course / "notebooks" / NAME):
        if cell["id"] != "exercise-00-entropy":
            assert merged.pop(cell["id"]) == text(cell)
    assert all(
        id.startswith(("note-", "offer-")) for id in merged
    )  # the course's own version, below the answer
    assert (mine / ".base" / NAME).read_bytes() == (course / "notebooks" / NAME).read_bytes()
    assert text(cells(report.backup / NAME)[0]).startswith("# Start here")
    assert not sync_workspace(course, mine, list).changed


def test_the_progress_is_read_and_every_exercise_still_has_its_name(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_HOME", str(tmp_path))
    monkeypatch.delenv("COURSE_PROGRESS", raising=False)
    shutil.copy(DATA / "progress_before.json", tmp_path / "progress.json")
    before = json.loads((DATA / "progress_before.json").read_text(encoding="utf-8"))["exercises"]
    summary = progress_summary()
    assert summary["notice"] == ""
    now = {one["id"]: one for notebook in summary["notebooks"] for one in notebook["exercises"]}
    assert any(entry["passed"] for entry in before.values())
    for id, entry in before.items():
        assert {key: now[id][key] for key in ("passed", "attempts", "hints")} == {
            key: entry[key] for key in ("passed", "attempts", "hints")
        }

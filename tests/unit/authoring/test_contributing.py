"""The lesson that CONTRIBUTING.md shows is built as it stands, and each mistake on the way is named."""

import re
import shutil
import textwrap

import pytest

from course_lib.authoring import builder
from course_lib.authoring.builder import build
from course_lib.authoring.composition import SIZE_LIMIT
from course_lib.authoring.layout import Layout, read_notebook
from course_lib.catalog import lessons_table
from course_lib.commands.environment import ROOT

LESSON = "n98_coin"
SHOWN = re.compile(r"\*\*`(\w+\.\w+)`\*\*\n\n +```\w+\n(.*?)\n +```\n", re.DOTALL)
FILES = {
    name: textwrap.dedent(text) + "\n"
    for name, text in SHOWN.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
}


@pytest.fixture
def layout(tmp_path, monkeypatch):
    """A copy of the course with the lesson of CONTRIBUTING.md in it; kernels import this copy."""
    shutil.copytree(
        ROOT / "course_lib", tmp_path / "course_lib", ignore=shutil.ignore_patterns("__pycache__", "*.npz")
    )
    folder = tmp_path / "course_lib" / "lessons" / LESSON
    folder.mkdir()
    for name, text in {"__init__.py": "", **FILES}.items():
        (folder / name).write_text(text, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return Layout(tmp_path)


def contents(folder):
    return {
        path.relative_to(folder): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_lesson_that_is_shown_is_built_and_no_other_file_is_edited(layout):
    assert sorted(FILES) == ["claims.toml", "exercises.py", "notebook.py"]
    before = contents(layout.root / "course_lib")
    assert build(["98"], draft=True, layout=layout) == []
    assert contents(layout.root / "course_lib") == before
    assert sorted(path.as_posix() for path in contents(layout.notebooks)) == [
        "98_coin.ipynb",
        "ledger.ipynb",
        "ledger.json",
        "solutions/98_coin.ipynb",
    ]
    student = read_notebook(layout.edition("98_coin", "student"))
    cells = {cell.id: cell for cell in student.cells}
    assert "NotImplementedError" in cells["exercise-98-coin-variance"].source
    assert "Not started" in str(cells["exercise-98-coin-variance"].outputs)
    solution = read_notebook(layout.edition("98_coin", "solution"))
    assert any("Passed" in str(cell.get("outputs")) for cell in solution.cells)
    assert "image/png" in cells["variance"].outputs[0].data
    assert '"coin-variance"' in layout.ledger_json.read_text(encoding="utf-8")
    row = "| [98 · A coin](98_coin.ipynb) | how the variance of a coin depends on its probability | UL p.1 |"
    assert row in lessons_table(layout.lessons)._repr_markdown_().splitlines()


#: mistake -> (file, what stands there, what stands there by mistake, the sentence). An empty file is removed.
BEFORE = {
    "no marker": ("notebook.py", "    # region solution\n", "", "closes no region"),
    "no markers": (
        "notebook.py",
        "    # region solution\n    return p * (1 - p)\n    # endregion",
        "    return p",
        "needs a region",
    ),
    "unknown claim": (
        "claims.toml",
        "coin-variance",
        "coin",
        "the register does not have the claim coin-variance",
    ),
    "a verdict on another claim": (
        "notebook.py",
        '"coin-variance",',
        '"coin",',
        "gives its verdict on 'coin' instead",
    ),
    "no exercises": ("exercises.py", FILES.get("exercises.py", ""), "", "exercises.py is missing"),
    "no such exercise": (
        "exercises.py",
        "98.coin_variance",
        "98.variance",
        "exercises.py has '98.variance' instead",
    ),
    "exercises that are no Python": (
        "exercises.py",
        "minutes=3,",
        "minutes=3,,",
        "exercises.py is not valid Python",
    ),
    "no reference": (
        "exercises.py",
        "    reference=coin_variance,\n",
        "",
        "'98.coin_variance' has no reference",
    ),
    "the id of another lesson": (
        "exercises.py",
        "98.coin_variance",
        "97.coin_variance",
        "exercises.py has '97.coin_variance' instead",
    ),
    "that id in the notebook": (
        "notebook.py",
        "98.coin_variance",
        "97.coin_variance",
        "expected an exercise of this notebook",
    ),
    "a prediction of another lesson": (
        "notebook.py",
        "98.highest",
        "97.highest",
        "'97.highest' needs an id that begins with",
    ),
    "no alternative text": ("notebook.py", re.compile(r"    alt=.*\n"), "", "explore has no alt="),
    "code that is no Python": (
        "notebook.py",
        "p = 0.3",
        "p = = 0.3",
        "cell 'claim-coin-variance' is not plain Python",
    ),
    "an import of nothing": (
        "notebook.py",
        "course_lib.widgets",
        "course_lib.wigdets",
        "imports course_lib.wigdets",
    ),
    "no row for notebook 00": (
        "claims.toml",
        re.compile("summary = .*"),
        "",
        "needs title, summary and follows",
    ),
    "a claim of an unknown lecture": ("claims.toml", '["UL"]', '["UX"]', "expected some of UL, I21"),
    "no package": ("__init__.py", "", "", "__init__.py is missing"),
}
HEAVY = f"import torch\n\nprint('x' * {SIZE_LIMIT})\n"
AFTER = {
    "contradicted": ("notebook.py", "p * (1 - p)),\n", "p * p),\n", "the numbers contradict it"),
    "over the limit": ("notebook.py", "import torch\n", HEAVY, f"the limit is {SIZE_LIMIT:,}"),
}


def spoil(layout, name, right, wrong):
    path = layout.lessons / LESSON / name
    text = path.read_text(encoding="utf-8")
    new = right.sub(wrong, text) if isinstance(right, re.Pattern) else text.replace(right, wrong)
    assert new != text or not text
    if new:
        path.write_text(new, encoding="utf-8")
    else:
        path.unlink()


@pytest.mark.parametrize("mistake", BEFORE)
def test_a_mistake_is_named_in_one_sentence_before_anything_is_executed(layout, monkeypatch, mistake):
    monkeypatch.setattr(builder, "execute", None)  # calling it would fail
    spoil(layout, *BEFORE[mistake][:3])
    (problem,) = build(["98"], draft=True, layout=layout)
    assert BEFORE[mistake][3] in problem
    assert LESSON in problem or "98_coin" in problem
    assert "\n" not in problem


def test_a_lesson_that_is_no_draft_needs_three_exercises(layout, monkeypatch):
    monkeypatch.setattr(builder, "execute", None)
    (problem,) = build(["98"], layout=layout)
    assert "at least 3 exercises, one of them of difficulty 3; this one has 1, and 0" in problem


@pytest.mark.parametrize("mistake", AFTER)
def test_what_only_the_run_can_tell_is_one_sentence_too(layout, mistake):
    spoil(layout, *AFTER[mistake][:3])
    problem, *others = build(["98"], draft=True, layout=layout)
    assert AFTER[mistake][3] in problem and "\n" not in problem
    assert all(AFTER[mistake][3] in other for other in others)  # the other edition's
    assert not layout.edition("98_coin", "student").exists()

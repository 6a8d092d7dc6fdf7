"""The build: deterministic, one way, executed only where something changed, and checked without executing."""

import json

import nbformat
import pytest

from course_lib.authoring import builder, precheck
from course_lib.authoring.builder import build
from course_lib.authoring.drift import check_up_to_date
from course_lib.authoring.execution import ExecutionError, execute
from course_lib.authoring.layout import Layout, read_notebook
from course_lib.claims.showing import CLAIM_MIME

FIRST = '''# %% [markdown]
# # 1 · Mean field

# %% name="setup"
import os
import sys

from course_lib.claims import holds

print(os.environ["COURSE_PROGRESS"], os.environ["COURSE_SEED"], os.environ["COURSE_DEVICE"])
print(os.path.basename(os.getcwd()))
print("a warning", file=sys.stderr)

# %% [markdown]
# ## Variance

# %% tags=["claim:one"]
holds("one", ("lecture", 0.5), ("computed", 0.5))

# %% tags=["exercise:01.add"]
def check(_, answer):
    return answer


def add(a, b):
    """Adds."""
    # region solution
    return a + b
    # endregion


add = check("01.add", add)
'''

START = """# %% name="counts"
from course_lib.claims import ledger_counts

print(ledger_counts)
"""

BLOCK = """claim one · holds · UL p.1
  lecture                              0.500000
  computed                             0.500000
  second - first                       0.000000"""
CLAIM = {
    "output_type": "display_data",
    "data": {
        "text/plain": BLOCK,
        CLAIM_MIME: {
            "id": "one",
            "verdict": "holds",
            "left": {"label": "lecture", "number": 0.5},
            "relation": "=",
            "right": {"label": "computed", "number": 0.5},
            "difference": 0.0,
        },
    },
    "metadata": {},
}


BANK = """from course_lib.exercises.exercise import Exercise

ADD = Exercise(id="01.add", title="Add", reference=sum, cases=cases, mistakes=(), hints=(), difficulty=3)
"""


@pytest.fixture
def layout(tmp_path, register, monkeypatch):
    """A course of one lesson, with one exercise and one claim."""
    monkeypatch.setattr(precheck, "_LEAST_EXERCISES", 1)
    lesson = register / "n01_mean_field_kl"
    (lesson / "notebook.py").write_text(FIRST, encoding="utf-8")
    (lesson / "exercises.py").write_text(BANK, encoding="utf-8")
    return Layout(tmp_path)


@pytest.fixture
def runs(monkeypatch):
    """Executes nothing; says what would have been. A claim cell shows its claim."""
    titles = []

    def fake(book, folder, title, layout):
        titles.append(title)
        results = []
        for count, cell in enumerate((cell for cell in book.cells if cell.cell_type == "code"), 1):
            text = {"output_type": "stream", "name": "stdout", "text": f"{cell.id}\n"}
            output = CLAIM if "claim:one" in cell.metadata.get("tags", ()) else text
            results.append({"execution_count": count, "outputs": [output]})
        return results

    monkeypatch.setattr(builder, "execute", fake)
    return titles


def edit(layout, old, new, name="01_mean_field_kl"):
    path = layout.lessons / f"n{name}" / "notebook.py"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def committed(layout):
    files = [*layout.notebooks.rglob("*.ipynb"), *layout.notebooks.glob("*.json")]
    return {path.relative_to(layout.root).as_posix(): path.read_bytes() for path in files}


BOTH = ["01_mean_field_kl (student)", "01_mean_field_kl (solution)"]


def test_two_executions_give_the_same_bytes(layout):
    assert build(layout=layout) == []
    first = committed(layout)
    assert set(first) == {
        "notebooks/01_mean_field_kl.ipynb",
        "notebooks/solutions/01_mean_field_kl.ipynb",
        "notebooks/ledger.ipynb",
        "notebooks/ledger.json",
    }
    assert build(layout=layout, force=True) == []
    assert committed(layout) == first
    assert check_up_to_date(layout) == []

    student = read_notebook(layout.edition("01_mean_field_kl", "student"))
    solution = read_notebook(layout.edition("01_mean_field_kl", "solution"))
    assert student.cells[1].outputs[0].text == "off 0 cpu\nnotebooks\n"  # no warning among it
    assert solution.cells[1].outputs[0].text == "off 0 cpu\nsolutions\n"
    assert student.cells[3].outputs[0].data == CLAIM["data"]
    assert student.metadata.course == {"edition": "student", "source": "n01_mean_field_kl/notebook.py"}
    assert solution.metadata.course.edition == "solution"
    assert "return a + b" not in first["notebooks/01_mean_field_kl.ipynb"].decode()
    assert "return a + b" in first["notebooks/solutions/01_mean_field_kl.ipynb"].decode()
    assert not any("execution" in cell.metadata for cell in student.cells)
    for content in first.values():
        json.loads(content)
    nbformat.validate(student)


def test_a_cell_that_raises_or_never_ends_is_named(layout, tmp_path):
    def book(code):
        cell = nbformat.v4.new_code_cell(code, id="the-cell")
        return nbformat.v4.new_notebook(cells=[cell])

    with pytest.raises(
        ExecutionError, match=r"'the-cell': raised ZeroDivisionError: division by zero"
    ) as caught:
        execute(book("1 / 0"), tmp_path, "01", layout)
    assert "\x1b" not in str(caught.value)
    lie = 'from course_lib.claims import holds\nholds("one", ("left", 1.0), ("right", 2.0))'
    with pytest.raises(ExecutionError, match="the numbers contradict it") as caught:
        execute(book(lie), tmp_path, "01", layout)
    assert len(str(caught.value).splitlines()) == 1
    with pytest.raises(ExecutionError, match=r"'the-cell': took longer than 1 s"):
        execute(book("while True: pass"), tmp_path, "01", layout, timeout=1)


def test_what_did_not_change_is_neither_executed_nor_written(layout, runs):
    build(layout=layout)
    stamps = {path: path.stat().st_mtime_ns for path in layout.notebooks.rglob("*.ipynb")}
    assert runs == BOTH
    build(layout=layout)
    assert runs == BOTH
    assert stamps == {path: path.stat().st_mtime_ns for path in layout.notebooks.rglob("*.ipynb")}
    build(layout=layout, force=True)
    assert runs == BOTH + BOTH


def test_text_changes_execute_nothing_and_a_solution_executes_its_edition(layout, runs):
    build(layout=layout)
    edit(layout, "# ## Variance", "# ## Variances")
    assert build(layout=layout) == []
    assert runs == BOTH
    edit(layout, "return a + b", "return b + a")
    build(layout=layout)
    assert runs == [*BOTH, BOTH[1]]
    assert json.loads(layout.ledger_json.read_text())[0]["section"] == "Variances"


def test_a_claim_that_moves_in_the_lectures_executes_its_notebook(layout, runs, register):
    build(layout=layout)
    claims = register / "n01_mean_field_kl" / "claims.toml"
    text = claims.read_text(encoding="utf-8")
    claims.write_text(text.replace("is continuous", "is smooth"), encoding="utf-8")
    build(layout=layout)
    assert runs == BOTH
    claims.write_text(text.replace("UL p.1", "UL p.9"), encoding="utf-8")
    build(layout=layout)
    assert runs == BOTH + BOTH


def test_a_damaged_cache_is_made_again(layout, runs):
    build(layout=layout)
    for path in (layout.root / ".build").rglob("*.json"):
        path.write_text('{"key"', encoding="utf-8")
    assert build(layout=layout) == []
    assert runs == BOTH + BOTH


def test_only_what_is_asked_for_is_built(layout, runs, capsys):
    second = layout.lessons / "n02_variational_bayes_and_ep"
    (second / "notebook.py").write_text('# %% name="a"\n1\n', encoding="utf-8")
    add_start(layout)
    assert build(["2"], layout=layout, draft=True) == []
    assert runs == ["02_variational_bayes_and_ep (student)", "02_variational_bayes_and_ep (solution)"]
    assert "The ledger changed" in capsys.readouterr().out  # there was none
    assert build(["01_mean_field_kl"], layout=layout) == []
    assert runs[2:] == BOTH
    assert (
        "The ledger changed" in capsys.readouterr().out
    )  # a claim more, and the first page was not executed
    assert build(["01"], layout=layout) == []
    assert "The ledger changed" not in capsys.readouterr().out
    assert build(["01", "07"], layout=layout, force=True) == ["build 07: there is no such notebook"]
    assert runs[4:] == []


def test_a_draft_may_have_fewer_exercises(layout, runs, monkeypatch):
    monkeypatch.setattr(precheck, "_LEAST_EXERCISES", 3)
    (problem,) = build(layout=layout)
    assert "at least 3 exercises" in problem and "this one has 1, and 1 of that" in problem
    assert problem in check_up_to_date(layout)
    assert runs == []
    assert build(layout=layout, draft=True) == []
    assert runs == BOTH


def test_without_execution_outputs_of_the_same_code_stay(layout, runs):
    build(layout=layout)
    edit(layout, 'print("a warning"', 'print("another"')
    assert build(layout=layout, run=False) == []
    assert runs == BOTH
    student = read_notebook(layout.edition("01_mean_field_kl", "student"))
    assert student.cells[1].outputs == [] and student.cells[1].execution_count is None
    assert student.cells[3].outputs[0].data == CLAIM["data"]
    assert any("'setup' was never executed" in drift for drift in check_up_to_date(layout))


def test_a_failing_notebook_is_reported_and_not_written(layout, runs, monkeypatch, capsys):
    def fail(book, folder, title, layout):
        raise ExecutionError(f"{title}, cell 'setup': raised ValueError")

    monkeypatch.setattr(builder, "execute", fail)
    monkeypatch.setattr(builder, "Layout", lambda: layout)
    assert builder.main([]) == 1
    said = capsys.readouterr().err
    assert (
        said == "01_mean_field_kl (student), cell 'setup': raised ValueError\n"
    )  # the solution would stop there too
    assert not layout.edition("01_mean_field_kl", "student").exists()


def test_one_lesson_with_a_mistake_and_nothing_is_executed(layout, runs):
    add_start(layout)
    edit(layout, "claim:one", "claim:nine")
    problems = build(layout=layout)
    assert problems[0] == (
        "n01_mean_field_kl/notebook.py: the register does not have the claim nine; its claims.toml must state it"
    )
    assert set(problems) <= set(check_up_to_date(layout))
    assert runs == []
    assert not layout.ledger_json.exists()


def test_a_malformed_source_fails_the_build_and_the_check(layout, runs):
    edit(layout, "    # endregion", "     # endregion")
    (problem,) = build(layout=layout)
    assert "indented differently" in problem
    assert problem in check_up_to_date(layout)
    assert runs == []


def test_a_notebook_above_the_limit_names_its_biggest_cell(layout, monkeypatch):
    def heavy(book, folder, title, layout):
        text = {"setup": "x" * 1_300_000}
        return [
            {
                "execution_count": 1,
                "outputs": [
                    CLAIM
                    if "claim" in cell.id
                    else {"output_type": "stream", "name": "stdout", "text": text.get(cell.id, "small")}
                ],
            }
            for cell in book.cells
            if cell.cell_type == "code"
        ]

    monkeypatch.setattr(builder, "execute", heavy)
    problems = build(layout=layout)
    assert len(problems) == 2
    assert "the limit is 1,250,000; the biggest cell is 'setup'" in problems[0]
    assert not layout.edition("01_mean_field_kl", "student").exists()


def test_a_claim_cell_that_draws_is_refused(layout, monkeypatch, runs):
    fake = builder.execute

    def drawing(*arguments):
        results = fake(*arguments)
        picture = {"output_type": "display_data", "data": {"text/plain": "x"}, "metadata": {}}
        results[1]["outputs"].append(picture)
        return results

    monkeypatch.setattr(builder, "execute", drawing)
    assert "'claim-one': a claim cell only shows its claims" in build(layout=layout)[0]


def add_start(layout):
    (layout.lessons / "n00_start_here").mkdir()
    (layout.lessons / "n00_start_here" / "__init__.py").touch()
    (layout.lessons / "n00_start_here" / "notebook.py").write_text(START, encoding="utf-8")


def test_the_page_that_counts_is_built_after_the_ledger_was_made(layout, runs, register):
    add_start(layout)
    build(layout=layout)
    start = ["00_start_here (student)", "00_start_here (solution)"]
    assert runs == BOTH + start
    build(layout=layout)
    assert runs == BOTH + start
    runs.clear()
    edit(layout, "# ## Variance", "# ## Variances")  # the ledger names the section
    build(layout=layout)
    assert runs == start
    runs.clear()
    claims = register / "n02_variational_bayes_and_ep" / "claims.toml"  # a lesson that is still being written
    text = claims.read_text(encoding="utf-8")
    claims.write_text(text.replace('title = "Two"', 'title = "Second"'), encoding="utf-8")
    build(layout=layout)
    assert runs == start
    edit(layout, '# %% name="counts"', '# %% tags=["claim:two"]', "00_start_here")
    problems = build(layout=layout)
    assert any("shows the ledger's counts confirms no claims" in problem for problem in problems)


def test_a_notebook_whose_source_is_gone_goes_too(layout, runs):
    build(layout=layout)
    source = layout.lessons / "n01_mean_field_kl" / "notebook.py"
    own = layout.notebooks / "99_own.ipynb"  # not generated: it stays
    own.write_text(nbformat.writes(nbformat.v4.new_notebook()), encoding="utf-8")
    source.unlink()
    assert any("its source is gone" in drift for drift in check_up_to_date(layout))
    assert build(layout=layout) == []
    assert not layout.edition("01_mean_field_kl", "student").exists()
    assert not layout.edition("01_mean_field_kl", "solution").exists()
    assert own.exists()


def change_cell(book, name, **values):
    next(cell for cell in book.cells if cell.id == name).update(values)


DRIFTS = {
    "source": (lambda book: change_cell(book, "setup", source="1"), "'setup' is not what the source says"),
    "tags": (lambda book: change_cell(book, "claim-one", metadata={}), "'claim-one' has other tags"),
    "order": (lambda book: book.cells.insert(0, book.cells.pop()), "another order"),
    "missing": (lambda book: book.cells.pop(2), "lacks the cell 'text-variance'"),
    "extra": (
        lambda book: book.cells.append(nbformat.v4.new_markdown_cell("x", id="mine")),
        "no cell 'mine'",
    ),
    "id": (lambda book: change_cell(book, "setup", id="other"), "lacks the cell 'setup'"),
    "metadata": (lambda book: book.metadata.update(more=1), "metadata"),
    "count": (lambda book: change_cell(book, "setup", execution_count=None), "never executed"),
}


@pytest.mark.parametrize("edition", ["student", "solution"])
@pytest.mark.parametrize("case", DRIFTS)
def test_each_drift_is_one_sentence(layout, runs, case, edition):
    build(layout=layout)
    path = layout.edition("01_mean_field_kl", edition)
    book = read_notebook(path)
    change, sentence = DRIFTS[case]
    change(book)
    path.write_text(nbformat.writes(book, indent=1) + "\n", encoding="utf-8")
    drifts = check_up_to_date(layout)
    assert sentence in drifts[0]
    assert str(path.relative_to(layout.root)) in drifts[0]
    assert build(layout=layout) == []  # a build repairs it
    assert check_up_to_date(layout) == []


def test_a_drifted_ledger_and_missing_notebooks_are_reported(layout, runs):
    build(layout=layout)
    layout.ledger_json.write_text("[]", encoding="utf-8")
    layout.ledger_page.unlink()
    assert [drift.split(":")[0] for drift in check_up_to_date(layout)] == [
        "notebooks/ledger.json",
        "notebooks/ledger.ipynb",
    ]
    build(layout=layout)
    layout.edition("01_mean_field_kl", "student").unlink()
    (drift,) = check_up_to_date(layout)
    assert "no such notebook yet" in drift


def test_a_source_that_changed_since_the_build_is_reported(layout, runs):
    build(layout=layout)
    edit(layout, "return a + b", "return b + a")
    (drift,) = check_up_to_date(layout)
    assert "solutions" in drift and "exercise-01-add" in drift


def test_a_full_disk_is_one_sentence(layout, runs, monkeypatch):
    from course_lib import files

    build(layout=layout)
    edit(layout, "# ## Variance", "# ## Variances")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "replace", full)
    assert "could not be written: No space left on device" in build(layout=layout)[0]

"""The student's folder before and after an update: names, links, damage, backups, sentences."""

import copy
import json
import os

import pytest

from course_lib.workspace.cells import text
from course_lib.workspace.synchronisation import sync_workspace


def code(key, source):
    return {
        "cell_type": "code",
        "id": key,
        "metadata": {},
        "source": source,
        "outputs": [],
        "execution_count": None,
    }


def book(sources, **metadata):
    cells = [code(key, source) for key, source in sources.items()]
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def write(path, notebook):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook))


def texts(path):
    return [text(cell) for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]


def edit(path, key, source):
    notebook = json.loads(path.read_text())
    next(cell for cell in notebook["cells"] if cell["id"] == key)["source"] = source
    write(path, notebook)


def snapshot(folder):
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != ".sync.lock")
    return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


ONE, TWO = {"a": "1a", "b": "1b", "c": "1c"}, {"d": "2d", "e": "2e"}


class Desk:
    """A course of two notebooks and one solution, and a workspace that was synchronised once."""

    def __init__(self, tmp_path):
        self.course, self.mine = tmp_path / "course", tmp_path / "my_course"
        self.source = self.course / "notebooks"
        write(self.source / "01_one.ipynb", book(ONE))
        write(self.source / "02_two.ipynb", book(TWO))
        write(self.source / "solutions" / "01_one.ipynb", book({"a": "solved"}))
        self.said = []
        self.first = self.sync()

    def sync(self):
        self.said.clear()
        return sync_workspace(self.course, self.mine, self.said.append)


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def test_the_first_sync_copies_both_editions_byte_for_byte(desk):
    for name in ("01_one.ipynb", "02_two.ipynb", "solutions/01_one.ipynb"):
        assert (desk.mine / name).read_bytes() == (desk.source / name).read_bytes()
    assert desk.first.added == ["01_one.ipynb", "02_two.ipynb", "solutions/01_one.ipynb"]
    assert desk.first.backup is None and not (desk.mine / ".backup").exists()


def test_with_nothing_new_nothing_is_written_or_said_even_over_edits(desk):
    edit(desk.mine / "01_one.ipynb", "a", "mine")
    before = snapshot(desk.mine)
    assert not desk.sync().changed
    assert desk.said == [] and snapshot(desk.mine) == before


def test_an_update_is_merged_said_and_then_settled(desk):
    edit(desk.mine / "01_one.ipynb", "a", "mine")
    yours = (desk.mine / "01_one.ipynb").read_bytes()
    write(desk.source / "01_one.ipynb", book({**ONE, "a": "new a", "b": "new b"}))
    report = desk.sync()
    result = texts(desk.mine / "01_one.ipynb")
    assert result[0] == "mine" and result[2:] == ["new a", "new b", "1c"]
    assert report.updated == ["01_one.ipynb"]
    assert (report.kept, report.offered) == ({"01_one.ipynb": 1}, {"01_one.ipynb": 1})
    assert (desk.mine / ".backup/0001/01_one.ipynb").read_bytes() == yours
    assert any("my_course/.backup/0001" in line for line in desk.said)
    before = snapshot(desk.mine)
    assert not desk.sync().changed and snapshot(desk.mine) == before


def test_each_update_that_changes_files_has_a_backup_folder_of_its_own(desk):
    for number in (1, 2, 3):
        write(desk.source / "01_one.ipynb", book({**ONE, "b": f"version {number}"}))
        assert desk.sync().backup.name == f"000{number}"
    found = [texts(desk.mine / f".backup/000{number}/01_one.ipynb")[1] for number in (1, 2, 3)]
    assert found == ["1b", "version 1", "version 2"]


def test_an_update_that_changes_only_what_the_student_has_already_writes_no_notebook(desk):
    layout = json.dumps(book({**ONE, "b": "better"}), indent=3)  # of another tool than the course's
    (desk.mine / "01_one.ipynb").write_text(layout)
    before = snapshot(desk.mine)["01_one.ipynb"]
    write(desk.source / "01_one.ipynb", book({**ONE, "b": "better"}))
    assert not desk.sync().changed and snapshot(desk.mine)["01_one.ipynb"] == before
    write(desk.source / "01_one.ipynb", book({**ONE, "b": "best"}))  # the base has followed
    desk.sync()
    assert texts(desk.mine / "01_one.ipynb")[1] == "best"


def test_many_names_are_counted_and_not_listed(desk):
    for number in range(10, 30):
        write(desk.source / f"{number}_x.ipynb", book({f"x{number}": "x"}))
    desk.sync()
    assert any(line.endswith("14_x.ipynb and 15 more.") for line in desk.said)


def test_solutions_follow_the_same_rules(desk):
    edit(desk.mine / "solutions/01_one.ipynb", "a", "my remark")
    write(desk.source / "solutions/01_one.ipynb", book({"a": "solved better"}))
    desk.sync()
    result = texts(desk.mine / "solutions/01_one.ipynb")
    assert result[0] == "my remark" and result[-1] == "solved better"


def test_edits_follow_a_notebook_that_the_course_renames(desk):
    edit(desk.mine / "01_one.ipynb", "a", "mine")
    (desk.source / "01_one.ipynb").unlink()
    cells = {**ONE, "b": "new b", "z": "z"}
    write(desk.source / "03_uno.ipynb", book(cells))
    report = desk.sync()
    assert report.renamed == [("01_one.ipynb", "03_uno.ipynb")]
    assert "mine" in texts(desk.mine / "03_uno.ipynb") and set(cells.values()) - {"1a"} <= set(
        texts(desk.mine / "03_uno.ipynb")
    )
    assert not (desk.mine / "01_one.ipynb").exists()
    assert texts(report.backup / "01_one.ipynb")[0] == "mine"
    before = snapshot(desk.mine)
    assert not desk.sync().changed and snapshot(desk.mine) == before


def test_a_new_notebook_that_shares_few_cells_is_no_renaming(desk):
    (desk.source / "01_one.ipynb").unlink()
    write(desk.source / "03_new.ipynb", book({"a": "setup", "u": "u", "v": "v"}))
    report = desk.sync()
    assert report.renamed == [] and report.retired == ["01_one.ipynb"] and report.added == ["03_new.ipynb"]
    assert texts(desk.mine / "01_one.ipynb") == list(ONE.values())
    assert not desk.sync().changed


def test_renaming_onto_a_file_of_the_student_keeps_both(desk):
    edit(desk.mine / "01_one.ipynb", "a", "mine")
    write(desk.mine / "03_uno.ipynb", book({"a": "my copy", "q": "question"}))
    (desk.source / "01_one.ipynb").rename(desk.source / "03_uno.ipynb")
    desk.sync()
    assert texts(desk.mine / "01_one.ipynb")[0] == "mine"
    assert {"my copy", "question"} <= set(texts(desk.mine / "03_uno.ipynb"))


@pytest.mark.parametrize("kept", ["renamed", "copied"])
def test_a_notebook_that_the_student_renames_or_copies_is_never_touched(desk, kept):
    edit(desk.mine / "01_one.ipynb", "a", "mine")
    own = desk.mine / "my notes.ipynb"
    own.write_bytes((desk.mine / "01_one.ipynb").read_bytes())
    if kept == "renamed":
        (desk.mine / "01_one.ipynb").unlink()
    write(desk.source / "01_one.ipynb", book({**ONE, "b": "new b"}))
    before = snapshot(desk.mine)["my notes.ipynb"]
    desk.sync()
    assert snapshot(desk.mine)["my notes.ipynb"] == before
    first = "1a" if kept == "renamed" else "mine"
    assert texts(desk.mine / "01_one.ipynb") == [first, "new b", "1c"]


@pytest.mark.parametrize("update", [False, True])
@pytest.mark.parametrize(
    "damage",
    [lambda raw: raw[: len(raw) // 2], lambda raw: b"", lambda raw: b'{"a": 1}', lambda raw: b"<<<<<<< HEAD\n" + raw,
     lambda raw: b"\x00" * 4096, lambda raw: raw.replace(b"1a", b"\xff\xfe")],
)  # fmt: skip
def test_a_damaged_notebook_is_set_aside_as_it_is(desk, damage, update):
    path = desk.mine / "01_one.ipynb"
    path.write_bytes(broken := damage(path.read_bytes()))
    write(desk.mine / "01_one.damaged-1.ipynb", earlier := book({"k": "an earlier one"}))
    if update:
        write(desk.source / "01_one.ipynb", book({**ONE, "b": "new b"}))
    report = desk.sync()
    assert report.set_aside == [("01_one.ipynb", "01_one.damaged-2.ipynb")]
    assert (desk.mine / "01_one.damaged-2.ipynb").read_bytes() == broken
    assert json.loads((desk.mine / "01_one.damaged-1.ipynb").read_text()) == earlier
    assert path.read_bytes() == (desk.source / "01_one.ipynb").read_bytes()
    assert any("01_one.damaged-2.ipynb" in line for line in desk.said)
    assert not desk.sync().changed


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("update", [False, True])
def test_a_notebook_in_another_encoding_is_set_aside_and_its_cells_are_carried_on(desk, encoding, update):
    path = desk.mine / "01_one.ipynb"
    edit(path, "a", "größer")
    path.write_bytes(broken := path.read_text(encoding="utf-8").encode(encoding))
    if update:
        write(desk.source / "01_one.ipynb", book({**ONE, "b": "new b"}))
    report = desk.sync()
    assert report.repaired == ["01_one.ipynb"]
    assert (desk.mine / "01_one.damaged-1.ipynb").read_bytes() == broken
    assert texts(path) == ["größer", "new b" if update else "1b", "1c"]


@pytest.mark.parametrize("damage", [None, b"", b"{", b"[]"])
def test_a_base_that_is_missing_or_damaged_costs_the_student_no_text(desk, damage):
    edit(desk.mine / "01_one.ipynb", "a", "mine")
    base = desk.mine / ".base" / "01_one.ipynb"
    if damage is None:
        base.unlink()
    else:
        base.write_bytes(damage)
    write(desk.source / "01_one.ipynb", book({**ONE, "b": "new b"}))
    desk.sync()
    result = texts(desk.mine / "01_one.ipynb")
    assert {"mine", "1b", "new b", "1c"} <= set(result)
    assert not desk.sync().changed
    assert base.read_bytes() == (desk.source / "01_one.ipynb").read_bytes()


def test_a_notebook_that_is_damaged_in_the_course_changes_nothing(desk):
    before = snapshot(desk.mine)
    (desk.source / "01_one.ipynb").write_text("<<<<<<< HEAD")
    assert desk.sync().unreadable == ["01_one.ipynb"]
    assert snapshot(desk.mine) == before


def test_a_course_without_notebooks_is_an_error_and_no_reason_to_forget_anything(desk):
    before = snapshot(desk.mine)
    for path in list(desk.source.rglob("*.ipynb")):
        path.unlink()
    assert "fresh copy of the course" in desk.sync().error
    assert snapshot(desk.mine) == before


def test_a_notebook_that_is_damaged_in_the_course_and_was_never_here_is_said_to_be_missing(desk):
    (desk.source / "03_three.ipynb").write_text("<<<<<<< HEAD")
    assert desk.sync().unavailable == ["03_three.ipynb"]
    assert "03_three.ipynb is damaged, so it is not in" in desk.said[-1] and "yours" not in desk.said[-1]
    write(desk.source / "03_three.ipynb", book({"a": "whole"}))
    assert desk.sync().added == ["03_three.ipynb"]


def test_the_ledger_comes_along_and_follows_without_a_word(desk):
    for content in ("[]", '[{"verdict": "holds"}]'):
        (desk.source / "ledger.json").write_text(content)
        report = desk.sync()
        assert (desk.mine / "ledger.json").read_text() == content
        assert not report.changed and report.backup is None
    (desk.source / "ledger.json").unlink()
    desk.sync()
    assert (desk.mine / "ledger.json").exists()


def test_hidden_files_beside_the_notebooks_are_not_part_of_the_course(desk):
    (desk.source / "._01_one.ipynb").write_bytes(b"\x00\x05\x16\x07")
    assert not desk.sync().changed and not (desk.mine / "._01_one.ipynb").exists()


def test_jupyters_own_reader_accepts_what_is_written(desk):
    nbformat = pytest.importorskip("nbformat")
    edit(desk.mine / "01_one.ipynb", "a", "mine")
    notebook = json.loads((desk.mine / "01_one.ipynb").read_text())
    notebook["cells"].append(copy.deepcopy(notebook["cells"][1]))  # a repeated id
    del notebook["cells"][2]["id"]
    write(desk.mine / "01_one.ipynb", notebook)
    write(desk.source / "01_one.ipynb", book({**ONE, "a": "new a", "b": "new b"}))
    desk.sync()
    nbformat.validate(nbformat.read(os.fspath(desk.mine / "01_one.ipynb"), as_version=4))

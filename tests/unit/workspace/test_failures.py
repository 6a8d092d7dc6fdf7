"""A full disk, a missing permission, a power cut, two updates at once: nothing is lost and one sentence is said."""

import errno
import json
import os
import threading

import pytest
from filelock import FileLock

from course_lib.workspace import synchronisation as sync_module
from course_lib.workspace import transaction
from course_lib.workspace.cells import text
from course_lib.workspace.synchronisation import sync_workspace


def book(sources):
    cells = [
        {
            "cell_type": "code",
            "id": key,
            "metadata": {},
            "source": source,
            "outputs": [],
            "execution_count": None,
        }
        for key, source in sources.items()
    ]
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def write(path, notebook):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook))


def texts(path):
    return [text(cell) for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]


def contents(folder):
    files = (path for path in folder.rglob("*") if path.name != ".sync.lock")
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in files}


@pytest.fixture
def desk(tmp_path):
    """An update with everything in it: a merge, a renaming, a new notebook, one damaged, one removed, the ledger."""
    course, mine = tmp_path / "course", tmp_path / "my_course"
    source = course / "notebooks"
    write(source / "01_merge.ipynb", book({"a": "1a", "b": "1b"}))
    write(source / "02_old_name.ipynb", book({"c": "2c", "d": "2d"}))
    write(source / "03_damaged.ipynb", book({"e": "3e"}))
    write(source / "04_removed.ipynb", book({"f": "4f"}))
    (source / "ledger.json").write_bytes(b"one")
    write(source / "solutions/01_merge.ipynb", book({"a": "solved"}))
    assert sync_workspace(course, mine, list).error is None
    write(mine / "01_merge.ipynb", book({"a": "my a", "added": "my cell", "b": "1b"}))
    write(mine / "02_old_name.ipynb", book({"c": "my c", "d": "2d"}))
    (mine / "03_damaged.ipynb").write_bytes(b'{"cells": ["my lost te')
    write(source / "01_merge.ipynb", book({"a": "new a", "b": "new b"}))
    (source / "02_old_name.ipynb").rename(source / "02_new_name.ipynb")
    (source / "04_removed.ipynb").unlink()
    write(source / "06_new.ipynb", book({"g": "6g"}))
    write(source / "solutions/01_merge.ipynb", book({"a": "solved better"}))
    (source / "ledger.json").write_bytes(b"two")
    return course, mine


def check_final(mine):
    """What the update of `desk` must have led to, however often it was interrupted before."""
    assert {"my a", "my cell", "new a", "new b"} <= set(texts(mine / "01_merge.ipynb"))
    assert texts(mine / "01_merge.ipynb").count("new a") == 1
    assert texts(mine / "02_new_name.ipynb") == ["my c", "2d"]
    assert texts(mine / "03_damaged.ipynb") == ["3e"]
    assert (mine / "03_damaged.damaged-1.ipynb").read_bytes() == b'{"cells": ["my lost te'
    assert texts(mine / "04_removed.ipynb") == ["4f"]
    assert texts(mine / "06_new.ipynb") == ["6g"]
    assert texts(mine / "solutions/01_merge.ipynb") == ["solved better"]
    assert (mine / "ledger.json").read_bytes() == b"two"
    assert not (mine / ".staging").exists()


def fail_at(monkeypatch, name, position, error, partial=False):
    """Let the call number `position` of one function of `transaction` raise; the returned list counts the calls."""
    original, calls = getattr(transaction, name), []

    def failing(*arguments):
        calls.append(arguments)
        if len(calls) == position:
            if partial:  # a full disk leaves the beginning of the file
                arguments[0].write_bytes(arguments[1][: len(arguments[1]) // 2])
            raise error
        return original(*arguments)

    monkeypatch.setattr(transaction, name, failing)
    return calls


FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("function", ["write_bytes", "replace"])
def test_a_failure_at_any_position_changes_no_byte_and_the_next_sync_completes(desk, monkeypatch, function):
    course, mine = desk
    before, said, position = contents(mine), [], 0
    while True:
        position += 1
        with monkeypatch.context() as patch:
            calls = fail_at(patch, function, position, FULL, partial=function == "write_bytes")
            said.clear()
            report = sync_workspace(course, mine, said.append)
        if len(calls) < position:
            break
        assert contents(mine) == before
        assert report.error and said == [report.error] and "free some space" in report.error
    # Eight files at least are written and moved; fewer would mean that the failure was injected beside the point.
    assert position > 8 and report.error is None
    check_final(mine)


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.EIO])
def test_every_other_failure_of_the_disk_ends_in_a_sentence_too(desk, monkeypatch, number):
    course, mine = desk
    before, said = contents(mine), []
    fail_at(monkeypatch, "replace", 3, OSError(number, os.strerror(number), str(mine / "x")))
    report = sync_workspace(course, mine, said.append)
    assert said == [report.error] and report.error.endswith("run the same command again.")
    assert contents(mine) == before


def test_an_interrupt_from_the_keyboard_changes_no_byte(desk, monkeypatch):
    course, mine = desk
    before = contents(mine)
    fail_at(monkeypatch, "replace", 5, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        sync_workspace(course, mine, list)
    assert contents(mine) == before


@pytest.mark.parametrize("function", ["write_bytes", "replace"])
def test_a_power_cut_at_any_position_loses_nothing(tmp_path_factory, desk, monkeypatch, function):
    """The process dies: nothing is rolled back or tidied up. The next sync must arrive at the same place."""
    course, mine = desk
    start = contents(mine)
    for position in range(1, 100):
        again = tmp_path_factory.mktemp("cut") / "my_course"
        for name, data in start.items():
            if data is not None:
                (again / name).parent.mkdir(parents=True, exist_ok=True)
                (again / name).write_bytes(data)
        with monkeypatch.context() as patch:
            calls = fail_at(patch, function, position, SystemExit("power cut"))
            patch.setattr(transaction.Transaction, "_roll_back", lambda self, done: None)
            patch.setattr(transaction.shutil, "rmtree", lambda *_, **__: None)
            patch.setattr(transaction, "_remove_empty", lambda folders: None)
            try:
                sync_workspace(course, again, list)
            except SystemExit:
                present = b"".join(data for data in contents(again).values() if data)
                assert all(word in present for word in (b"my a", b"my cell", b"my c", b"my lost te"))
        if len(calls) < position:
            break
        assert sync_workspace(course, again, list).error is None
        check_final(again)
        assert not sync_workspace(course, again, list).changed
    assert position > 8


def test_a_file_that_cannot_be_put_back_is_named_and_its_backup_stays(desk, monkeypatch):
    course, mine = desk
    yours = (mine / "01_merge.ipynb").read_bytes()
    real, moved = os.replace, []

    def failing(source, target):
        moved.append(target)
        if "01_merge.ipynb" in str(moved[-1]) and ".backup" not in str(target):
            if str(source).endswith(".old"):
                raise PermissionError(errno.EACCES, "denied", str(target))
            real(source, target)
            fail.append(True)
            return
        if fail:
            raise PermissionError(errno.EACCES, "denied", str(target))
        real(source, target)

    fail = []
    monkeypatch.setattr(transaction.os, "replace", failing)
    report = sync_workspace(course, mine, list)
    monkeypatch.undo()
    assert "01_merge.ipynb" in report.error and ".backup" in report.error
    assert yours in [path.read_bytes() for path in (mine / ".backup").rglob("01_merge.ipynb")]


def test_a_notebook_that_is_saved_during_the_update_is_read_again(desk, monkeypatch):
    course, mine = desk
    original, calls = transaction.write_bytes, []

    def saving(path, data):
        if not calls:
            write(mine / "01_merge.ipynb", book({"a": "my a", "added": "saved just now", "b": "1b"}))
        calls.append(path)
        original(path, data)

    monkeypatch.setattr(transaction, "write_bytes", saving)
    assert sync_workspace(course, mine, list).error is None
    assert {"my a", "saved just now", "new a", "new b"} <= set(texts(mine / "01_merge.ipynb"))


def test_a_notebook_that_is_saved_again_and_again_stops_the_update_with_a_sentence(desk, monkeypatch):
    course, mine = desk
    original, calls = transaction.write_bytes, []

    def saving(path, data):
        calls.append(path)
        (mine / "01_merge.ipynb").write_text(json.dumps(book({"a": f"saved {len(calls)}"})))
        original(path, data)

    monkeypatch.setattr(transaction, "write_bytes", saving)
    report = sync_workspace(course, mine, list)
    assert "01_merge.ipynb is being saved" in report.error
    assert texts(mine / "01_merge.ipynb") == [f"saved {len(calls)}"] and not (mine / ".backup").exists()


def test_two_updates_at_once_do_the_work_once(desk):
    course, mine = desk
    reports = []
    threads = [
        threading.Thread(target=lambda: reports.append(sync_workspace(course, mine, list))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(report.changed for report in reports) == [False, False, False, True]
    assert [path.name for path in (mine / ".backup").iterdir()] == ["0001"]
    check_final(mine)


def test_an_update_that_waits_too_long_for_another_one_says_so(desk, monkeypatch):
    course, mine = desk
    monkeypatch.setattr(sync_module, "_LOCK_SECONDS", 0.01)
    before = contents(mine)
    with FileLock(mine / ".sync.lock"):
        assert "still running" in sync_workspace(course, mine, list).error
    assert contents(mine) == before


def test_a_workspace_that_cannot_be_a_folder_ends_in_a_sentence(desk, tmp_path):
    course, _ = desk
    (tmp_path / "taken").write_text("a file")
    assert "taken" in sync_workspace(course, tmp_path / "taken", list).error
    assert (tmp_path / "taken").read_text() == "a file"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_ends_in_a_sentence(desk):
    course, mine = desk
    before = contents(mine)
    mine.chmod(0o500)
    try:
        assert "chmod" in sync_workspace(course, mine, list).error
    finally:
        mine.chmod(0o700)
    assert contents(mine) == before

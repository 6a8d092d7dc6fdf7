"""Progress is never lost: crashes, two notebooks, damaged files, full disks."""

import errno
import json
import multiprocessing
import os
from pathlib import Path

import filelock
import pytest

from course_lib.catalog import Lesson
from course_lib.exercises import check, hint, progress, progress_summary, registry, store

ENTROPY = "00.entropy"


def forget():
    """What a restart of the kernel does."""
    store._known.clear()
    store._pending.clear()


def row(summary, notebook="00_start_here"):
    return next(one for one in summary["notebooks"] if one["notebook"] == notebook)


def test_the_table_is_there_before_anything_was_done(shown, course_home):
    progress()
    assert "0 of" in repr(shown[0])
    assert "Start here" in shown[0]._repr_html_()
    assert not course_home.exists()


def test_a_pass_survives_a_restart(shown):
    check(ENTROPY, registry.find(ENTROPY).reference)
    forget()
    assert row(progress_summary())["passed"] == 1
    progress()
    assert "██████████  1 of 1" in repr(shown[1])


def test_a_stub_counts_neither_as_attempt_nor_writes(shown, course_home):
    check(ENTROPY, None)
    assert not course_home.exists()
    check(ENTROPY, lambda p: p)
    assert row(progress_summary())["exercises"][0]["attempts"] == 1


def test_a_pass_stays_whatever_comes_later():
    store.record(ENTROPY, passed=True, attempted=True)
    store.record(ENTROPY, attempted=True)
    forget()
    known, notice = store.entries()
    assert known[ENTROPY]["passed"]
    assert known[ENTROPY]["attempts"] == 2
    assert notice == ""


def test_hints_come_one_by_one_and_are_remembered(shown):
    total = len(registry.find(ENTROPY).hints)
    for number in range(1, total + 1):
        hint(ENTROPY)
        assert len(shown[-1].items) == number
        forget()
    hint(ENTROPY)
    assert "no more hints" in repr(shown[-1])
    assert "solutions/00_start_here.ipynb" in repr(shown[-1])
    assert row(progress_summary())["hints"] == total


def test_a_hint_for_an_unknown_id_names_near_ones(shown):
    hint("0.entropy")
    assert ENTROPY in repr(shown[0])


def _pass_many(home, first, count):
    os.environ["COURSE_HOME"] = home
    for number in range(first, first + count):
        assert store.record(f"98.n{number}", passed=True, attempted=True).notice == ""
        store.record("98.shared", attempted=True)


def test_two_kernels_add_up(course_home):
    context = multiprocessing.get_context("spawn")
    kernels = [context.Process(target=_pass_many, args=(str(course_home), first, 15)) for first in (0, 15)]
    for kernel in kernels:
        kernel.start()
    for kernel in kernels:
        kernel.join(120)
    known, _ = store.entries()
    assert sum(entry["passed"] for entry in known.values()) == 30
    assert known["98.shared"]["attempts"] == 30


@pytest.mark.parametrize(
    "text",
    [
        "",
        '{"schema": 1, "exer',
        "[]",
        '{"schema": 1}',
        '{"schema": 1, "exercises": {"00.entropy": 1}}',
        "\x00\x01",
        "[" * 100_000,
        '{"schema": 1, "exercises": ' + '{"00.entropy": ' * 100_000,
        '{"schema": 1, "exercises": {"00.entropy": {"passed": true, "attempts": 1' + "0" * 5000 + "}}}",
    ],
)
def test_a_damaged_file_is_set_aside_and_said(course_home, text):
    store.record(ENTROPY, passed=True, attempted=True)
    (course_home / "progress.json").write_text(text)
    forget()
    summary = progress_summary()
    assert "damaged" in summary["notice"]
    assert (course_home / "progress.damaged-1.json").read_text() == text
    assert store.record(ENTROPY, passed=True, attempted=True).notice == ""
    assert progress_summary()["notice"] == ""


def test_bytes_that_are_no_text_are_damage_too(course_home):
    course_home.mkdir()
    (course_home / "progress.json").write_bytes(b"\xff\xfe\xfa")
    assert "damaged" in progress_summary()["notice"]


def test_a_session_writes_again_what_it_knew_when_the_file_is_damaged(course_home):
    store.record(ENTROPY, passed=True, attempted=True)
    (course_home / "progress.json").write_text("{")
    assert "damaged" in store.record("98.other", attempted=True).notice
    forget()
    assert store.entries()[0][ENTROPY]["passed"]


def test_the_card_says_that_a_file_was_damaged(course_home, shown):
    course_home.mkdir()
    (course_home / "progress.json").write_text("{")
    check(ENTROPY, registry.find(ENTROPY).reference)
    assert "Passed" in repr(shown[0])
    assert "progress.damaged-1.json" in repr(shown[0])


def test_a_file_of_a_newer_course_is_left_alone(course_home):
    course_home.mkdir()
    newer = '{"schema": 2, "exercises": []}'
    (course_home / "progress.json").write_text(newer)
    assert "newer version" in store.record(ENTROPY, passed=True).notice
    assert (course_home / "progress.json").read_text() == newer
    assert store.record(ENTROPY).had_passed  # this session still knows


def test_a_full_disk_is_a_sentence_and_the_next_save_catches_up(course_home, monkeypatch):
    store.record("98.before", passed=True)

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        saved = store.record(ENTROPY, passed=True)
        assert "No space left" in saved.notice
        assert row(progress_summary())["passed"] == 1
    assert [path.name for path in course_home.iterdir() if path.suffix == ".tmp"] == []
    assert set(json.loads((course_home / "progress.json").read_text())["exercises"]) == {"98.before"}
    assert store.record("98.later", passed=True).notice == ""
    assert set(json.loads((course_home / "progress.json").read_text())["exercises"]) == {
        "98.before",
        ENTROPY,
        "98.later",
    }


def test_a_folder_that_cannot_be_made_is_a_sentence(course_home, shown):
    course_home.write_text("a file where the folder should be")
    check(ENTROPY, registry.find(ENTROPY).reference)
    assert "could not be" in repr(shown[0])
    assert "Passed" in repr(shown[0])
    progress()
    assert "1 of 1" in repr(shown[1])


def test_a_lock_held_elsewhere_is_a_sentence(course_home, monkeypatch):
    monkeypatch.setattr(store, "_LOCK_SECONDS", 0.05)
    store.record("98.before", passed=True)
    with filelock.FileLock(course_home / "progress.lock"):
        assert "Another notebook" in store.record(ENTROPY, passed=True).notice
    assert store.record(ENTROPY).notice == ""
    forget()
    assert store.entries()[0][ENTROPY]["passed"]


def test_a_crash_while_writing_leaves_the_old_file(course_home, monkeypatch):
    store.record("98.before", passed=True)
    before = (course_home / "progress.json").read_text()

    def crash(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", crash)
        with pytest.raises(KeyboardInterrupt):
            store.record(ENTROPY, passed=True)
    assert (course_home / "progress.json").read_text() == before


def test_progress_off_writes_nothing_and_reads_nothing(course_home, monkeypatch):
    store.record(ENTROPY, passed=True)
    before = (course_home / "progress.json").read_bytes()
    monkeypatch.setenv("COURSE_PROGRESS", "off")
    assert progress_summary()["passed"] == 0
    store.record("98.other", passed=True)
    assert store.entries()[0]["98.other"]["passed"]
    assert (course_home / "progress.json").read_bytes() == before


def test_a_bank_that_cannot_be_read_does_not_hide_the_others(monkeypatch):
    lessons = {**registry.lessons_with_exercises(), "97": Lesson(Path("n97_missing"))}
    monkeypatch.setattr(registry, "lessons_with_exercises", lambda: lessons)
    summary = progress_summary()
    assert row(summary)["total"] >= 1
    assert "notebook 97" in summary["notice"]


def test_check_imports_only_the_lesson_it_needs():
    import subprocess
    import sys

    code = (
        "import sys; from course_lib.exercises import registry; registry.find('00.entropy');"
        "print([name for name in sys.modules if '.lessons.n' in name and name.endswith('exercises')])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "['course_lib.lessons.n00_start_here.exercises']"


def test_an_empty_bar_looks_empty_and_a_full_one_full(shown):
    progress()
    assert "··········  0 of 1" in repr(shown[0])
    empty = shown[0]._repr_html_()
    assert "background-color: transparent" in empty
    assert "width: 0%" in empty
    check(ENTROPY, registry.find(ENTROPY).reference)
    progress()
    assert "width: 100%" in shown[2]._repr_html_()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_the_folder_of_the_progress_is_nobody_elses(course_home):
    store.record(ENTROPY, attempted=True)
    assert course_home.stat().st_mode & 0o077 == 0

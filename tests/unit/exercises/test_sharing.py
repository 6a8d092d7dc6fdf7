"""What a student gives away: counts, no name, no code; and what a lecturer sees of a class."""

import json
import re

import pytest

from course_lib.commands import classroom
from course_lib.exercises import check, hint, share, store
from course_lib.exercises.marking import Verdict

ENTROPY = "00.entropy"


def forget():
    store._known.clear()
    store._pending.clear()


def wrong_sign(p):
    secret_name = "Alice"  # noqa: F841
    return (p * p.log()).sum()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "class").mkdir()
    return tmp_path / "class"


def student(folder, monkeypatch, number, *, passed=False, mistakes=(), attempts=1, hints=0):
    """One more student's file, made as theirs would be."""
    monkeypatch.setenv("COURSE_HOME", str(folder.parent / f"home-{number}"))
    forget()
    for mistake in mistakes:
        store.record(ENTROPY, attempted=True, mistake=mistake)
    for _ in range(attempts - len(mistakes)):
        store.record(ENTROPY, attempted=True, passed=passed)
    store.record(ENTROPY, hints=hints)
    return share(folder)


def test_named_mistakes_are_counted_and_shared_without_name_or_code(shown, folder):
    check(ENTROPY, wrong_sign)
    check(ENTROPY, wrong_sign)
    check(ENTROPY, lambda p: 1 / 0)
    hint(ENTROPY)
    file = share(folder)
    text = file.read_text()
    entry = json.loads(text)["exercises"][ENTROPY]
    assert (entry["passed"], entry["attempts"], entry["hints"]) == (False, 3, 1)
    (name, count), (error, once) = entry["mistakes"].items()
    assert count == 2 and "sign" in name and once == 1 and "error" in error
    for private in ("Alice", "wrong_sign", "first_passed", "ZeroDivision"):
        assert private not in text


def test_no_word_of_the_students_own_is_in_a_mistakes_name():
    verdict = Verdict(
        "rejected", "What your function returned could not be used further: `KeyError: 'Alice'`."
    )
    assert "Alice" not in verdict.mistake and verdict.mistake
    assert Verdict("exception", "ValueError: Alice").mistake == "It stopped with an error."
    assert [Verdict(kind).mistake for kind in ("passed", "stub")] == ["", ""]


def test_a_second_file_takes_the_place_of_the_first(folder, shown):
    first = share(folder)
    check(ENTROPY, wrong_sign)
    forget()
    assert share(folder) == first
    assert [path.name for path in folder.iterdir()] == [first.name]
    assert json.loads(first.read_text())["exercises"][ENTROPY]["attempts"] == 1


def test_predictions_and_untouched_exercises_are_not_shared(folder):
    store.record("predict:00.highest", said="at the ends")
    assert json.loads(share(folder).read_text())["exercises"] == {}


def test_a_folder_that_is_not_there_is_refused(folder):
    with pytest.raises(ValueError, match="folder: expected a folder that exists, got"):
        share(folder / "missing")


def test_mistakes_survive_a_restart_and_are_bounded(folder):
    for number in range(50):
        store.record(ENTROPY, attempted=True, mistake=f"mistake {number}" + "x" * 900)
    for _ in range(3):
        store.record(ENTROPY, attempted=True, mistake="the common one")
    forget()
    mistakes = store.entries()[0][ENTROPY]["mistakes"]
    assert len(mistakes) == 20 and max(map(len, mistakes)) == 200
    assert next(iter(mistakes.items())) == ("the common one", 3)


def test_progress_of_a_version_that_knew_no_mistakes_is_read(folder, course_home):
    course_home.mkdir()
    old = {"passed": True, "attempts": 2, "hints": 1, "first_passed": "2026-01-01T00:00:00+00:00"}
    (course_home / "progress.json").write_text(json.dumps({"schema": 1, "exercises": {ENTROPY: old}}))
    assert json.loads(share(folder).read_text())["exercises"][ENTROPY]["passed"]


def test_a_class_is_added_up_student_by_student(folder, monkeypatch, capsys):
    student(folder, monkeypatch, 0, passed=True, attempts=2, mistakes=["sign"])
    student(folder, monkeypatch, 1, attempts=3, mistakes=["sign", "sign", "bits"], hints=2)
    student(folder, monkeypatch, 2, attempts=1, mistakes=["bits"])
    (folder / "class-broken.json").write_text("{")
    (folder / "class-other.json").write_text('{"schema": 1, "exercises": {"00.entropy": 3}}')
    students, tallies, unreadable = classroom.read_class(folder)
    tally = tallies[ENTROPY]
    assert students == 3 and unreadable == ["class-broken.json", "class-other.json"]
    assert (tally.tried, tally.passed, tally.attempts) == (3, 1, 6) and tally.hints >= 1
    # Students are counted, not attempts: the sign was wrong for two of them.
    assert tally.mistakes == {"sign": 2, "bits": 2}

    assert classroom.main([str(folder)]) == 0
    printed = capsys.readouterr()
    assert "3 students" in printed.out and "1 passed, 3 tried, 2.0 attempts" in printed.out
    bar = re.search(r"[█░·]{20}", printed.out)[0]
    assert (bar.count("█"), bar.count("░"), bar.count("·")) == (7, 13, 0)
    assert "To repeat" in printed.out and "2 of 3  Entropy" in printed.out
    assert "class-broken.json could not be read" in printed.err


def test_nothing_to_show_is_said(folder, capsys):
    assert classroom.main([str(folder)]) == 1
    assert "python -m course_lib share FOLDER" in capsys.readouterr().err
    assert classroom.main([str(folder / "missing")]) == 1
    assert "expected a folder that exists" in capsys.readouterr().err

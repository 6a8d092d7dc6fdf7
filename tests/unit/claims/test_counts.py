"""Where the counts of the ledger are looked for: the repository, else beside the notebook or one folder up."""

import json

import pytest

from course_lib.claims import counts


def write(folder, number):
    folder.mkdir(parents=True, exist_ok=True)
    rows = [{"verdict": "holds"}] * number
    (folder / "ledger.json").write_text(json.dumps(rows), encoding="utf-8")


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """The package installed without its repository, and a kernel that runs in ``my_course/solutions``."""
    package = tmp_path / "site-packages" / "course_lib" / "claims"
    monkeypatch.setattr(counts, "__file__", str(package / "counts.py"))
    monkeypatch.delenv("COURSE_LEDGER", raising=False)
    (tmp_path / "my_course" / "solutions").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "my_course" / "solutions")
    return tmp_path


def test_each_place_goes_before_the_next(elsewhere, monkeypatch):
    assert counts.ledger_counts()["confirmed"] == 0
    for number, folder in enumerate(("my_course", "my_course/solutions", "site-packages/notebooks"), 1):
        write(elsewhere / folder, number)
        assert counts.ledger_counts()["confirmed"] == number
    write(elsewhere / "asked", 4)
    monkeypatch.setenv("COURSE_LEDGER", str(elsewhere / "asked" / "ledger.json"))
    assert counts.ledger_counts()["confirmed"] == 4

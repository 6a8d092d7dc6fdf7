"""Every test has a progress file of its own and sees the cards that were shown."""

import pytest

from course_lib.exercises import store


@pytest.fixture(autouse=True)
def course_home(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("COURSE_PROGRESS", raising=False)
    monkeypatch.delenv("COURSE_SEED", raising=False)
    monkeypatch.setattr(store, "_known", {})
    monkeypatch.setattr(store, "_pending", {})
    return tmp_path / "home"


@pytest.fixture
def shown(monkeypatch):
    """The cards and tables shown, in order."""
    seen = []
    monkeypatch.setattr("IPython.display.display", seen.append)
    return seen

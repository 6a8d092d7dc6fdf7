"""Commands around the code and the student's copy: sync, format, check, and what all of them share."""

import importlib

import pytest

from course_lib import commands
from course_lib.commands import COMMANDS, check, module_of, sync
from course_lib.commands import format as formatting
from course_lib.commands.environment import ROOT
from course_lib.workspace.sync_report import SyncReport


def test_every_command_is_there_and_is_a_target_of_make():
    makefile = (ROOT / "Makefile").read_text()
    targets = [*makefile.split("COMMANDS := ")[1].split("\n")[0].split(), "help", "setup"]
    assert sorted(targets) == sorted(set(COMMANDS) - {"singleuser"})  # a hub starts that one, nobody types it
    for name in COMMANDS.keys() - {"help"}:
        assert callable(importlib.import_module(module_of(name)).main)


def test_outside_a_copy_of_the_repository_a_command_says_where_it_works(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(commands, "ROOT", tmp_path)
    assert commands.run(["sync"]) == 1
    assert "sync works in a copy of the course's repository" in capsys.readouterr().err


def test_sync_puts_the_copy_in_place_and_opens_nothing(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("COURSE_WORKSPACE", str(tmp_path / "mine"))
    assert sync.main([]) == 0
    assert (tmp_path / "mine" / "00_start_here.ipynb").exists()
    assert "Your copy of the course is in mine" in capsys.readouterr().out
    assert sync.main([]) == 0
    assert capsys.readouterr().out == "mine is up to date.\n"


def test_sync_fails_when_nothing_could_be_written(monkeypatch, tmp_path):
    monkeypatch.setattr(sync, "sync_workspace", lambda *_: SyncReport(tmp_path, error="The disk is full."))
    assert sync.main([]) == 1


@pytest.fixture
def untidy(monkeypatch, tmp_path):
    """A folder whose one file wants both: an import that nobody uses, and quotes of the other kind."""
    (tmp_path / "pyproject.toml").write_text("[tool.ruff]\nline-length = 110\n")
    path = tmp_path / "file.py"
    path.write_text("import os\nx = 'a'\n")
    for module in (check, formatting):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(check, "check_up_to_date", list)
    return path


def test_format_mends_what_check_complains_about(untidy, capfd):
    assert check.main([]) == 1
    assert "Run: make format, then mend what is left.\n" in capfd.readouterr().out
    assert untidy.read_text() == "import os\nx = 'a'\n"  # looking changes nothing
    assert formatting.main([]) == 0
    assert untidy.read_text() == 'x = "a"\n'
    assert check.main([]) == 0
    assert "Run:" not in capfd.readouterr().out


def test_format_fails_where_something_is_left(untidy, capfd):
    untidy.write_text("x = undefined\n")
    assert formatting.main([]) == 1
    assert "F821" in capfd.readouterr().out


def test_check_says_what_to_run_for_stale_notebooks(untidy, monkeypatch, capfd):
    untidy.unlink()
    monkeypatch.setattr(check, "check_up_to_date", lambda: ["notebooks/01.ipynb: stale"])
    assert check.main([]) == 1
    assert capfd.readouterr().out.count("Run: make build") == 1

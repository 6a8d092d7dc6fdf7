"""The lab opens on the student's copy, and asks nothing."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from jupyter_core.paths import jupyter_config_path
from jupyter_server.extension.config import ExtensionConfigManager

from course_lib.commands import lab
from course_lib.commands.environment import ROOT


@pytest.fixture
def started(monkeypatch, tmp_path):
    """Runs ``lab.main`` with a workspace of its own, and gives the command that would have been run."""
    monkeypatch.setenv("COURSE_WORKSPACE", str(tmp_path / "mine"))
    calls = []
    monkeypatch.setattr(lab, "forward", lambda command, **options: calls.append((command, options)) or 0)

    def start(*argv):
        return lab.main(list(argv)), calls

    return start


def test_the_copy_is_there_before_jupyterlab_starts(started, tmp_path):
    status, [(command, _)] = started("--port=8931")
    assert status == 0
    assert (tmp_path / "mine" / "00_start_here.ipynb").exists()
    assert f"--ServerApp.root_dir={tmp_path / 'mine'}" in command
    assert command[-1] == "--port=8931"


def test_without_a_display_no_browser_is_looked_for(started, monkeypatch):
    monkeypatch.setattr(lab.sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert "--no-browser" in started()[1][0][0]
    monkeypatch.setenv("DISPLAY", ":0")
    assert "--no-browser" not in started()[1][1][0]


def test_settings_of_the_course_come_after_the_students_own(monkeypatch):
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "/the/student")
    first, last = lab.lab_environment()["JUPYTER_CONFIG_PATH"].split(lab.os.pathsep)
    assert first == "/the/student"
    overrides = json.loads(Path(last, "labconfig", "default_setting_overrides.json").read_text())
    assert overrides["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"


def test_the_server_that_is_started_finds_the_extension(monkeypatch):
    """Also from a copy of the repository that is installed editable, which puts no file into the environment."""
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", lab.lab_environment()["JUPYTER_CONFIG_PATH"])
    found = ExtensionConfigManager(read_config_path=jupyter_config_path()).get_jpserver_extensions()
    assert found["course_lib.commands.saving"] is True


def test_a_full_disk_at_the_first_start_opens_no_empty_lab(started, monkeypatch, tmp_path):
    class Failed:
        error = "The disk is full."

    monkeypatch.setattr(lab, "sync_workspace", lambda *_: Failed)
    status, calls = started()
    assert (status, calls) == (1, [])
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "old.ipynb").write_text("{}")
    status, calls = started()
    assert (status, len(calls)) == (0, 1)


@pytest.mark.skipif(os.name == "nt", reason="signals are Unix's")
def test_ending_the_command_ends_what_it_started(tmp_path):
    note = tmp_path / "pid"
    child = (
        f"import os, pathlib, time; pathlib.Path({str(note)!r}).write_text(str(os.getpid())); time.sleep(60)"
    )
    forward = "from course_lib.commands.environment import forward"
    code = f"import sys; {forward}; forward([sys.executable, '-c', {child!r}])"
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    while not note.exists() or not note.read_text():
        time.sleep(0.05)
    parent.terminate()
    parent.wait(20)
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)

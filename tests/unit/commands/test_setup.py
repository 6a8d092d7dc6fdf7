"""Setup's failures end in one sentence that says what to do."""

import subprocess
import sys

import pytest

from course_lib.commands import environment, setup
from course_lib.commands.environment import ROOT


@pytest.mark.parametrize(
    ("pip_says", "we_say"),
    [
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("NewConnectionError(...): [Errno -3] Temporary failure in name resolution\n"
         "ERROR: No matching distribution found for setuptools", "connect to the network"),
        ("ERROR: No matching distribution found for torch==2.13.0", "Python 3.11 to 3.13"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED]", "certificates"),
    ],
)  # fmt: skip
def test_each_known_failure_of_pip_has_its_advice(pip_says, we_say):
    assert we_say in setup._advice(pip_says)


def test_an_unknown_failure_has_no_made_up_advice():
    assert setup._advice("something nobody has seen before") is None


def test_missing_venv_module_names_the_package_to_install(monkeypatch):
    real = setup.importlib.util.find_spec
    monkeypatch.setattr(setup.importlib.util, "find_spec", lambda n: None if n == "ensurepip" else real(n))
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert f"apt install python{version}-venv" in setup._missing_parts()


def test_too_little_room_is_said_before_anything_is_made(monkeypatch, tmp_path):
    monkeypatch.setattr(setup, "VENV", tmp_path / "venv")
    monkeypatch.setattr(setup.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 10**8})())
    assert "0.1 GiB are free" in setup._missing_parts()


def test_the_silent_minutes_are_counted(monkeypatch, capsys):
    turns = iter([False, False, True])
    monkeypatch.setattr(
        setup.threading, "Thread", lambda target, daemon: type("No", (), {"start": lambda _: None})()
    )
    with setup._Progress() as progress:
        progress.show("Requirement already satisfied: pip")
        progress.show("Installing collected packages: numpy, scipy, torch\n")
        monkeypatch.setattr(progress._over, "wait", lambda seconds: next(turns))
        progress._count()
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 3
    assert all(line.endswith("Unpacking 3 packages, which takes a few minutes") for line in said)


def test_a_stopped_setup_returns_1_and_leaves_no_stamp(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(setup, "STAMP", tmp_path / "stamp")
    monkeypatch.setattr(setup, "_missing_parts", lambda: "Do this.")
    assert setup.main([]) == 1
    assert capsys.readouterr().err.strip() == "Setup stopped. Do this."
    assert not (tmp_path / "stamp").exists()


def test_a_changed_lock_makes_the_environment_stale(monkeypatch, tmp_path):
    for name in ("pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    monkeypatch.setattr(setup, "ROOT", tmp_path)
    before = setup._fingerprint()
    (tmp_path / "constraints.txt").write_text("torch==0.0\n")
    assert setup._fingerprint() != before


def test_old_python_is_told_so_in_one_sentence():
    code = (
        "import sys; sys.version_info = (3, 8, 1); sys.argv = ['course_lib', 'lab'];"
        "import runpy; runpy.run_module('course_lib', run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("The course needs Python 3.11 or newer, and this is Python 3.8.")
    assert "Traceback" not in done.stderr


def test_entry_points_import_nothing_that_setup_has_yet_to_install():
    code = (
        "import sys; sys.modules.update(dict.fromkeys(['torch', 'numpy', 'platformdirs', 'nbformat', 'filelock']));"
        "from course_lib.commands import run; import course_lib.commands.setup; sys.exit(run(['help']))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "setup" in done.stdout


def test_an_uninstalled_course_says_how_to_install_it(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(environment, "VENV", tmp_path / "none")
    monkeypatch.setattr(environment, "_SIGNS", ("a_module_that_nobody_has",))
    assert environment.enter_environment(["lab"]) == 1
    assert "make setup" in capsys.readouterr().err


def test_unknown_command_shows_those_that_are_there(capsys):
    from course_lib.commands import run

    assert run(["lob"]) == 2
    assert "lab" in capsys.readouterr().err

"""What a hub starts, what a GPU machine is told, and where a page can paint."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from course_lib.commands import gpu, singleuser
from course_lib.commands.environment import ROOT
from course_lib.widgets.explorable import explore
from course_lib.widgets.slider import Slider


@pytest.fixture
def became(monkeypatch, tmp_path):
    """Runs ``singleuser`` with a home of its own; what the process would have become."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("COURSE_WORKSPACE", raising=False)
    monkeypatch.setattr(singleuser.importlib.util, "find_spec", lambda name: object())
    seen = []
    monkeypatch.setattr(os, "execve", lambda *arguments: seen.append(arguments))
    return lambda *argv: singleuser.main(list(argv)) or seen[-1]


def test_a_user_of_a_hub_finds_a_copy_in_the_home_and_the_first_page(became, tmp_path):
    program, command, environment = became("--ServerApp.shutdown_no_activity_timeout=3600")
    copy = tmp_path / "my_course"
    assert (copy / "00_start_here.ipynb").exists()
    assert program == sys.executable and command[1:3] == ["-m", "jupyterhub.singleuser"]
    assert f"--ServerApp.root_dir={copy}" in command
    assert command[-1] == "--ServerApp.shutdown_no_activity_timeout=3600"
    assert environment["COURSE_WORKSPACE"] == str(copy)


def test_a_copy_that_cannot_be_brought_up_to_date_does_not_keep_the_server_away(
    became, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(singleuser, "ROOT", tmp_path / "no course")
    assert became()[1]
    assert "There are no notebooks" in capsys.readouterr().err


def test_a_hub_without_jupyterhub_is_told_what_to_install(monkeypatch, capsys):
    monkeypatch.setattr(singleuser.importlib.util, "find_spec", lambda name: None)
    assert singleuser.main([]) == 1
    assert ".[dev,hub]" in capsys.readouterr().err


def test_a_machine_without_cuda_is_told_what_to_do(monkeypatch, capsys):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert gpu.main([]) == 1
    assert "No CUDA device was found" in (said := capsys.readouterr().err) and "--device=cpu" in said


def test_what_is_missing_on_a_gpu_machine_is_skipped_politely():
    """Only torch and NumPy, as on a bare machine with a GPU: the rehearsal says what it leaves out and ends well."""
    hidden = "import sys\nfor name in ('sklearn', 'pytest'): sys.modules[name] = None\n"
    run = (
        "from tests.benchmarks import bench_gpu\n"
        "bench_gpu._PAIRS, bench_gpu._CRITIC_STEPS = 1, 2\n"
        "rows, well = bench_gpu.run('cpu')\n"
        "print(well, len(rows))\n"
    )
    done = subprocess.run([sys.executable, "-c", hidden + run], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "skipped: sklearn is not installed here" in done.stdout
    assert "skipped: pytest is not installed here" in done.stdout
    # The critic loop needs neither: its gradients are compared and its speed is measured.
    assert done.stdout.endswith("True 2\n")


def test_a_move_is_answered_in_the_thread_in_which_it_arrives():
    """Colab shows nothing that a background thread does to a widget."""
    threads = []

    def draw(view, a):
        threads.append(threading.get_ident())
        view.curve("line", [0, 1], [0, a])

    picture = explore(draw, alt="A line.", a=Slider(0.0, 1.0, step=0.5, value=0.0))
    picture.widget.send = lambda *_: threads.append(threading.get_ident())
    arrived = threading.Thread(
        target=picture.widget._arrived,
        args=(picture.widget, {"do": "move", "ask": 1, "values": {"a": 2}}, []),
    )
    arrived.start()
    arrived.join()
    # Drawn and told.
    assert picture.values == {"a": 1.0} and len(threads) >= 3
    assert set(threads[1:]) == {arrived.ident}


def test_no_file_of_the_course_is_in_the_way_of_windows():
    """Names that Windows cannot write, or that differ in their case only."""
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout.split("\n")
    if not any(names):
        pytest.skip("not a git checkout")
    assert len({name.lower() for name in names}) == len(names)
    assert [name for name in names if set(name) & set('<>:"|?*\\')] == []
    assert [
        name for name in names if Path(name).stem.lower() in {"con", "aux", "nul", "prn", "com1", "lpt1"}
    ] == []

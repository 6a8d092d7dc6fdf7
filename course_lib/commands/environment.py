"""Where the course lives on disk, and which Python its commands run on (standard library only)."""

import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path

__all__ = ["ROOT", "VENV", "enter_environment", "venv_python"]

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"

#: A handful of modules that tells an installed environment from a bare Python.
_SIGNS = ("torch", "ipywidgets", "jupyterlab", "sklearn", "platformdirs")


def venv_python() -> Path:
    """The interpreter of the course's own environment, whether or not it is there yet."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def enter_environment(argv: list[str]) -> int | None:
    """Finds the Python that has the course's dependencies.

    Returns:
        None where this interpreter has them, so that the command goes on here (conda, Binder, an activated
        environment); otherwise the exit status of the same command run by ``.venv``, or 1 after a sentence that
        says how to make one.
    """
    in_venv = Path(sys.prefix).resolve() == VENV.resolve()
    in_other_environment = sys.prefix != sys.base_prefix or "CONDA_PREFIX" in os.environ
    complete = all(importlib.util.find_spec(name) for name in _SIGNS)
    if complete and (in_venv or in_other_environment or not venv_python().exists()):
        return None
    if venv_python().exists() and not in_venv:
        return forward([str(venv_python()), "-m", "course_lib", *argv])
    print(
        "The course is not installed yet. Run: make setup   (without make: python -m course_lib setup)",
        file=sys.stderr,
    )
    return 1


def forward(command: list[str], **options) -> int:
    """Runs a command in the foreground; its exit status is ours, and it is not left behind when we are ended."""
    process = subprocess.Popen(command, **options)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # the terminal has interrupted the child too; let it finish in its own way

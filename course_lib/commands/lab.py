"""``lab``: the student's own copy of the notebooks, then JupyterLab."""

import os
import sys
from pathlib import Path

from course_lib.commands.environment import ROOT, forward
from course_lib.commands.sync import workspace
from course_lib.workspace.synchronisation import sync_workspace

__all__ = ["lab_command", "lab_environment", "main", "root_options"]


def main(argv: list[str]) -> int:
    """Brings the student's copy up to date and opens JupyterLab on it; options go on to JupyterLab."""
    folder = workspace()
    if sync_workspace(ROOT, folder).error and not any(folder.glob("*.ipynb")):
        return 1
    return forward(lab_command(argv), cwd=ROOT, env=lab_environment())


def lab_command(options: list[str]) -> list[str]:
    """The JupyterLab command line: opens the student's copy at the first page."""
    command = [
        sys.executable, "-m", "jupyter", "lab",
        f"--ServerApp.root_dir={workspace()}",
        "--LabApp.default_url=/lab/tree/00_start_here.ipynb",
        "--ServerApp.log_level=WARN",  # the address is still printed
    ]  # fmt: skip
    command += root_options()
    if not _has_display() and not any(option.startswith(("--no-browser", "--browser")) for option in options):
        command.append("--no-browser")
    return command + options


def root_options() -> list[str]:
    """What Jupyter asks for from root; in a container there is no other user to be."""
    return ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []


def lab_environment() -> dict[str, str]:
    """The course's settings for JupyterLab come after the student's own: no question about news at the first start."""
    path = [os.environ.get("JUPYTER_CONFIG_PATH", ""), str(Path(__file__).with_name("jupyter"))]
    return {**os.environ, "JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, path))}


def _has_display() -> bool:
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))

"""``lab``: the student's own copy of the notebooks, then JupyterLab."""

import os
import sys

from course_lib.authoring.workspace import sync_workspace
from course_lib.commands.environment import ROOT, forward

__all__ = ["lab_command", "main"]

WORKSPACE = ROOT / "my_course"


def main(argv: list[str]) -> int:
    """Brings ``my_course/`` up to date and opens JupyterLab on it; options go on to JupyterLab."""
    try:
        sync_workspace(ROOT, WORKSPACE)
    except (OSError, ValueError) as error:
        print(f"Your copy of the notebooks could not be brought up to date: {error}", file=sys.stderr)
        if not any(WORKSPACE.glob("*.ipynb")):
            return 1
        print("JupyterLab opens on the copy as it was.", file=sys.stderr)
    return forward(lab_command(argv), cwd=ROOT)


def lab_command(options: list[str]) -> list[str]:
    """The JupyterLab command line: opens at the first page, asks nothing, looks for no news on the network."""
    command = [
        sys.executable, "-m", "jupyter", "lab",
        f"--ServerApp.root_dir={WORKSPACE}",
        "--LabApp.default_url=/lab/tree/00_start_here.ipynb",
        "--LabApp.news_url=",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--ServerApp.log_level=WARN",  # the address is still printed
    ]  # fmt: skip
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")  # a container: there is no other user to be
    if not _has_display() and not any(option.startswith(("--no-browser", "--browser")) for option in options):
        command.append("--no-browser")
    return command + options


def _has_display() -> bool:
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))

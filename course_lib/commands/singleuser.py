"""``singleuser``: what a hub starts for each user: their own copy of the notebooks, then their server on it."""

import importlib.util
import os
import sys
from pathlib import Path

from course_lib.commands.environment import ROOT
from course_lib.commands.lab import lab_environment, root_options
from course_lib.workspace.synchronisation import sync_workspace

__all__ = ["main", "singleuser_command"]


def main(argv: list[str]) -> int:
    """Brings the user's copy in their home up to date, then becomes their server; options go on to it."""
    if importlib.util.find_spec("jupyterhub") is None:
        print(
            'JupyterHub is not installed here. Run: .venv/bin/pip install -c constraints.txt -e ".[dev,hub]"',
            file=sys.stderr,
        )
        return 1
    folder = Path(os.environ.get("COURSE_WORKSPACE") or Path.home() / "my_course").resolve()
    # A copy that could not be brought up to date is better than no server; the reason stands in the hub's log.
    sync_workspace(ROOT, folder, report=lambda sentence: print(sentence, file=sys.stderr))
    folder.mkdir(parents=True, exist_ok=True)
    command = singleuser_command(folder, argv)
    # A terminal or kernel of this user then knows what `sync` is about.
    os.execve(command[0], command, lab_environment() | {"COURSE_WORKSPACE": str(folder)})


def singleuser_command(folder: Path, options: list[str]) -> list[str]:
    """The command line of the user's server."""
    return [
        sys.executable, "-m", "jupyterhub.singleuser",
        f"--ServerApp.root_dir={folder}",
        "--ServerApp.default_url=/lab/tree/00_start_here.ipynb",
        *root_options(),
        *options,
    ]  # fmt: skip

"""``sync``: the student's own copy of the notebooks, for whoever opens them without ``lab`` (a hub, an editor)."""

import os
from pathlib import Path

from course_lib.commands.environment import ROOT
from course_lib.workspace.synchronisation import sync_workspace

__all__ = ["main", "workspace"]


def workspace() -> Path:
    """The folder of the student's copy: ``my_course/``, or what ``COURSE_WORKSPACE`` names."""
    return Path(os.environ.get("COURSE_WORKSPACE") or ROOT / "my_course").resolve()


def main(argv: list[str]) -> int:
    """Brings the student's copy up to date and says what changed; 1 when it could not be written."""
    outcome = sync_workspace(ROOT, workspace())
    if not outcome.changed:
        print(f"{workspace().name} is up to date.")
    return int(outcome.error is not None)

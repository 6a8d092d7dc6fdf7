"""``check``: what a reviewer would otherwise have to look for."""

import subprocess
import sys

from course_lib.authoring.builder import check_up_to_date
from course_lib.commands.environment import ROOT

__all__ = ["main"]


def main(argv: list[str]) -> int:
    """Linter, formatter and the committed notebooks against their sources; 0 when there is nothing to say."""
    failed = False
    for what in (["check"], ["format", "--check"]):
        failed |= subprocess.run([sys.executable, "-m", "ruff", *what, "."], cwd=ROOT).returncode != 0
    drifts = check_up_to_date()
    for drift in drifts:
        print(drift)
    if drifts:
        print("Run: make build, then commit what it wrote.")
    return int(failed or bool(drifts))

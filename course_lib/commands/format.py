"""``format``: lays the code out, and mends what the linter can mend by itself."""

import subprocess
import sys

from course_lib.commands.environment import ROOT

__all__ = ["main"]


def main(argv: list[str]) -> int:
    """Runs the linter's fixes, then the formatter; 1 when the linter has something left to say."""
    runs = [["check", "--fix", *argv], ["format", *argv]]
    return max(subprocess.run([sys.executable, "-m", "ruff", *run], cwd=ROOT).returncode for run in runs)

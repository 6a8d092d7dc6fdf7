"""``check``: what a reviewer would otherwise have to look for."""

import subprocess
import sys

from course_lib.authoring.builder import check_up_to_date
from course_lib.commands.environment import ROOT

__all__ = ["main"]


def main(argv: list[str]) -> int:
    """Linter, formatter, the lessons and the committed notebooks; 0 when there is nothing to say."""
    problems = check_up_to_date()
    for problem in problems:
        print(problem)
    todo = ["make build, then commit what it wrote"] if problems else []
    if not all([_passes("check"), _passes("format", "--check")]):
        todo.append("make format, then mend what is left")
    for what in todo:
        print(f"Run: {what}.")
    return int(bool(todo))


def _passes(*ruff: str) -> bool:
    return subprocess.run([sys.executable, "-m", "ruff", *ruff], cwd=ROOT).returncode == 0

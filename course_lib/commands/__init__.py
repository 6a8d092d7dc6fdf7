"""The commands of the course, one file each. Only the standard library is imported until a command runs."""

import importlib
import sys

from course_lib.commands.environment import ROOT, enter_environment

__all__ = ["COMMANDS", "run"]

#: command -> (what it does, whether it needs the installed environment)
COMMANDS = {
    "setup": ("make the environment (.venv), or bring it up to date", False),
    "lab": ("put your copy of the notebooks in place and open JupyterLab", True),
    "sync": ("put your copy of the notebooks in place without opening JupyterLab", True),
    "test": ("run every test: units, doctests, notebooks in both editions, browser, hub", True),
    "build": ('make the notebooks and the ledger from the lessons; ARGS="04" makes one', True),
    "format": ("lay the code out, and mend what the linter can mend", True),
    "check": ("lint, and check that what is committed is what the lessons give", True),
    "bench": ("measure the sliders and the live training in Chromium", True),
    "gpu": ("try the course on this machine's GPU: its tests, a training, the critic loop", False),
    "share": ("write your counts, without a name, for the lecturer", True),
    "class": ("show what a folder of such counts says of a class", True),
    "singleuser": ("what a hub starts for each user: their copy, then their server", True),
    "help": ("show this list", False),
}


def run(argv: list[str]) -> int:
    """Runs one command line and returns its exit status."""
    name, rest = (argv[0], argv[1:]) if argv else ("help", [])
    if name in ("help", "-h", "--help"):
        print_help()
        return 0
    if name not in COMMANDS:
        print(f"There is no command {name!r}. These are there:\n", file=sys.stderr)
        print_help(sys.stderr)
        return 2
    if not (ROOT / "pyproject.toml").is_file():
        print(
            f"{name} works in a copy of the course's repository: open a terminal in that folder and run it there.",
            file=sys.stderr,
        )
        return 1
    if COMMANDS[name][1]:
        status = enter_environment(argv)
        if status is not None:
            return status
    return importlib.import_module(module_of(name)).main(rest)


def module_of(command: str) -> str:
    """The module whose ``main`` a command runs; "class" is a word of the language and names no module."""
    return f"course_lib.commands.{'classroom' if command == 'class' else command}"


def print_help(file=None) -> None:
    print("make <command>, or python -m course_lib <command>:\n", file=file)
    for name, (what, _) in COMMANDS.items():
        print(f"  {name:10} {what}", file=file)
    print('\nOptions for a command: make lab ARGS="--no-browser --port=8931"', file=file)

"""``python -m course_lib <command>``: what stands behind every ``make`` target.

This file and ``commands/setup.py`` run before anything is installed, perhaps on a Python that is too old for the
course, so that even then the answer is a sentence: they use the standard library only, and no new syntax.
"""

import sys


def main(argv=None):
    argv = list(sys.argv[1:] if argv is None else argv)
    if sys.version_info < (3, 11):
        found = "%d.%d" % sys.version_info[:2]
        sys.exit(
            "The course needs Python 3.11 or newer, and this is Python "
            + found
            + ". Install a newer one from "
            "python.org or your package manager, then name it: make lab PYTHON=python3.12"
        )
    for stream in (sys.stdout, sys.stderr):  # a console that lacks a character shows another one
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    from course_lib.commands import run

    return run(argv)


if __name__ == "__main__":
    sys.exit(main())

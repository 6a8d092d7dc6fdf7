"""From the lessons to the notebooks and the ledger, one way.

``main`` is ``python -m course_lib build``. What is committed follows from the lessons and the package; what did not
change is neither executed nor written again.
"""

import argparse
import sys
import time
from pathlib import Path

from course_lib.authoring.cache import Cache, execution_key
from course_lib.authoring.composition import BuildError, code_cells, compose, stored_outputs
from course_lib.authoring.dependencies import shows_whole_course
from course_lib.authoring.drift import check_up_to_date
from course_lib.authoring.editions import EDITIONS, notebook
from course_lib.authoring.execution import ExecutionError, execute
from course_lib.authoring.layout import Layout, read_notebook
from course_lib.authoring.ledger import LedgerError
from course_lib.authoring.ledger_files import ledger_files
from course_lib.authoring.precheck import problems_of
from course_lib.authoring.source import Source, SourceError, parse_source
from course_lib.catalog import Lesson
from course_lib.claims.register import RegisterError, load_register
from course_lib.files import write_if_changed

__all__ = ["build", "check_up_to_date", "main"]


def main(argv: list[str]) -> int:
    """``build [NN ...] [--force] [--no-execute] [--draft]``; 0 when all is built, else 1 and the problems printed."""
    parser = argparse.ArgumentParser(
        prog="python -m course_lib build", description="Make the notebooks and the ledger from their sources."
    )
    parser.add_argument("numbers", nargs="*", metavar="NN", help="only these notebooks, as in: build 01 04")
    parser.add_argument("--force", action="store_true", help="execute again what did not change")
    parser.add_argument("--no-execute", action="store_true", help="keep stored outputs, execute nothing")
    parser.add_argument(
        "--draft", action="store_true", help="a lesson may lack exercises that it will have one day"
    )
    options = parser.parse_args(argv)
    problems = build(options.numbers, force=options.force, run=not options.no_execute, draft=options.draft)
    for problem in problems:
        print(problem, file=sys.stderr)
    return int(bool(problems))


def build(
    numbers: list[str] | None = None,
    *,
    force: bool = False,
    run: bool = True,
    draft: bool = False,
    layout: Layout | None = None,
) -> list[str]:
    """Builds some or all notebooks, then the ledger, then those of them that show the ledger's counts.

    What can be known without running anything is looked for first, in every lesson that is asked for: where there is
    such a mistake, nothing is executed.

    Args:
        numbers: notebooks by number or name (``"01"``, ``"1"``, ``"01_mean_field_kl"``); all when empty.
        force: executes again what the cache has.
        run: whether to execute at all; without, stored outputs stay where the code is the same.
        draft: whether a lesson may have fewer exercises than a lesson has.
        layout: the folders of the course.

    Returns:
        The problems, one or more lines each. What has none is written all the same.
    """
    layout = layout or Layout()
    lessons = layout.written()
    if unknown := [n for n in numbers or () if not any(_is_asked(lesson.name, [n]) for lesson in lessons)]:
        return [f"build {n}: there is no such notebook" for n in unknown]
    asked = [lesson for lesson in lessons if not numbers or _is_asked(lesson.name, numbers)]
    try:
        register = load_register(layout.lessons)
    except RegisterError as error:
        return [str(error)]
    sources: dict[Lesson, Source] = {}
    problems: list[str] = []
    for lesson in asked:
        try:
            sources[lesson] = parse_source(lesson.notebook)
        except SourceError as error:
            problems.append(str(error))
        else:
            problems += problems_of(sources[lesson], lesson, register, draft=draft)
    if problems:
        return problems

    worker = _Worker(layout, force, run)
    last = [lesson for lesson, source in sources.items() if shows_whole_course(source.code)]
    for lesson, source in sources.items():
        if lesson not in last:
            problems += worker.build(lesson, source)
    if not numbers:
        for path in layout.orphans():
            path.unlink()
            print(f"removed {path.relative_to(layout.root)}: its source is gone")
    before = _bytes(layout.ledger_json)
    problems += _write_ledger(layout, run)
    if numbers and _bytes(layout.ledger_json) != before and not last:
        print("The ledger changed. Pages that count its claims follow when they are built: build 00")
    for lesson in last:
        problems += worker.build(lesson, sources[lesson])
    return problems


class _Worker:
    """Executes and writes the editions of one notebook after the other."""

    def __init__(self, layout: Layout, force: bool, run: bool):
        self.layout, self.force, self.run = layout, force, run
        self.cache = Cache(layout.root / ".build")

    def build(self, lesson: Lesson, source: Source) -> list[str]:
        problems = []
        for edition in EDITIONS:
            path = self.layout.edition(source.name, edition)
            began = time.monotonic()
            try:
                results, how = self._results(lesson, source, edition)
                written = write_if_changed(path, compose(source, edition, results))
            except ExecutionError as error:
                return [*problems, str(error)]  # the other edition would stop in the same cell
            except BuildError as error:
                problems.append(str(error))
                continue
            except OSError as error:
                problems.append(f"{path}: could not be written: {error.strerror or error}")
                continue
            spent = f" in {time.monotonic() - began:.0f} s" if how == "executed" else ""
            state = "written" if written else "as it was"
            print(f"{path.relative_to(self.layout.root)}: {how}{spent}, {state}", flush=True)
        return problems

    def _results(self, lesson: Lesson, source: Source, edition: str) -> tuple[list[dict], str]:
        book = notebook(source, edition)
        cells = [cell.source for cell in code_cells(book)]
        key = execution_key(cells, source.claims, lesson, self.layout)
        cached = None if self.force and self.run else self.cache.get(source.name, edition, key)
        if cached is not None:
            return cached, "nothing to execute"
        path = self.layout.edition(source.name, edition)
        if not self.run:
            return stored_outputs(book, read_notebook(path)), "not executed"
        title = f"{source.name} ({edition})"
        results = execute(book, path.parent, title, self.layout)
        self.cache.put(source.name, edition, key, results)
        return results, "executed"


def _is_asked(name: str, numbers: list[str]) -> bool:
    return any(Path(n).stem == name or n.zfill(2) == name[:2] for n in numbers)


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _write_ledger(layout: Layout, run: bool) -> list[str]:
    try:
        for path, content in ledger_files(layout).items():
            write_if_changed(path, content)
    except LedgerError as error:
        note = [] if run else ["The ledger stays as it was; a build that executes makes it."]
        return [*str(error).splitlines(), *note]
    except OSError as error:
        return [f"the ledger could not be written: {error.strerror or error}"]
    return []

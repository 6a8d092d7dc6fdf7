"""Whether the lessons are sound, and the committed notebooks and the ledger what they and the stored outputs give.

Nothing is executed: that the outputs are right is what the tests of the notebooks show.
"""

import nbformat

from course_lib.authoring.composition import BuildError, code_cells, compose, stored_outputs
from course_lib.authoring.editions import EDITIONS, notebook
from course_lib.authoring.layout import Layout, read_notebook
from course_lib.authoring.ledger import LedgerError
from course_lib.authoring.ledger_files import ledger_files
from course_lib.authoring.precheck import problems_of
from course_lib.authoring.source import Source, SourceError, parse_source
from course_lib.claims.register import RegisterError, load_register

__all__ = ["check_up_to_date"]


def check_up_to_date(layout: Layout | None = None) -> list[str]:
    """Compares what is committed with what a build would write.

    Returns:
        One sentence a drift; empty when all is up to date.
    """
    layout = layout or Layout()
    drifts: list[str] = []
    try:
        register = load_register(layout.lessons)
    except RegisterError as error:
        return [str(error)]
    for lesson in layout.written():
        try:
            source = parse_source(lesson.notebook)
        except SourceError as error:
            drifts.append(str(error))
            continue
        drifts += problems_of(source, lesson, register)
        for edition in EDITIONS:
            drifts += _compare(source, edition, layout)
    drifts += [f"{path.relative_to(layout.root)}: its source is gone" for path in layout.orphans()]
    try:
        for path, content in ledger_files(layout).items():
            if not path.is_file() or path.read_bytes() != content:
                drifts.append(f"{path.relative_to(layout.root)}: not what the solution notebooks give")
    except LedgerError as error:
        drifts += str(error).splitlines()
    return drifts


def _compare(source: Source, edition: str, layout: Layout) -> list[str]:
    path = layout.edition(source.name, edition)
    name = path.relative_to(layout.root)
    committed = read_notebook(path)
    if committed is None:
        return [f"{name}: there is no such notebook yet, or it cannot be read"]
    wanted = notebook(source, edition)
    if drift := _cells(wanted, committed):
        return [f"{name}: {drift}"]
    idle = [cell.id for cell in code_cells(committed) if cell.execution_count is None]
    if idle:
        return [f"{name}: cell {idle[0]!r} was never executed"]
    try:
        same = compose(source, edition, stored_outputs(wanted, committed)) == path.read_bytes()
    except BuildError as error:
        return [str(error)]
    return [] if same else [f"{name}: its metadata or its form is not what the build writes"]


def _cells(wanted: nbformat.NotebookNode, committed: nbformat.NotebookNode) -> str | None:
    """The first difference between the cells, as the end of a sentence."""
    ids, old = [cell.id for cell in wanted.cells], [cell.get("id") for cell in committed.cells]
    if missing := [id for id in ids if id not in old]:
        return f"it lacks the cell {missing[0]!r} of the source"
    if extra := [id for id in old if id not in ids]:
        return f"the source has no cell {extra[0]!r}"
    if ids != old:
        return "its cells are in another order than in the source"
    for new, cell in zip(wanted.cells, committed.cells, strict=True):
        if new.cell_type != cell.cell_type or new.source != cell.source:
            return f"the cell {new.id!r} is not what the source says"
        if new.metadata != cell.metadata:
            return f"the cell {new.id!r} has other tags than in the source"
    return None

"""Runs a notebook top to bottom in a fresh kernel, the way a reader does, and keeps the cleaned outputs."""

import os
import re
import sys
import tempfile
from pathlib import Path

import nbformat
from tqdm import tqdm

from course_lib.authoring.layout import Layout
from course_lib.authoring.outputs import clean_outputs

__all__ = ["CELL_TIMEOUT", "ExecutionError", "execute", "kernel_environment"]

CELL_TIMEOUT = 300  # seconds for one cell; a whole notebook is meant to take less than 60


_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_SAY_ALL = ("ClaimError", "RegisterError")  # their sentence is enough


class ExecutionError(RuntimeError):
    """A cell raised, took too long, or its kernel died."""


def kernel_environment(layout: Layout) -> dict[str, str]:
    """What a build sets so that a run repeats: no progress file, one seed, the CPU, no windows.

    Args:
        layout: the course whose claims and ledger the notebook looks up.
    """
    return {
        **os.environ,
        "COURSE_PROGRESS": "off",
        "COURSE_SEED": "0",
        "COURSE_DEVICE": "cpu",
        "MPLBACKEND": "Agg",
        "PYTHONHASHSEED": "0",
        "COURSE_REGISTER": str(layout.lessons),
        "COURSE_LEDGER": str(layout.ledger_json),
        "COURSE_CLAIMS_UNREGISTERED": "",
    }


def execute(
    book: nbformat.NotebookNode,
    folder: Path,
    title: str,
    layout: Layout | None = None,
    timeout: int = CELL_TIMEOUT,
) -> list[dict]:
    """Runs the code cells of a notebook.

    Args:
        book: the notebook; it is left as it is.
        folder: the working directory of the kernel.
        title: names the notebook in the progress bar and in errors.
        layout: the course; without it, this one.
        timeout: seconds for one cell.

    Returns:
        For each code cell ``{"execution_count": int, "outputs": [...]}``, cleaned.

    Raises:
        ExecutionError: a cell raised, took longer than ``timeout``, or the kernel died or could not start.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    book = nbformat.from_dict(book)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    running = "the start of the kernel"
    # Without a terminal the bar stays silent; the build prints a line for each notebook.
    bar = tqdm(total=len(code), desc=title, unit="cell", leave=False, disable=not sys.stderr.isatty())

    def started(cell, cell_index):
        nonlocal running
        running = cell.id
        bar.set_postfix_str(cell.id)

    client = NotebookClient(
        book,
        timeout=timeout,
        startup_timeout=CELL_TIMEOUT,
        kernel_name="python3",
        record_timing=False,
        store_widget_state=False,
        # Quieter, and without the history file that two kernels would share.
        extra_arguments=["--IPKernelApp.log_level=40", "--HistoryManager.enabled=False"],
        resources={"metadata": {"path": str(folder)}},
        on_cell_start=started,
        on_cell_executed=lambda **_: bar.update(),
    )
    folder.mkdir(parents=True, exist_ok=True)
    # A profile of its own: the maintainer's IPython startup files are no part of the course.
    with bar, tempfile.TemporaryDirectory(prefix="course-build-", ignore_cleanup_errors=True) as profile:
        try:
            client.execute(env={**kernel_environment(layout or Layout()), "IPYTHONDIR": profile})
        except CellTimeoutError:
            raise ExecutionError(f"{title}, cell {running!r}: took longer than {timeout} s") from None
        except CellExecutionError as error:
            sentence = f"{title}, cell {running!r}: raised {error.ename}: {error.evalue}"
            if error.ename not in _SAY_ALL:
                lines = _COLOUR.sub("", error.traceback).splitlines()
                sentence = "\n    ".join([sentence, *lines[-12:]])
            raise ExecutionError(sentence) from None
        except (DeadKernelError, RuntimeError, OSError) as error:
            raise ExecutionError(f"{title}, {running!r}: the kernel stopped: {error}") from None
    return [
        {"execution_count": cell.execution_count, "outputs": clean_outputs(cell.outputs)} for cell in code
    ]

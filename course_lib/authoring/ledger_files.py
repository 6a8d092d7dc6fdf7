"""The two files of the ledger, made from the committed solution notebooks."""

from pathlib import Path

from course_lib.authoring.editions import to_bytes
from course_lib.authoring.layout import Layout, read_notebook
from course_lib.authoring.ledger import gather, ledger_json
from course_lib.authoring.ledger_page import ledger_page
from course_lib.claims.register import load_register

__all__ = ["ledger_files"]


def ledger_files(layout: Layout) -> dict[Path, bytes]:
    """What the committed solution notebooks make of the ledger: contents by path.

    Raises:
        LedgerError, RegisterError: see ``gather`` and ``load_register``.
    """
    register = load_register(layout.lessons)
    books = {}
    for lesson in layout.written():
        if book := read_notebook(layout.edition(lesson.name, "solution")):
            books[lesson.name] = book
    confirmed = gather(books, register)
    return {
        layout.ledger_json: ledger_json(confirmed),
        layout.ledger_page: to_bytes(ledger_page(confirmed, register)),
    }

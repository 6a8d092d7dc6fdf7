"""The two files of the ledger, made from the committed solution notebooks."""

from pathlib import Path

from .editions import to_bytes
from .layout import Layout, read_notebook
from .ledger import gather, ledger_json
from .ledger_page import ledger_page
from .register import load_register

__all__ = ["ledger_files"]


def ledger_files(layout: Layout) -> dict[Path, bytes]:
    """What the committed solution notebooks make of the ledger: contents by path.

    Raises:
        LedgerError, RegisterError: see ``gather`` and ``load_register``.
    """
    register = load_register(layout.register)
    books = {}
    for path in layout.sources():
        if book := read_notebook(layout.edition(path.stem, "solution")):
            books[path.stem] = book
    confirmed = gather(books, register)
    return {
        layout.ledger_json: ledger_json(confirmed),
        layout.ledger_page: to_bytes(ledger_page(confirmed, register)),
    }

"""How the course is made, for its maintainers: notebooks from their sources, executed, and the ledger of claims.

Notebooks took ``claim`` and its kin from here once. A student who edited such a cell keeps it, so these names still
lead to where they live now.
"""

from importlib import import_module

_MOVED = {
    "argue": "course_lib.claims",
    "ledger_counts": "course_lib.claims",
    "claim": "course_lib.claims.former",
}


def __getattr__(name: str):
    if name not in _MOVED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MOVED[name]), name)

"""How the course is made: notebooks from their sources, the ledger of claims, the student's copy.

A notebook imports ``claim`` and ``argue`` from here, so nothing is loaded before it is used.
"""

from importlib import import_module

__all__ = ["argue", "claim", "ledger_counts"]

_HOME = {"argue": "claims", "claim": "claims", "ledger_counts": "ledger"}


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])

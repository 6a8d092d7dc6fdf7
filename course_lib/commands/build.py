"""``build``: from the lessons to the notebooks and the ledger."""

from course_lib.authoring import builder

__all__ = ["main"]


def main(argv: list[str]) -> int:
    """``build`` makes what changed; ``build 01 04`` some notebooks, ``--force`` all anew."""
    return builder.main(argv)

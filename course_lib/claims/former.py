"""The one function that gave every verdict in earlier versions; a cell that a student edited may still call it."""

from course_lib.claims.relations import one_of
from course_lib.claims.verdicts import VERDICTS, convention, erratum, holds

__all__ = ["claim"]


def claim(id: str, verdict: str, left, right, relation: str = "=", tol: float = 1e-6, **more) -> None:
    """``holds``, ``convention`` or ``erratum``, chosen by ``verdict``; the other arguments are theirs."""
    one_of(id, "verdict", verdict, VERDICTS)
    given = {name: value for name, value in more.items() if value is not None}
    {"holds": holds, "convention": convention, "erratum": erratum}[verdict](
        id, left, right, relation, tol=tol, **given
    )

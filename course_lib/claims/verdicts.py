"""A statement of a lecture against a number: it holds, holds under a convention, or is an erratum.

Each verdict compares, refuses what the numbers contradict, and shows both sides: what the reader sees, what the test of
the notebook compares and what the ledger holds.
"""

import os

from course_lib.claims.register import RegisterError, load_register
from course_lib.claims.relations import ClaimError, Comparison, compared, one_of
from course_lib.claims.showing import show_argument, show_numbers

__all__ = ["VERDICTS", "argue", "convention", "erratum", "holds"]

VERDICTS = ("holds", "convention", "erratum")


def holds(
    id: str,
    left: tuple[str, float],
    right: tuple[str, float],
    relation: str = "=",
    *,
    tol: float = 1e-6,
    digits: int = 6,
) -> None:
    """The statement is true as printed, with the lecture's own definitions; shows both sides.

    Args:
        id: the statement's id in the lesson's ``claims.toml``.
        left: label and number of what the lecture's statement gives.
        right: label and number of what was computed independently of it.
        relation: what the lecture asserts between left and right: ``"="``, ``"<="``, ``"<"``, ``">="`` or ``">"``.
        tol: how far numbers that agree may lie apart: absolute for numbers below 1, relative above. A strict
            inequality must hold by more than this, so smaller numbers need a smaller ``tol``. Infinity equals
            itself only.
        digits: significant digits that are shown; fewer for numbers whose last digits depend on the machine.

    Raises:
        ClaimError: the numbers contradict the verdict, or an argument is no evidence.
        RegisterError: the register does not have the id.
    """
    place = _place(id)
    stated = compared(id, left, relation, right, tol)
    _check_true(id, "holds", stated)
    show_numbers(id, "holds", place, stated, digits)


def convention(
    id: str,
    left: tuple[str, float],
    right: tuple[str, float],
    relation: str = "=",
    *,
    under: str,
    tol: float = 1e-6,
    digits: int = 6,
) -> None:
    """The statement is true under a condition, a normalisation or a reading that the lecture does not give.

    Args:
        id, left, right, relation, tol, digits: as for ``holds``.
        under: the convention, in words.

    Raises:
        ClaimError, RegisterError: as for ``holds``; also where ``under`` is empty.
    """
    place = _place(id)
    _text(id, "under", under)
    stated = compared(id, left, relation, right, tol)
    _check_true(id, "convention", stated)
    show_numbers(id, "convention", place, stated, digits, under=under)


def erratum(
    id: str,
    left: tuple[str, float],
    right: tuple[str, float],
    relation: str = "=",
    *,
    corrected: str,
    corrected_left: tuple[str, float],
    corrected_relation: str | None = None,
    tol: float = 1e-6,
    digits: int = 6,
) -> None:
    """The statement is false as printed, and the corrected one is true; shows both against the same number.

    Args:
        id, left, right, relation, tol, digits: as for ``holds``.
        corrected: the formula or the sentence that is right.
        corrected_left: label and number that it gives.
        corrected_relation: what is true between ``corrected_left`` and ``right``; without it, the printed relation.

    Raises:
        ClaimError: the printed relation is not false by more than ``tol``, the corrected one is not true, or an
            argument is no evidence.
        RegisterError: the register does not have the id.
    """
    place = _place(id)
    _text(id, "corrected", corrected)
    stated = compared(id, left, relation, right, tol)
    if not stated.is_false:
        raise ClaimError(
            f"claim {id}: the verdict is 'erratum', but the relation as printed is not false by more "
            f"than tol = {tol:g}: {stated}"
        )
    mended = compared(id, corrected_left, corrected_relation or relation, right, tol, prefix="corrected_")
    if not mended.is_true:
        raise ClaimError(
            f"claim {id}: the corrected formula does not hold either (tol = {tol:g}): {mended} is false"
        )
    show_numbers(id, "erratum", place, stated, digits, corrected=corrected, mended=mended)


def argue(id: str, verdict: str, text: str, corrected: str | None = None) -> None:
    """Confirms or corrects a statement that no computation decides, by an argument; shows it.

    Args:
        id: the statement's id in the lesson's ``claims.toml``.
        verdict: ``"holds"``, ``"convention"`` or ``"erratum"``.
        text: the argument, in sentences (what is known, who showed it, under which convention).
        corrected: for an erratum, what is right.

    Raises:
        ClaimError: the argument is empty, or an erratum comes without what is right.
        RegisterError: the register does not have the id.
    """
    place = _place(id)
    one_of(id, "verdict", verdict, VERDICTS)
    _text(id, "text", text)
    if verdict == "erratum":
        _text(id, "corrected", corrected)
    elif corrected is not None:
        raise ClaimError(f"claim {id}: corrected belongs to the verdict 'erratum', not to {verdict!r}")
    show_argument(id, verdict, place, text, corrected)


def _place(id: str) -> str:
    # Tests of this module, and a notebook that is written before its claims are registered, may say so.
    lenient = os.environ.get("COURSE_CLAIMS_UNREGISTERED", "") == "allow"
    try:
        return load_register()[id].place
    except RegisterError:
        if not lenient:
            raise
    except KeyError:
        if not lenient:
            raise RegisterError(f"claim {id}: no lesson's claims.toml has this id") from None
    return "not registered"


def _text(id: str, argument: str, value: str | None) -> None:
    if not isinstance(value, str) or not value.strip():
        raise ClaimError(f"claim {id}: {argument}: expected a text, got {value!r}")


def _check_true(id: str, verdict: str, stated: Comparison) -> None:
    if not stated.is_true:
        raise ClaimError(
            f"claim {id}: the verdict is {verdict!r}, but the numbers contradict it (tol = {stated.tol:g}): "
            f"{stated} is false"
        )

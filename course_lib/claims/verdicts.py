"""A statement of a lecture against a number: ``claim`` compares, prints and refuses an untrue verdict.

The printed block is what the reader sees, what the test of the notebook compares and what the ledger holds.
"""

import math
import operator
import os
from dataclasses import dataclass

from course_lib.claims.block import ARGUED, format_difference, format_number, lines_of, paragraph
from course_lib.claims.register import RegisterError, load_register

__all__ = ["RELATIONS", "VERDICTS", "ClaimError", "argue", "claim"]

RELATIONS = ("=", "<=", "<", ">=", ">")
VERDICTS = ("holds", "convention", "erratum")

# Rounding noise of float64: two numbers that differ by less (relative to their size) are the same number.
_NOISE = 1e-12


class ClaimError(ValueError):
    """The verdict is not what the evidence says, or evidence is missing."""


@dataclass(frozen=True)
class _Side:
    label: str
    number: float


def claim(
    id: str,
    verdict: str,
    left: tuple[str, float],
    right: tuple[str, float],
    relation: str = "=",
    tol: float = 1e-6,
    corrected: str | None = None,
    corrected_left: tuple[str, float] | None = None,
    under: str | None = None,
    corrected_relation: str | None = None,
    digits: int = 6,
) -> None:
    """Confirms or corrects one statement of a lecture by a number, and prints both sides.

    Args:
        id: the statement's id in ``assets/claims.toml``.
        verdict: ``"holds"``, ``"convention"`` (true under a convention that ``under`` names) or ``"erratum"``
            (false as printed).
        left: label and number of what the lecture's statement gives.
        right: label and number of what was computed independently of it.
        relation: what the lecture asserts between left and right: ``"="``, ``"<="``, ``"<"``, ``">="`` or
            ``">"``.
        tol: how far numbers that agree may lie apart: absolute for numbers below 1, relative above. A strict
            inequality must hold by more than this, so smaller numbers need a smaller ``tol``. Infinity equals
            itself only.
        corrected: for an erratum, the formula that is right.
        corrected_left: for an erratum, label and number that the right formula gives.
        under: for a convention, which one.
        corrected_relation: for an erratum, what is true between ``corrected_left`` and ``right``, where this
            is another relation than the printed one.
        digits: significant digits that are shown; fewer for numbers whose last digits depend on the machine.

    Raises:
        ClaimError: the numbers contradict the verdict, an argument that the verdict needs is missing, or one
            that it does not have is there.
        RegisterError: the register does not have the id.
    """
    place = _place(id)
    _one_of(id, "verdict", verdict, VERDICTS)
    _one_of(id, "relation", relation, RELATIONS)
    _check_extras(id, verdict, corrected=corrected, corrected_left=corrected_left, under=under)
    if corrected_relation is not None and verdict != "erratum":
        raise ClaimError(
            f"claim {id}: corrected_relation belongs to the verdict 'erratum', not to {verdict!r}"
        )
    left, right = _side(id, "left", left), _side(id, "right", right)
    tol = _tolerance(id, tol)
    _check_scale(id, left, right, relation, tol)
    if verdict == "erratum":
        if not _is_false(left.number, right.number, relation, tol):
            raise ClaimError(
                f"claim {id}: the verdict is 'erratum', but the relation as printed is not false by more "
                f"than tol = {tol:g}: {_sentence(left, relation, right)}"
            )
    elif not _is_true(left.number, right.number, relation, tol):
        raise ClaimError(
            f"claim {id}: the verdict is {verdict!r}, but the numbers contradict it (tol = {tol:g}): "
            f"{_sentence(left, relation, right)} is false"
        )
    numbers = [left.number, right.number]
    if verdict == "erratum":
        now = corrected_relation or relation
        _one_of(id, "corrected_relation", now, RELATIONS)
        corrected_side = _side(id, "corrected_left", corrected_left)
        _check_scale(id, corrected_side, right, now, tol)
        if not _is_true(corrected_side.number, right.number, now, tol):
            raise ClaimError(
                f"claim {id}: the corrected formula does not hold either (tol = {tol:g}): "
                f"{_sentence(corrected_side, now, right)} is false"
            )
        numbers.append(corrected_side.number)

    def shown(side: _Side) -> tuple[str, str]:
        return side.label, format_number(side.number, numbers, tol, digits)

    def difference(side: _Side) -> tuple[str, str]:
        return "difference", format_difference(side.number, right.number, tol, digits)

    rows = [shown(left), shown(right)]
    if relation != "=":
        rows.append((f"first {relation} second", "false" if verdict == "erratum" else "true"))
    rows.append(difference(left))
    if verdict == "convention":
        rows.append(paragraph("under", under))
    if verdict == "erratum":
        rows += [paragraph("corrected", corrected), shown(corrected_side)]
        if now != "=":
            rows.append((f"corrected {now} second", "true"))
        rows.append(difference(corrected_side))
    print("\n".join([f"claim {id} · {verdict} · {place}", *lines_of(rows)]))


def argue(id: str, verdict: str, text: str, corrected: str | None = None) -> None:
    """Confirms or corrects a statement that no computation decides, by an argument; prints it.

    Args:
        id: the statement's id in ``assets/claims.toml``.
        verdict: ``"holds"``, ``"convention"`` or ``"erratum"``.
        text: the argument, in sentences (what is known, who showed it, under which convention).
        corrected: for an erratum, what is right.

    Raises:
        ClaimError: the argument is empty, or an erratum comes without what is right.
        RegisterError: the register does not have the id.
    """
    place = _place(id)
    _one_of(id, "verdict", verdict, VERDICTS)
    _text(id, "text", text)
    if verdict == "erratum":
        _text(id, "corrected", corrected)
    elif corrected is not None:
        raise ClaimError(f"claim {id}: corrected belongs to the verdict 'erratum', not to {verdict!r}")
    lines = [f"claim {id} · {verdict} · {place}", paragraph(ARGUED, text)]
    if corrected is not None:
        lines.append(paragraph("corrected", corrected))
    print("\n".join(lines))


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
            raise RegisterError(
                f"claim {id}: the register assets/claims.toml does not have this id"
            ) from None
    return "not registered"


def _one_of(id: str, argument: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ClaimError(f"claim {id}: {argument}: expected one of {', '.join(allowed)}, got {value!r}")


def _text(id: str, argument: str, value: str | None) -> None:
    if not isinstance(value, str) or not value.strip():
        raise ClaimError(f"claim {id}: {argument}: expected a text, got {value!r}")


def _check_extras(id: str, verdict: str, *, corrected, corrected_left, under) -> None:
    if verdict == "erratum":
        _text(id, "corrected", corrected)
        if corrected_left is None:
            raise ClaimError(f"claim {id}: corrected_left: an erratum needs (label, number), got None")
    elif corrected is not None or corrected_left is not None:
        raise ClaimError(
            f"claim {id}: corrected and corrected_left belong to the verdict 'erratum', not to {verdict!r}"
        )
    if verdict == "convention":
        _text(id, "under", under)
    elif under is not None:
        raise ClaimError(f"claim {id}: under belongs to the verdict 'convention', not to {verdict!r}")


def _side(id: str, argument: str, pair) -> _Side:
    if not isinstance(pair, tuple | list) or len(pair) != 2 or not isinstance(pair[0], str):
        raise ClaimError(f"claim {id}: {argument}: expected (label, number), got {pair!r}")
    label, number = " ".join(pair[0].split()), pair[1]
    if not label:
        raise ClaimError(f"claim {id}: {argument}: expected a label, got {pair[0]!r}")
    if hasattr(number, "item"):  # a tensor or an array that holds one number
        try:
            number = number.item()
        except (ValueError, RuntimeError):
            raise ClaimError(
                f"claim {id}: {argument}: expected one number, got shape {tuple(number.shape)}"
            ) from None
    if isinstance(number, bool) or not isinstance(number, int | float) or math.isnan(number):
        raise ClaimError(f"claim {id}: {argument}: expected a number that is not NaN, got {number!r}")
    return _Side(label, number)


def _tolerance(id: str, tol: float) -> float:
    if isinstance(tol, bool) or not isinstance(tol, int | float) or not 0 < tol < math.inf:
        raise ClaimError(f"claim {id}: tol: expected a positive number, got {tol!r}")
    return float(tol)


def _check_scale(id: str, left: _Side, right: _Side, relation: str, tol: float) -> None:
    """Two numbers that are both below ``tol`` would be equal whatever they are; an exact zero is meant."""
    sizes = abs(left.number), abs(right.number)
    if relation == "=" and min(sizes) > 0 and max(sizes) <= tol:
        raise ClaimError(
            f"claim {id}: tol: both numbers ({left.number:g} and {right.number:g}) are below tol = {tol:g}, "
            "so their agreement says nothing; give a smaller tol, or write an exact 0 where 0 is meant"
        )


def _scaled(left: float, right: float, tol: float) -> float:
    sizes = [abs(number) for number in (left, right) if math.isfinite(number)]
    return tol * max([1.0, *sizes])


def _close(left: float, right: float, tol: float) -> bool:
    if math.isinf(left) or math.isinf(right):
        return left == right
    return abs(left - right) <= _scaled(left, right, tol)


def _is_true(left: float, right: float, relation: str, tol: float) -> bool:
    close = _close(left, right, tol)
    if relation == "=":
        return close
    strictly = {"<": operator.lt, ">": operator.gt}[relation[0]](left, right)
    return (strictly and not close) if len(relation) == 1 else (strictly or close)


def _is_false(left: float, right: float, relation: str, tol: float) -> bool:
    # A strict inequality is false as soon as both sides are the same number; there tol would hide the error.
    if relation in ("<", ">"):
        opposite = {"<": ">", ">": "<"}[relation]
        return _close(left, right, _NOISE) or _is_true(left, right, opposite, tol)
    return not _is_true(left, right, relation, tol)


def _sentence(left: _Side, relation: str, right: _Side) -> str:
    return f"{left.label} ({left.number:.10g}) {relation} {right.label} ({right.number:.10g})"

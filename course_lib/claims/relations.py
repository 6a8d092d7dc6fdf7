"""Two labelled numbers and what is asserted between them: true, false, or neither at a tolerance."""

import math
import operator
from dataclasses import dataclass

__all__ = ["RELATIONS", "ClaimError", "Comparison", "Side", "compared", "one_of"]

RELATIONS = ("=", "<=", "<", ">=", ">")

# Rounding noise of float64: two numbers that differ by less (relative to their size) are the same number.
_NOISE = 1e-12


class ClaimError(ValueError):
    """The verdict is not what the evidence says, or evidence is missing."""


@dataclass(frozen=True)
class Side:
    """A number with the words that say what it is."""

    label: str
    number: float


@dataclass(frozen=True)
class Comparison:
    """``left relation right`` at a tolerance; its text is a sentence with both numbers."""

    left: Side
    relation: str
    right: Side
    tol: float

    @property
    def is_true(self) -> bool:
        """Whether it holds; a strict inequality by more than the tolerance."""
        return _is_true(self.left.number, self.right.number, self.relation, self.tol)

    @property
    def is_false(self) -> bool:
        """Whether it fails by more than the tolerance; near a strict inequality's border it is neither."""
        left, right = self.left.number, self.right.number
        # A strict inequality is false as soon as both sides are the same number; there tol would hide the error.
        if self.relation in ("<", ">"):
            opposite = {"<": ">", ">": "<"}[self.relation]
            return _close(left, right, _NOISE) or _is_true(left, right, opposite, self.tol)
        return not self.is_true

    def __str__(self) -> str:
        left, right = self.left, self.right
        return f"{left.label} ({left.number:.10g}) {self.relation} {right.label} ({right.number:.10g})"


def compared(id: str, left, relation: str, right, tol: float, prefix: str = "") -> Comparison:
    """The arguments of a verdict as a comparison.

    Args:
        id: the claim, for errors.
        left: ``(label, number)``; a tensor or an array of one number is a number.
        relation: one of ``RELATIONS``.
        right: ``(label, number)``.
        tol: how far numbers that agree may lie apart: absolute for numbers below 1, relative above.
        prefix: what stands before ``left`` and ``relation`` in the names of the arguments.

    Raises:
        ClaimError: a side is no label with a number, a number is NaN, the relation is unknown, or equality at this
            tolerance would say nothing.
    """
    one_of(id, f"{prefix}relation", relation, RELATIONS)
    left, right = _side(id, f"{prefix}left", left), _side(id, "right", right)
    if isinstance(tol, bool) or not isinstance(tol, int | float) or not 0 < tol < math.inf:
        raise ClaimError(f"claim {id}: tol: expected a positive number, got {tol!r}")
    _check_scale(id, left, right, relation, tol)
    return Comparison(left, relation, right, float(tol))


def one_of(id: str, argument: str, value: str, allowed: tuple[str, ...]) -> None:
    """Refuses a word that is not among the allowed ones by a ``ClaimError``."""
    if value not in allowed:
        raise ClaimError(f"claim {id}: {argument}: expected one of {', '.join(allowed)}, got {value!r}")


def _side(id: str, argument: str, pair) -> Side:
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
    return Side(label, number)


def _check_scale(id: str, left: Side, right: Side, relation: str, tol: float) -> None:
    """Two numbers that are both below ``tol`` would be equal whatever they are; an exact zero is meant."""
    sizes = abs(left.number), abs(right.number)
    if relation == "=" and min(sizes) > 0 and max(sizes) <= tol:
        raise ClaimError(
            f"claim {id}: tol: both numbers ({left.number:g} and {right.number:g}) are below tol = {tol:g}, "
            "so their agreement says nothing; give a smaller tol, or write an exact 0 where 0 is meant"
        )


def _close(left: float, right: float, tol: float) -> bool:
    if math.isinf(left) or math.isinf(right):
        return left == right
    return abs(left - right) <= tol * max(1.0, abs(left), abs(right))


def _is_true(left: float, right: float, relation: str, tol: float) -> bool:
    close = _close(left, right, tol)
    if relation == "=":
        return close
    strictly = {"<": operator.lt, ">": operator.gt}[relation[0]](left, right)
    return (strictly and not close) if len(relation) == 1 else (strictly or close)

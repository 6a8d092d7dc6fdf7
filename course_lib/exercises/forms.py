"""How a wrong answer is related to the right one: a function of it, its order, its shape, its digits."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from course_lib.exercises.factors import Series, by_case

__all__ = ["clamped", "function", "nearly", "order", "proportion", "reshaped"]

_FUNCTIONS: tuple[tuple[str, Callable[[np.ndarray], np.ndarray]], ...] = (
    ("is the absolute value of the expected one", np.abs),
    ("is minus the absolute value of the expected one", lambda w: -np.abs(w)),
    ("is the square of the expected one", np.square),
    ("is the square root of the expected one", np.sqrt),
    ("is 1 minus the expected one", lambda w: 1 - w),
    ("is 1 over the expected one", lambda w: 1 / w),
    ("is the exponential of the expected one", np.exp),
    ("is the exponential of minus the expected one", lambda w: np.exp(-w)),
    ("is the logarithm of the expected one", np.log),
    ("is minus the logarithm of the expected one", lambda w: -np.log(w)),
    ("is the sigmoid of the expected one", lambda w: 1 / (1 + np.exp(-w))),
    ("is the logit of the expected one", lambda w: np.log(w) - np.log1p(-w)),
    ("is half of the square of the expected one", lambda w: w**2 / 2),
    ("is the root of half of the expected one", lambda w: np.sqrt(w / 2)),
    ("is the root of twice the expected one", lambda w: np.sqrt(2 * w)),
    ("is the tanh of the expected one", np.tanh),
    ("is the expected one rounded to a whole number", np.round),
    ("is the expected one rounded down to a whole number", np.floor),
)


def function(series: Series) -> str | None:
    """The answer is a function of the expected number: its square, root, logarithm, absolute value, ..."""
    got, want, _, scale = series.entries
    if series.evidence() < 2 or series.is_right or np.ptp(got) == 0:
        return None
    for words, apply in _FUNCTIONS:
        with np.errstate(all="ignore"):
            values = apply(want)
        if np.all(np.isfinite(values)) and np.all(series.equal(got, values, scale)):
            return words
    return None


def clamped(series: Series) -> str | None:
    """Cut off at one number, from below or from above."""
    got, want, _, scale = series.entries
    cut = ~series.equal(got, want, scale)
    if not cut.any() or series.evidence(got[~cut]) < 2 or np.ptp(got[cut]) > 0:
        return None
    edge = float(got[cut][0])
    if cut.sum() < 2 and edge not in (0.0, 1.0, -1.0):
        return None
    if np.all(want[cut] < edge) and np.all(want[~cut] >= edge):
        return f"is the expected one cut off at {edge:.4g} from below"
    if np.all(want[cut] > edge) and np.all(want[~cut] <= edge):
        return f"is the expected one cut off at {edge:.4g} from above"
    return None


# --- order, proportion, nearness ----------------------------------------------------------------------------------


def order(series: Series) -> str | None:
    """The right numbers at other places."""
    pairs = list(zip(series.got, series.want, strict=True))
    several = [(got, want) for got, want in pairs if len({f"{one:.6g}" for one in want.ravel().tolist()}) > 1]
    alone = [(got, want) for got, want in pairs if want.size <= 1]
    if series.is_right or not several or sum(want.size for _, want in several) < 4:
        return None
    if not all(_all_equal(series, got, want) for got, want in alone):
        return None
    for words, way in _ORDERS:
        made = [way(want) for _, want in several]
        if all(one is not None for one in made) and all(
            _all_equal(series, got, one) for (got, _), one in zip(several, made, strict=True)
        ):
            return f"has the right numbers, but {words}"
    if all(_all_equal(series, np.sort(g, axis=None), np.sort(w, axis=None)) for g, w in several):
        return "has the right numbers, but in another order"
    return None


_ORDERS: tuple[tuple[str, Callable], ...] = (
    ("transposed", lambda w: w.T if w.ndim == 2 and w.shape[0] == w.shape[1] else None),
    ("in reversed order along the first axis", lambda w: np.flip(w, 0)),
    ("in reversed order along the last axis", lambda w: np.flip(w, -1)),
    ("sorted", lambda w: np.sort(w, axis=-1)),
    ("sorted downwards", lambda w: -np.sort(-w, axis=-1)),
)


def proportion(series: Series) -> str | None:
    """Proportional on each input, with a factor of its own: a normalisation, or none."""
    ratios = by_case(series, ratio=True)
    cases = series.entries[2].tolist()
    if series.is_right or ratios is None or sum(cases.count(index) >= 3 for index in ratios) < 2:
        return None
    sums = [(float(g.sum()), float(w.sum())) for g, w in zip(series.got, series.want, strict=True)]
    if all(abs(w - 1) <= 1e-5 for _, w in sums) and not all(abs(g - 1) <= 1e-5 for g, _ in sums):
        return "is proportional to the expected one, but does not sum to 1 as that does: it is not normalised"
    if all(abs(g - 1) <= 1e-5 for g, _ in sums):
        return "is the expected one divided by its sum"
    return "is proportional to the expected one on each input, with a factor that changes from input to input"


def nearly(series: Series) -> str | None:
    """Almost right: digits were lost, or something small was added."""
    got, want, case, scale = series.entries
    if series.evidence() < 2 or len(set(case.tolist())) < len(series.got):
        return None
    worst = float((np.abs(got - want) / np.maximum(np.abs(want), 1e-3 * scale)).max())
    if not 0 < worst <= 1e-3:
        return None
    return f"agrees with the expected one to {max(3, math.floor(-math.log10(worst)))} digits, and more are asked for"


def _all_equal(series, one, other) -> bool:
    scale = float(np.abs(other).max(initial=0.0))
    return one.shape == other.shape and bool(np.all(series.equal(one, other, scale)))


# --- another shape ------------------------------------------------------------------------------------------------

_REDUCTIONS: tuple[tuple[str, Callable], ...] = (
    ("mean", np.mean), ("sum", np.sum), ("largest entry", np.max), ("smallest entry", np.min),
    ("logsumexp", np.logaddexp.reduce),
)  # fmt: skip


def reshaped(
    got: Sequence[np.ndarray], want: Sequence[np.ndarray], tolerance: float = 1e-6, noise: float = 0.0
) -> str | None:
    """What links arrays of other shapes than the expected ones: words that follow "your answer".

    ``tolerance`` is relative to the size of the numbers, ``noise`` absolute.
    """

    def hold(way) -> bool:
        for mine, right in zip(got, want, strict=True):
            made, target = way(mine, right)
            if (
                made is None
                or made.shape != target.shape
                or not np.all(np.isfinite(made) == np.isfinite(target))
            ):
                return False
            keep = np.isfinite(target)
            made, target = made[keep], target[keep]
            limit = tolerance * np.abs(target) + 1e-3 * tolerance * np.abs(target).max(initial=0.0) + noise
            if np.any(np.abs(made - target) > limit):
                return False
        return True

    if len({f"{one:.6g}" for right in want for one in np.ravel(right).tolist()}) < 2:
        return None
    if hold(lambda g, w: (g.T, w)) and any(w.ndim > 1 for w in want):
        return "is the expected one transposed"
    if hold(lambda g, w: (g.reshape(-1), w.reshape(-1)) if g.size == w.size else (None, w)):
        return "has the right numbers in another shape"
    for axis in (None, -1, 0):
        place = "" if axis is None else f" over the {'last' if axis else 'first'} axis"
        for word, reduce in _REDUCTIONS:
            if hold(lambda g, w: (_reduced(reduce, g, axis), w)):  # noqa: B023
                return f"has too many entries; its {word}{place} is the expected one"
            if hold(lambda g, w: (_reduced(reduce, w, axis), g)):  # noqa: B023
                return f"is the {word}{place} of the expected one"
    if hold(lambda g, w: (np.diagonal(g) if g.ndim == 2 and g.shape[0] == g.shape[1] else None, w)):
        return "is a table of all pairs; its diagonal is the expected one"
    return None


def _reduced(reduce, array, axis):
    if not array.ndim:  # one number is its own mean and sum
        return array if axis is None else None
    if not array.size or (axis is not None and array.ndim < 2):
        return None
    if axis is None:
        array, axis = array.reshape(-1), 0
    return np.asarray(reduce(array, axis=axis))

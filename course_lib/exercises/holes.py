"""Answers that are right but for some inputs: NaN or infinite there, or finite where infinity is expected."""

from collections.abc import Sequence

import numpy as np

from course_lib.exercises.comparison import Difference, compare, pairs
from course_lib.exercises.exercise import Case, Exercise
from course_lib.exercises.frozen import Numbers, freeze
from course_lib.exercises.running import Result

__all__ = ["right_but_for_holes"]


def right_but_for_holes(
    exercise: Exercise, cases: Sequence[Case], expected: Sequence[Result], results: Sequence[Result]
) -> str | None:
    """A sentence on an answer that is right wherever it and the expected one are finite, or None."""
    bad, finite, kind = set(), set(), "infinite"
    for index, (want, got) in enumerate(zip(expected, results, strict=True)):
        for pair in pairs(got.value, want.value):
            if isinstance(pair, Difference) or pair[1].array.shape != pair[2].array.shape:
                return None
            mine, right = pair[1].array, pair[2].array
            hole = ~np.isfinite(mine) & np.isfinite(right)
            tame = np.isfinite(mine) & ~np.isfinite(right)
            keep = ~(hole | tame)
            if compare(mine[keep], right[keep], exercise.rtol, exercise.atol) is not None:
                return None
            bad |= {index} if hole.any() else set()
            finite |= {index} if tame.any() else set()
            kind = "NaN" if np.isnan(mine[hole]).any() else kind
    good = len(results) - len(bad | finite)
    if not good or (bad and finite):
        return None
    if finite:
        where = cases[min(finite)].label or "one of the inputs"
        return f"Right, except where infinity is expected ({where}): there your answer is a finite number."
    return (
        f"Right on {good} of {len(results)} inputs, and {kind} {_where(cases, bad, kind)}." if bad else None
    )


def _where(cases, bad, kind) -> str:
    """On which inputs, and what these have and no other."""
    label = cases[min(bad)].label or "see the input below"
    place = f"on {'the other' if len(bad) == 1 else f'{len(bad)} others, the first'}: {label}"
    for words, kinds, has in (
        ("a 0", ("NaN",), lambda a: bool((a == 0).any())),
        ("numbers beyond ±700", ("NaN", "infinite"), lambda a: bool((np.abs(a) > 700).any())),
        ("numbers beyond ±80", ("NaN", "infinite"), lambda a: bool((np.abs(a) > 80).any())),
        ("a negative number", ("NaN",), lambda a: bool((a < 0).any())),
        ("a single row", ("NaN", "infinite"), lambda a: a.ndim > 1 and len(a) == 1),
    ):
        found = {index for index, case in enumerate(cases) if any(map(has, _arrays(case)))}
        if kind in kinds and found == bad:
            return f"{place} (there the input has {words})"
    return place


def _arrays(case):
    frozen = map(freeze, case.args)
    return [one.array for one in frozen if isinstance(one, Numbers) and one.array.size]

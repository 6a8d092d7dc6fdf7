"""Recognises the wrong answers that a bank knows by name."""

import numpy as np

from course_lib.exercises.comparison import Difference, compare, pairs
from course_lib.exercises.running import Result, outcome_of

__all__ = ["gaps", "known_mistake"]


def known_mistake(exercise, cases, expected, results, wrong, verdict_of) -> str | None:
    """The sentence of the first mistake that is wrong where the answer is wrong, and in the same way.

    When there is none, cases in which only the answer is NaN or infinite are left aside: a mistake and an unguarded
    0 · log 0 often come together. The sentence is then given only if one mistake alone fits.
    """
    variants = [_Lazy(exercise, mistake, cases, expected) for mistake in exercise.mistakes]
    for one in variants:
        if one.fits(results, wrong, verdict_of):
            return one.mistake.message
    holes = [gaps(got, want) for got, want in zip(results, expected, strict=True)]
    if not any(holes):
        return None
    fitting = {one.mistake.message for one in variants if one.fits_beside(holes, results, wrong, verdict_of)}
    if len(fitting) != 1:
        return None
    labels = [case.label or "some input" for case, hole in zip(cases, holes, strict=True) if hole]
    return f"{fitting.pop()} (Besides, the result is not a finite number on this input: {labels[0]}.)"


class _Lazy:
    """One known mistake with its results, each computed when it is first needed: some exercises are slow."""

    def __init__(self, exercise, mistake, cases, expected):
        self.exercise, self.mistake, self.cases, self.expected = exercise, mistake, cases, expected
        self.results: dict[int, Result] = {}

    def result(self, index) -> Result:
        if index not in self.results:
            case, want = self.cases[index], self.expected[index]
            self.results[index] = outcome_of(self.exercise, self.mistake.answer, case, want)
        return self.results[index]

    def fits(self, results, wrong, verdict_of) -> bool:
        return all(self._agrees(index, got, wrong, verdict_of) for index, got in enumerate(results))

    def fits_beside(self, holes, results, wrong, verdict_of) -> bool:
        telling = 0
        for index, (hole, got) in enumerate(zip(holes, results, strict=True)):
            if hole:
                if not _same_beside(self.exercise, got, self.result(index), self.expected[index]):
                    return False
            elif not self._agrees(index, got, wrong, verdict_of):
                return False
            elif index in wrong:
                telling += 1
        return telling > 0

    def _agrees(self, index, got, wrong, verdict_of) -> bool:
        mine = self.result(index)
        inside = mine.failure is not None and mine.failure.inside
        is_wrong = (
            inside or verdict_of(self.exercise, self.cases[index], self.expected[index], mine) is not None
        )
        return is_wrong == (index in wrong) and (not is_wrong or _same(self.exercise, got, mine))


def _same(exercise, got: Result, mine: Result) -> bool:
    if mine.failure is not None or got.failure is not None:
        return (
            mine.failure is not None
            and got.failure is not None
            and mine.failure.text == got.failure.text
            and compare(got.returned, mine.returned, exercise.rtol, exercise.atol) is None
        )
    if got.rejected is not None or mine.rejected is not None:
        return got.rejected == mine.rejected
    if got.changed != mine.changed or _cut(got) != _cut(mine):
        return False
    return compare(got.value, mine.value, exercise.rtol, exercise.atol, exercise.single) is None


def _cut(result: Result):
    """Where no gradient flows, as far as it is asked for."""
    if result.flow is None:
        return None
    return {name: slope is None for name, slope in result.flow.slopes.items()}


def gaps(got: Result, want: Result) -> bool:
    """Whether the answer is NaN or infinite somewhere, and the expected value finite there."""
    return got.failure is None and any(
        not isinstance(pair, Difference) and bool(_hole(pair[1].array, pair[2].array).any())
        for pair in pairs(got.value, want.value)
    )


def _hole(got, want):
    if got.shape != want.shape:
        return np.zeros(0, dtype=bool)
    return ~np.isfinite(got) & np.isfinite(want)


def _same_beside(exercise, got: Result, mine: Result, want: Result) -> bool:
    """The same outside the holes, entry by entry."""
    if mine.failure is not None or mine.rejected is not None or got.rejected is not None:
        return False
    for one, other in zip(pairs(got.value, want.value), pairs(mine.value, want.value), strict=False):
        if isinstance(one, Difference) or isinstance(other, Difference):
            return False
        got_array, want_array, other_array = one[1].array, one[2].array, other[1].array
        if not got_array.shape == want_array.shape == other_array.shape:
            return False
        keep = ~_hole(got_array, want_array)
        if compare(got_array[keep], other_array[keep], exercise.rtol, exercise.atol) is not None:
            return False
    return True

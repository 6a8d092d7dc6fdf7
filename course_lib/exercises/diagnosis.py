"""Finds the relation between a wrong answer and the right one over all inputs, beside the mistakes that a bank knows.

It says what was seen ("your answer is the expected one times 2 on all 4 inputs") and never what was thought, and only
when the relation holds on every input that can be used and no simpler one does.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from course_lib.exercises.calls import called_otherwise, other_values
from course_lib.exercises.comparison import Difference, compare, pairs
from course_lib.exercises.exercise import Case, Exercise
from course_lib.exercises.factors import Series, constant, difference, factor
from course_lib.exercises.forms import clamped, function, nearly, order, proportion, reshaped
from course_lib.exercises.frozen import Numbers
from course_lib.exercises.holes import right_but_for_holes
from course_lib.exercises.known import gaps
from course_lib.exercises.limits import run_limited
from course_lib.exercises.output import LimitedOutput
from course_lib.exercises.running import Result, outcome_of
from course_lib.exercises.sizes import sizes_of

__all__ = ["diagnose"]

# An exercise that declares itself slower than this is not run again with other arguments.
_QUICK = 5.0
_STRONG = (constant, factor, difference, function, clamped, order)
_WEAK = (proportion, nearly)


@dataclass(frozen=True)
class _View:
    """One side of an answer that can be related: its words, what was expected on each input, and what came."""

    subject: str
    want: Sequence[Any]
    got: Sequence[Any]


def diagnose(
    exercise: Exercise,
    answer: Any,
    cases: Sequence[Case],
    expected: Sequence[Result],
    results: Sequence[Result],
) -> str | None:
    """A sentence on what the results have to do with the expected ones, or None.

    It runs silently and under the exercise's time limit: the reference gets arguments that it was not made for, and
    the answer is run again to find an argument that it ignores.

    Args:
        exercise, answer: the exercise and the student's answer.
        cases, expected, results: the inputs, what the reference gave and what the answer gave.
    """
    if not callable(exercise.reference) or exercise.judge is not None:
        return None
    with LimitedOutput() as silenced:
        outcome = run_limited(
            lambda: _diagnose(exercise, answer, cases, expected, results),
            exercise.time_limit,
            on_start=silenced.watch,
        )
    return outcome.value


def _diagnose(exercise, answer, cases, expected, results) -> str | None:
    views = _views(expected, results)
    for view in views:
        if sentence := _misplaced(view) or _related(exercise, cases, view, _STRONG):
            return sentence
    if any(one.failure is not None or one.rejected is not None for one in results) or not _alike(views[-1]):
        return None
    quick = exercise.time_limit <= _QUICK
    if quick and (sentence := _called(exercise, answer, cases, expected, results)):
        return sentence
    if sentence := right_but_for_holes(exercise, cases, expected, results):
        return sentence
    if quick and (sentence := _ignored(exercise, answer, cases, expected, results)):
        return sentence
    found = (_related(exercise, cases, view, _WEAK) for view in views)
    return next((one for one in found if one), None)


def _views(expected, results) -> list[_View]:
    """What the answer itself returned, where a probe stands between, and the value that was compared."""
    views = []
    if all(one.returned and two.returned for one, two in zip(expected, results, strict=True)):
        returned = [one.returned[0] for one in expected], [one.returned[0] for one in results]
        views.append(_View("What your function returns", *returned))
    if all(one.failure is None and one.rejected is None for one in results):
        if views and all(compare(one.value, one.returned[0], 0, 0) is None for one in (*expected, *results)):
            del views[0]
        views.append(_View("Your answer", [one.value for one in expected], [one.value for one in results]))
    return views


def _alike(view: _View) -> bool:
    """Whether numbers came where numbers are expected."""
    return not any(
        isinstance(pair, Difference)
        for got, want in zip(view.got, view.want, strict=True)
        for pair in pairs(got, want)
    )


# --- several results ----------------------------------------------------------------------------------------------


def _misplaced(view: _View) -> str | None:
    """The right results at other places: two exchanged, one alone, one among several."""
    want, got, first = view.want, view.got, view.want[0]
    if isinstance(first, tuple) and len(first) > 1:
        count = len(first)
        if all(isinstance(one, tuple | list) and len(one) == count for one in got):
            for i, j in itertools.combinations(range(count), 2):
                places = list(range(count))
                places[i], places[j] = j, i
                moved = [tuple(one[k] for k in places) for one in got]
                if _all_right(moved, want) and not _all_right(got, want):
                    return f"Results {i + 1} and {j + 1} have changed places {_on_all(len(got))}."
        if all(isinstance(one, Numbers) for one in got):
            for k in range(count):
                if _all_right(got, [one[k] for one in want]):
                    return f"{view.subject} is result {k + 1} alone; {count} results are asked for."
    elif isinstance(first, Numbers) and all(isinstance(one, tuple) and one for one in got):
        for k in range(min(len(one) for one in got)):
            if _all_right([one[k] for one in got], want):
                return f"Result {k + 1} of your {len(got[0])} is the expected one: return it alone."
    return None


def _all_right(got, want) -> bool:
    return all(compare(one, other) is None for one, other in zip(got, want, strict=True))


# --- relations between numbers ------------------------------------------------------------------------------------


def _related(exercise, cases, view: _View, relations) -> str | None:
    """The relations of all wrong results, if every one of them has one."""
    series = _by_place(exercise, cases, view)
    wrong = {place: one for place, one in series.items() if not one.is_right(exercise)}
    # A wrong gradient follows from a wrong value.
    values = {place: one for place, one in wrong.items() if "gradient" not in place} or wrong
    told = []
    for place, one in values.items():
        words = one.relation(relations, min(exercise.atol, 1e-6))
        if not words:
            return None
        subject = (
            view.subject if not place else f"Your {place}" if "," not in place else f"Your answer at {place}"
        )
        told.append(f"{subject} {words}")
    beside = "; the rest is right" if len(series) > 1 and len(wrong) == 1 else ""
    return ". ".join(told[:2]) + f"{beside}." if told else None


class _Place:
    """The numbers at one place of the result, over all inputs."""

    def __init__(self):
        self.got: list[Numbers] = []
        self.want: list[Numbers] = []
        self.sizes: list[dict[tuple[str, str], float]] = []

    def is_right(self, exercise) -> bool:
        tolerances = exercise.rtol, exercise.atol, exercise.single
        return all(
            compare(one, two, *tolerances) is None for one, two in zip(self.got, self.want, strict=True)
        )

    def relation(self, relations: Sequence[Callable], noise: float) -> str | None:
        got, want = [one.array for one in self.got], [one.array for one in self.want]
        single = any(one.single for one in self.got)
        tolerance = 1e-6 if not single else (1e-5 if all(one.single for one in self.want) else 2e-4)
        if any(one.shape != two.shape for one, two in zip(got, want, strict=True)):
            said = reshaped(got, want, tolerance, noise) if relations is _STRONG else None
            return f"{said} {_on_all(len(got))}" if said else None
        finite = [(np.isfinite(one), np.isfinite(two)) for one, two in zip(got, want, strict=True)]
        if any(bool((mine & ~right).any()) for mine, right in finite):
            return None  # a number where infinity is expected obeys no relation
        used = sum(bool((mine & right).any()) for mine, right in finite)
        holes = any(bool((~mine & right).any()) for mine, right in finite)
        where = f"on {used} of {len(got)} inputs, wherever it is a finite number" if holes else _on_all(used)
        series = Series(got, want, self.sizes, tolerance)
        for relation in relations:
            with np.errstate(all="ignore"):
                if said := relation(series):
                    return f"{said} {where}"
        return None


def _by_place(exercise, cases, view: _View) -> dict[str, _Place]:
    """What stands at each place of the result; nothing when the results are of another kind than expected."""
    places: dict[str, _Place] = {}
    for case, want, got in zip(cases, view.want, view.got, strict=True):
        for pair in pairs(got, want):
            if isinstance(pair, Difference):
                return {}
            where, mine, right = pair
            if right.array.dtype != complex:
                place = places.setdefault(where, _Place())
                place.got.append(mine)
                place.want.append(right)
                place.sizes.append(sizes_of(exercise, case))
    return places


def _on_all(count) -> str:
    return f"on all {count} inputs" if count > 1 else "on the input that was tried"


# --- other calls --------------------------------------------------------------------------------------------------


def _called(exercise, answer, cases, expected, results) -> str | None:
    """The right function, called with other arguments."""
    for words, other in called_otherwise(exercise, answer):
        if _gives(exercise, other, cases, expected, results):
            return f"Your answer is what the right function gives {words}, {_on_all(len(results))}."
    return None


def _gives(exercise, other, cases, expected, results) -> bool:
    tolerances = exercise.rtol, exercise.atol, exercise.single
    telling = 0
    for case, want, got in zip(cases, expected, results, strict=True):
        if gaps(got, want):
            continue
        mine = outcome_of(exercise, other, case, want)
        if mine.failure is not None or mine.rejected is not None:
            return False
        if compare(got.value, mine.value, *tolerances) is not None:
            return False
        telling += compare(got.value, want.value, *tolerances) is not None
    return telling > 0


def _ignored(exercise, answer, cases, expected, results) -> str | None:
    """Arguments that the answer does not depend on at all, although the right function does."""

    def is_ignored(pairs) -> bool:
        moved = 0
        for other_reference, other_answer in pairs:
            for case, want, got in zip(cases, expected, results, strict=True):
                mine = outcome_of(exercise, other_answer, case, want)
                if mine.failure is not None or compare(mine.value, got.value, 0, 0) is not None:
                    return False
                right = outcome_of(exercise, other_reference, case, want)
                moved += right.failure is None and compare(right.value, want.value) is not None
        return moved > 1

    if any(gaps(got, want) for got, want in zip(results, expected, strict=True)):
        return None  # NaN stays NaN, whatever comes in
    ignored = [name for name, pairs in other_values(exercise, answer) if is_ignored(pairs)]
    if not ignored:
        return None
    *others, last = ignored
    names = f"{', '.join(others)} and {last}" if others else last
    return f"Your answer does not depend on {names}: with other values there, nothing changes."

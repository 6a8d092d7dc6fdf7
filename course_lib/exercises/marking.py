"""Marks one answer: runs it on fresh inputs, compares, recognises known mistakes. Shows and stores nothing."""

import copy
import linecache
import os
import random
import sys
import sysconfig
import zlib
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any

import numpy as np

from course_lib.exercises.comparison import Difference, brief, compare
from course_lib.exercises.exercise import Case, Exercise, Reject
from course_lib.exercises.limits import Stopped, run_limited
from course_lib.exercises.output import LimitedOutput

__all__ = ["Verdict", "copied", "mark", "outcome_of", "seed_for"]


@dataclass(frozen=True)
class Verdict:
    """What came of one answer.

    ``kind``: "passed", "stub", "nothing" (returns None), "exception", "shape", "type", "nan", "value", "rejected"
    (a sentence of the bank), "mistake" (a known one) or "endless". The other fields are texts for the card.
    """

    kind: str
    message: str = ""
    given: str = ""
    measured: str = ""
    expected: str = ""
    where: str = ""
    line: str = ""
    printed: str = ""

    @property
    def passed(self) -> bool:
        return self.kind == "passed"


@dataclass(frozen=True)
class _Result:
    """What one answer gave on one case: a value, a sentence of rejection, or an exception."""

    value: Any = None
    rejected: str | None = None
    error: BaseException | None = None
    nothing: bool = False


def seed_for(exercise_id: str, turn: int, base: int) -> list[int]:
    """The seed of one check: other inputs for each exercise, each turn and each session."""
    return [zlib.crc32(exercise_id.encode()), turn, base]


def mark(exercise: Exercise, answer: Any, seed) -> Verdict:
    """The verdict on one answer, for inputs drawn from ``seed``.

    Raises:
        Exception: only what is wrong with the exercise itself (its reference or its cases), never with the answer.
    """
    if answer is None or answer is Ellipsis:
        return Verdict("stub")
    if callable(exercise.reference) and not callable(answer):
        return Verdict(
            "type", measured=brief(answer), expected="a function: pass its name, without calling it"
        )
    with _own_randomness():
        cases = exercise.draw(seed)
        expected = [outcome_of(exercise, exercise.reference, case) for case in cases]
        for result in expected:
            if result.error is not None:
                raise result.error
        with LimitedOutput() as output:
            verdict = _mark_cases(exercise, answer, cases, expected, output)
    return replace(verdict, printed=output.replay())


def _mark_cases(exercise, answer, cases, expected, output):
    results: list[_Result] = []

    def work():
        for case in cases:
            results.append(outcome_of(exercise, answer, case))
            if results[-1].error is not None or results[-1].nothing:
                break

    outcome = run_limited(work, exercise.time_limit, on_start=output.watch)
    if outcome.timed_out:
        if outcome.left_behind:
            output.abandon()
        case = cases[min(len(results), len(cases) - 1)]
        message = (
            "It was stopped."
            if not outcome.left_behind
            else (
                "It could not be stopped from outside: restart the kernel (menu Kernel, Restart) if it has become slow."
            )
        )
        return Verdict("endless", message=message, given=_given(case), line=_line(outcome.stuck_at or []))
    if outcome.error is not None:
        raise outcome.error
    last = results[-1]
    if last.nothing:
        return Verdict("nothing")
    if last.error is not None:
        places = _places(last.error)
        if isinstance(last.error, NotImplementedError) and _is_stub(last.error, places):
            return Verdict("stub")
        text = " ".join(str(last.error).split())
        text = f"{type(last.error).__name__}: {text}" if text else type(last.error).__name__
        return Verdict("exception", text[:400], given=_given(cases[len(results) - 1]), line=_line(places))
    return _judge(exercise, cases, expected, results)


def _judge(exercise, cases, expected, results) -> Verdict:
    found = None
    wrong = set()
    for index, (case, want, got) in enumerate(zip(cases, expected, results, strict=True)):
        verdict = _verdict(exercise, case, want, got)
        if verdict is not None:
            wrong.add(index)
            found = found or verdict
    if found is None:
        return Verdict("passed")
    sentence = _known_mistake(exercise, cases, expected, results, wrong)
    return replace(found, kind="mistake", message=sentence) if sentence else found


def _verdict(exercise, case: Case, want: _Result, got: _Result) -> Verdict | None:
    """What is wrong with one result, or None."""
    if got.rejected is not None:
        return (
            None if got.rejected == want.rejected else Verdict("rejected", got.rejected, given=_given(case))
        )
    if exercise.judge is not None:
        with np.errstate(all="ignore"):
            sentence = exercise.judge(got.value, want.value, *copied(case.args))
        return (
            None
            if sentence is None
            else Verdict("rejected", sentence, given=_given(case), measured=brief(got.value))
        )
    difference = compare(got.value, want.value, exercise.rtol, exercise.atol)
    return None if difference is None else _as_verdict(difference, case)


def _as_verdict(difference: Difference, case: Case) -> Verdict:
    return Verdict(
        difference.kind,
        given=_given(case),
        measured=difference.measured,
        expected=difference.expected,
        where=difference.where,
    )


def _known_mistake(exercise, cases, expected, results, wrong) -> str | None:
    """The sentence of the first mistake in the bank that is wrong where the answer is wrong, and in the same way."""
    for mistake in exercise.mistakes:
        for index, (case, want, got) in enumerate(zip(cases, expected, results, strict=True)):
            found = outcome_of(exercise, mistake.answer, case)
            is_wrong = found.error is not None or _verdict(exercise, case, want, found) is not None
            if is_wrong != (index in wrong) or (is_wrong and not _same(exercise, got, found)):
                break  # a slow exercise need not run it on the other cases
        else:
            return mistake.message
    return None


def _same(exercise, got: _Result, wanted: _Result) -> bool:
    if wanted.error is not None:
        return False
    if got.rejected is not None or wanted.rejected is not None:
        return got.rejected == wanted.rejected
    return compare(got.value, wanted.value, exercise.rtol, exercise.atol) is None


def outcome_of(exercise: Exercise, answer: Any, case: Case) -> _Result:
    """What an answer gives on a copy of one input; torch, NumPy and Python draw the same numbers for every answer."""
    nothing = False
    used = answer

    # A class must stay a class for the probe; a function is watched for returning nothing.
    if callable(answer) and not isinstance(answer, type):

        @wraps(answer, updated=())
        def used(*args, **kwargs):
            nonlocal nothing
            value = answer(*args, **kwargs)
            nothing = value is None or value is Ellipsis
            return value

    _seed_all(20)
    try:
        with np.errstate(all="ignore"):
            value = exercise.use(used, copied(case.args))
    except Stopped:
        raise
    except Reject as error:
        return _Result(rejected=str(error), nothing=nothing)
    except BaseException as error:
        return _Result(error=error, nothing=nothing)
    return _Result(value=value, nothing=nothing or value is None or value is Ellipsis)


def copied(value: Any) -> Any:
    """A copy that the answer may change: arrays, tensors and generators afresh, functions as they are."""
    if isinstance(value, tuple) and type(value) is tuple:
        return tuple(copied(entry) for entry in value)
    if type(value) is list:
        return [copied(entry) for entry in value]
    if type(value) is dict:
        return {key: copied(entry) for key, entry in value.items()}
    if hasattr(value, "detach") and hasattr(value, "requires_grad_") and hasattr(value, "clone"):
        return value.detach().clone().requires_grad_(value.requires_grad)
    if hasattr(value, "clone_state"):  # torch.Generator
        return value.clone_state()
    try:
        return copy.deepcopy(value)
    except Exception:  # what cannot be copied is passed as it is
        return value


class _own_randomness:
    """Leaves the notebook's random numbers where they were."""

    def __enter__(self):
        torch = sys.modules.get("torch")
        self.states = (
            random.getstate(),
            np.random.get_state(),  # noqa: NPY002
            torch.random.get_rng_state() if torch else None,
        )

    def __exit__(self, *_):
        random.setstate(self.states[0])
        np.random.set_state(self.states[1])  # noqa: NPY002
        if self.states[2] is not None:
            sys.modules["torch"].random.set_rng_state(self.states[2])


def _seed_all(seed: int):
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002  (the student's code may draw from the global state)
    if "torch" in sys.modules:
        sys.modules["torch"].default_generator.manual_seed(seed)


def _given(case: Case) -> str:
    if not case.args:
        return ""
    values = ", ".join(brief(value, 60) for value in case.args)
    return f"{case.label}: {values}" if case.label else values


def _places(error: BaseException) -> list[tuple[str, int]]:
    places = []
    traceback = error.__traceback__
    while traceback is not None:
        places.append((traceback.tb_frame.f_code.co_filename, traceback.tb_lineno))
        traceback = traceback.tb_next
    return places[::-1]


_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_LIBRARIES = tuple(
    {sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib", "purelib", "platlib")}
)


def _line(places) -> str:
    """The student's own line among the places (innermost first): ``line 3: return x.lgo()``."""
    for file, number in places:
        if not file.startswith((_PACKAGE, *_LIBRARIES)) and not file.startswith("<frozen"):
            text = linecache.getline(file, number).strip()
            return f"line {number}: {text}" if text else f"line {number}"
    return ""


def _is_stub(error, places) -> bool:
    return str(error) == "your turn" or _line(places).partition(": ")[2].startswith(
        "raise NotImplementedError"
    )

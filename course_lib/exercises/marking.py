"""Marks one answer: runs it on fresh inputs, compares, names the mistake. Shows and stores nothing."""

import warnings
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from course_lib.exercises.comparison import brief, compare
from course_lib.exercises.diagnosis import diagnose
from course_lib.exercises.exercise import Case, Exercise
from course_lib.exercises.flow import what_is_wrong
from course_lib.exercises.known import known_mistake
from course_lib.exercises.limits import Outcome, run_limited
from course_lib.exercises.lines import file_of, is_students, students_line
from course_lib.exercises.output import LimitedOutput
from course_lib.exercises.running import Failure, Result, copied, outcome_of, own_randomness
from course_lib.exercises.threads import left_behind

__all__ = ["Verdict", "copied", "mark", "outcome_of", "seed_for"]


_WITHOUT_NAME = {
    "nothing": "Nothing is returned.",
    "exception": "It stopped with an error.",
    "later": "What it returned stopped with an error.",
    "shape": "Another shape than the expected one.",
    "type": "Another kind of answer than the expected one.",
    "nan": "Not a number.",
    "value": "Another value than the expected one.",
    "relation": "Another value, of which the check could say how it differs.",
    "endless": "It did not end.",
    "memory": "It took too much memory.",
}


@dataclass(frozen=True)
class Verdict:
    """What came of one answer.

    ``kind``: "passed", "stub", "nothing" (returns None), "exception", "later" (what it returned raised when it was
    used), "shape", "type", "nan", "value", "rejected" (a sentence of the bank), "mistake" (a known one), "relation"
    (what the diagnosis saw), "changed" (an argument was not left as it was), "gradient", "endless" or "memory". The
    other fields are texts for the card; ``notes`` say what still runs.
    """

    kind: str
    message: str = ""
    given: str = ""
    measured: str = ""
    expected: str = ""
    where: str = ""
    line: str = ""
    share: str = ""
    printed: str = ""
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return self.kind == "passed"

    @property
    def mistake(self) -> str:
        """What a class is told of a wrong answer, without anything of the answer itself; '' where nothing is wrong."""
        if self.kind in ("passed", "stub"):
            return ""
        if self.kind in ("mistake", "rejected", "changed", "gradient"):
            return self.message.partition(": `")[0]  # an error's own words may hold what is the student's
        return _WITHOUT_NAME.get(self.kind, _WITHOUT_NAME["value"])


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
    with own_randomness(), warnings.catch_warnings():
        # A warning about the course's own code would show a path that the student has never seen.
        warnings.filterwarnings("ignore", module=r"course_lib(\.|$)")
        cases = exercise.draw(seed)
        expected = [_expected(exercise, case) for case in cases]
        with LimitedOutput() as output:
            attempt = _attempt(exercise, answer, cases, expected, output)
            verdict = _verdict_on(exercise, answer, cases, expected, attempt)
    return replace(verdict, printed=output.replay(), notes=attempt.outcome.threads)


def _expected(exercise, case) -> Result:
    result = outcome_of(exercise, exercise.reference, case)
    if result.failure is not None:
        raise RuntimeError(f"the reference of {exercise.id} stopped: {result.failure.text}")
    return result


@dataclass(frozen=True)
class _Attempt:
    """The results so far, how the work ended, and the kind of an answer that is no function where one is asked."""

    results: list[Result]
    outcome: Outcome
    odd: str = ""


def _attempt(exercise, answer, cases, expected, output) -> _Attempt:
    results: list[Result] = []
    odd = []

    def work():
        if callable(exercise.reference) and not callable(answer):
            odd.append(brief(answer))
            return
        for case, want in zip(cases, expected, strict=True):
            results.append(outcome_of(exercise, answer, case, want))
            ended = (
                results[-1].failure is not None and _where_it_stopped(exercise, want, results[-1]) != "after"
            )
            if ended or results[-1].nothing:
                break

    outcome = run_limited(work, exercise.time_limit, on_start=output.watch)
    if outcome.left_behind or left_behind():
        output.abandon()
    if outcome.error is not None:
        raise outcome.error
    return _Attempt(results, outcome, "".join(odd))


def _verdict_on(exercise, answer, cases, expected, attempt) -> Verdict:
    results, outcome, own_file = attempt.results, attempt.outcome, file_of(answer)
    if attempt.odd:
        asked = "a function: pass its name, without calling it"
        return Verdict("type", measured=attempt.odd, expected=asked)
    if outcome.timed_out:
        late = _late(exercise, cases[min(len(results), len(cases) - 1)], outcome, own_file)
        # A wrong value is told even when the machine was too busy for the inputs after it.
        sofar = _judge(exercise, answer, cases, expected, results)
        if sofar.passed:
            return late
        after = "On the input after that it was stopped: it did not end in time."
        return replace(sofar, message=f"{sofar.message} {after}".strip())
    last = results[-1]
    if last.nothing:
        return Verdict("nothing")
    if last.failure is not None:
        if last.failure.is_not_implemented and _is_stub(last.failure):
            return Verdict("stub")
        where = _where_it_stopped(exercise, expected[len(results) - 1], last)
        if where != "after":
            return Verdict(
                "exception" if where == "inside" else "later",
                last.failure.text,
                given=_given(cases[len(results) - 1]),
                line=students_line(last.failure.places, own_file),
            )
    return _judge(exercise, answer, cases, expected, results)


def _where_it_stopped(exercise: Exercise, want: Result, result: Result) -> str:
    """Where an error came from: "inside" the answer, "later" in something that the answer had returned, or "after" it,
    in what the check did with the value. An error of a later call comes "after" when the first call was wrong already.
    """
    failure, probe = result.failure, getattr(exercise.probe or exercise.judge, "__code__", None)
    if failure.inside and result.returned and compare(result.returned[0], want.returned[0]) is not None:
        return "after"
    if failure.inside or not result.returned:
        return "inside"
    own = None if probe is None else (probe.co_filename, probe.co_name)
    theirs = any(is_students(place.file) and (place.file, place.function) != own for place in failure.places)
    return "later" if theirs else "after"


def _is_stub(failure: Failure) -> bool:
    return failure.text.endswith("your turn") or students_line(failure.places).partition(": ")[2].startswith(
        "raise NotImplementedError"
    )


def _late(exercise, case, outcome: Outcome, own_file) -> Verdict:
    """The verdict on an answer that did not end."""
    kind = "memory" if outcome.swollen else "endless"
    if any(place.file.endswith(("frozen.py", "wording.py", "texts.py")) for place in outcome.stuck_at):
        message = (
            f"What your answer returned or raised could not be read within {exercise.time_limit:g} seconds."
        )
    elif kind == "memory":
        message = (
            "Your answer took more than 2 GB of memory and was stopped; does something in it grow for ever?"
        )
    else:
        message = f"Your answer did not end within {exercise.time_limit:g} seconds; is there an endless loop?"
        if outcome.computed is not None and outcome.computed < exercise.time_limit / 2:
            message = (
                f"Your answer had not ended after {outcome.elapsed:.0f} seconds, of which it computed for "
                f"{outcome.computed:.1f}: it waits for something, or this machine is busy with other things."
            )
    if outcome.left_behind:
        message += (
            f" It could not be stopped from outside: its thread `{outcome.left_behind}` is left behind. If the kernel "
            "has become slow, restart it (menu Kernel, Restart); nothing is lost."
        )
    return Verdict(kind, message, given=_given(case), line=students_line(outcome.stuck_at, own_file))


def _judge(exercise, answer, cases, expected, results: Sequence[Result]) -> Verdict:
    """The first thing that is wrong with the results, and the name of the mistake when it has one."""
    found = None
    wrong = set()
    for index, (case, want, got) in enumerate(zip(cases, expected, results, strict=False)):
        verdict = verdict_of(exercise, case, want, got)
        if verdict is not None:
            wrong.add(index)
            found = found or verdict
    if found is None:
        return Verdict("passed")
    seen = cases[: len(results)], expected[: len(results)], results
    if sentence := known_mistake(exercise, *seen, wrong, verdict_of):
        return replace(found, kind="mistake", message=sentence)
    if found.kind in ("value", "nan") and len(wrong) < len(results):
        found = replace(found, share=f"{len(results) - len(wrong)} of {len(results)} inputs")
    if found.kind in ("value", "nan", "shape", "type") and (sentence := diagnose(exercise, answer, *seen)):
        return replace(found, kind="relation", message=sentence)
    return found


def verdict_of(exercise: Exercise, case: Case, want: Result, got: Result) -> Verdict | None:
    """What is wrong with one result, or None."""
    if got.rejected is not None:
        if got.rejected == want.rejected:
            return None
        return replace(
            _returned(want, got) or Verdict(""), kind="rejected", message=got.rejected, given=_given(case)
        )
    if got.failure is not None:
        unusable = f"What your function returned could not be used further: `{got.failure.text}`."
        verdict = _returned(want, got) or Verdict("rejected", unusable)
        return replace(verdict, message=verdict.message or unusable, given=_given(case))
    if exercise.judge is not None:
        if got.judged is not None:
            return Verdict("rejected", got.judged, _given(case), brief(got.value), brief(want.value))
    else:
        difference = compare(got.value, want.value, exercise.rtol, exercise.atol, exercise.single)
        if difference is not None:
            return _as_verdict(difference, case)
    if got.changed:
        names = " and ".join(got.changed)
        message = (
            f"The values are right, but your function changes {names}, which must stay as it is: work on a "
            "copy (`.clone()`), and use no function that ends in an underscore, no `+=` and no assignment to entries."
        )
        return Verdict("changed", message, given=_given(case))
    if got.flow is not None:
        wrong = what_is_wrong(want.flow, got.flow, exercise.rtol, exercise.atol)
        if wrong is not None:
            sentence, difference = wrong
            verdict = Verdict("") if difference is None else _as_verdict(difference, case)
            return replace(verdict, kind="gradient", message=sentence, given=_given(case))
    return None


def _returned(want: Result, got: Result) -> Verdict | None:
    """How what the answer itself returned differs from what the reference returned, where a probe stands between."""
    for mine, right in zip(got.returned, want.returned, strict=False):
        difference = compare(mine, right)
        if difference is not None:
            return replace(_as_verdict(difference, Case(())), given="")
    return None


def _as_verdict(difference, case: Case) -> Verdict:
    return Verdict(
        difference.kind,
        given=_given(case),
        measured=difference.measured,
        expected=difference.expected,
        where=difference.where,
    )


def _given(case: Case) -> str:
    if not case.args:
        return ""
    values = ", ".join(brief(value, 60) for value in case.args)
    return f"{case.label}: {values}" if case.label else values

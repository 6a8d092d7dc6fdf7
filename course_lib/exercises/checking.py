"""``check``: marks an answer, shows a card, and gives back what the rest of the notebook runs on."""

import itertools
import os
import sys
from dataclasses import replace
from typing import Any

from course_lib.exercises import registry, store
from course_lib.exercises.cards import Card, card_for, note_card, show, unknown_card
from course_lib.exercises.marking import Verdict, mark, seed_for
from course_lib.exercises.texts import clean, error_text
from course_lib.exercises.threads import left_behind
from course_lib.exercises.wording import brief

__all__ = ["check"]

_turns = itertools.count()
_session = int.from_bytes(os.urandom(4), "little")


def check(exercise_id: str, answer: Any) -> Any:
    """Marks an answer to an exercise and shows a card; never raises because of the answer.

    The inputs are fresh at each call; the environment variable ``COURSE_SEED`` fixes them.

    Args:
        exercise_id: the exercise, such as ``"00.entropy"``.
        answer: what the exercise asks for: a function (not its result), a class, or a plain value.

    Returns:
        The answer when it passes, else the reference; the answer itself when there is no such exercise.
    """
    try:
        exercise = registry.find(exercise_id)
    except registry.UnknownExercise as error:
        show(unknown_card(error))
        return answer
    except Exception as error:
        show(_our_fault(exercise_id, error))
        return answer
    try:
        verdict = mark(exercise, answer, seed_for(exercise.id, next(_turns), _base_seed()))
        saved = _record(exercise, verdict)
        _print(verdict.printed)
        running = tuple(f"The thread {one} of an earlier answer still runs." for one in left_behind())
        notices = ((saved.notice,) if saved.notice else ()) + (verdict.notes or running)
        show(card_for(exercise, _discreet(exercise, verdict), had_passed=saved.had_passed, notices=notices))
    except Exception as error:
        show(_our_fault(exercise_id, error))
        return exercise.reference
    return answer if verdict.passed else exercise.reference


def _record(exercise, verdict: Verdict) -> store.Saved:
    """Keeps the verdict; whatever goes wrong with that, the verdict stands."""
    try:
        return store.record(
            exercise.id,
            passed=verdict.passed,
            attempted=verdict.kind != "stub",
            mistake=verdict.mistake,
        )
    except Exception as error:
        return store.Saved(notice=f"This could not be recorded in your progress ({error_text(error, 200)}).")


def _base_seed() -> int:
    asked = os.environ.get("COURSE_SEED", "").strip()
    return int(asked) if asked.isdecimal() else _session


def _discreet(exercise, verdict: Verdict) -> Verdict:
    """A wrong prediction must not be told the answer."""
    if callable(exercise.reference) or verdict.kind == "type":
        return verdict
    return replace(verdict, expected="")


def _our_fault(exercise_id, error) -> Card:
    return note_card(
        f"The check of {brief(exercise_id)} failed",
        "This is a fault of the course and not of your answer; please report it.",
        (f"`{error_text(error, 300)}`",),
    )


def _print(text: str):
    if text:
        sys.stdout.write(clean(text if text.endswith("\n") else text + "\n", 4000))

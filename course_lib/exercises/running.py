"""Runs one answer on one case, and keeps a plain copy of what came of it."""

import copy
import random
import sys
from dataclasses import dataclass
from functools import wraps
from typing import Any

import numpy as np

from course_lib.exercises.comparison import compare
from course_lib.exercises.exercise import Case, Exercise, Reject
from course_lib.exercises.flow import Flow, flow_of
from course_lib.exercises.frozen import Opaque, freeze
from course_lib.exercises.stopping import Stopped
from course_lib.exercises.texts import clean, error_text, safely
from course_lib.places import Place, places_of

__all__ = ["Failure", "Result", "copied", "outcome_of", "own_randomness"]

_RETURNS_KEPT = 2


@dataclass(frozen=True)
class Failure:
    """An exception: its text, where it came through, and whether the answer itself was running (``inside``)."""

    text: str
    places: tuple[Place, ...]
    inside: bool
    is_not_implemented: bool = False


@dataclass(frozen=True)
class Result:
    """What one answer gave on one case.

    ``value`` is frozen (see ``frozen``), and so is ``returned``: what the answer itself returned at its first calls,
    which is something else when a probe makes the value. ``judged`` is the judge's sentence.
    """

    value: Any = None
    raw: Any = None
    returned: tuple = ()
    rejected: str | None = None
    judged: str | None = None
    failure: Failure | None = None
    nothing: bool = False
    changed: tuple[str, ...] = ()
    flow: Flow | None = None


def outcome_of(exercise: Exercise, answer: Any, case: Case, want: Result | None = None) -> Result:
    """What an answer gives on a copy of one input; torch, NumPy and Python draw the same numbers for every answer.

    ``want``, the reference's result, is for an exercise with a judge. Never raises because of the answer, except for
    the exception that stops it when its time is up.
    """
    watched = _Watched(answer)
    seed_all(20)
    args = copied(case.args)
    try:
        with np.errstate(all="ignore"):
            value = exercise.use(watched.answer, args)
        result = Result(
            freeze(value),
            raw=value if want is None else None,
            returned=tuple(watched.returned),
            nothing=watched.nothing or value is None or value is Ellipsis,
            judged=_judged(exercise, value, want, case),
            changed=_changed(exercise, case.args, args),
        )
    except Stopped:
        raise
    except BaseException as error:
        rejected = clean(_reason(error), 1000) if isinstance(error, Reject) else None
        return Result(
            returned=tuple(watched.returned),
            nothing=watched.nothing,
            rejected=rejected,
            failure=None
            if rejected is not None
            else Failure(
                error_text(error), places_of(error), watched.running, isinstance(error, NotImplementedError)
            ),
        )
    if not exercise.gradient or result.nothing:
        return result
    seed_all(20)
    return Result(**{**vars(result), "flow": flow_of(exercise, answer, case, copied)})


def _reason(error: Reject) -> str:
    return safely(lambda: str(error), "(no reason)")


class _Watched:
    """The answer with a witness: what it returned, and whether it is running. A class stays a class for the probe."""

    def __init__(self, answer):
        self.returned = []
        self.nothing = False
        self.running = False
        self.answer = answer
        if safely(lambda: callable(answer) and not issubclass(type(answer), type), False):

            def used(*args, **kwargs):
                self.running = True
                value = answer(*args, **kwargs)
                self.running = False
                self.nothing = value is None or value is Ellipsis
                if len(self.returned) < _RETURNS_KEPT:
                    self.returned.append(freeze(value))
                return value

            self.answer = safely(lambda: wraps(answer, updated=())(used), used)


def _judged(exercise, value, want, case):
    if exercise.judge is None or want is None:
        return None
    with np.errstate(all="ignore"):
        return exercise.judge(value, want.raw, *copied(case.args))


def _changed(exercise, before, after) -> tuple[str, ...]:
    """The arguments that the answer has changed although they must stay as they are."""
    return tuple(
        exercise.name_of(index)
        for index, (old, new) in enumerate(zip(before, after, strict=True))
        if exercise.asks("keeps", index) and not _equal(old, new)
    )


def _equal(old, new) -> bool:
    torch = sys.modules.get("torch")
    tensors = torch is not None and type(old) is type(new) is torch.Tensor and old.shape == new.shape
    if tensors and torch.equal(old, new):  # much quicker than what follows, which knows NaN
        return True
    old, new = freeze(old), freeze(new)
    return compare(new, old, rtol=0.0, atol=0.0) is None if _is_data(old) else True


def _is_data(frozen) -> bool:
    """Whether it is numbers and texts all through; other objects are not looked into."""
    if isinstance(frozen, tuple | list):
        return all(map(_is_data, frozen))
    if isinstance(frozen, dict):
        return all(map(_is_data, frozen.values()))
    return not isinstance(frozen, Opaque)


def copied(value: Any) -> Any:
    """A copy that the answer may change: arrays, tensors and generators afresh, functions as they are."""
    if type(value) is tuple:
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


class own_randomness:
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


def seed_all(seed: int):
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002  (the student's code may draw from the global state)
    if "torch" in sys.modules:
        sys.modules["torch"].default_generator.manual_seed(seed)

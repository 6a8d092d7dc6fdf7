"""Finds exercises by their id; imports only the bank file that is asked for."""

import difflib
import importlib
import pkgutil
import re
from functools import cache

from .exercise import Exercise

__all__ = ["UnknownExercise", "bank_names", "find", "load_bank", "notebook_of"]

_BANK = "course_lib.exercises.bank"


class UnknownExercise(LookupError):
    """No bank file has this id. ``near`` lists ids that look like it."""

    def __init__(self, exercise_id, near: list[str]):
        super().__init__(f"No exercise is called {exercise_id!r}.")
        self.exercise_id = exercise_id
        self.near = near


@cache
def bank_names() -> dict[str, str]:
    """The notebook's two digits to the name of its bank file, without importing any.

    >>> bank_names()["00"]
    'nb00_start_here'
    """
    path = importlib.import_module(_BANK).__path__
    names = sorted(module.name for module in pkgutil.iter_modules(path))
    return {match[1]: name for name in names if (match := re.fullmatch(r"nb(\d\d)_\w+", name))}


def notebook_of(exercise_id: str) -> str:
    """The name of the notebook that an exercise belongs to, ``"00_start_here"`` for ``"00.entropy"``."""
    return bank_names()[exercise_id[:2]].removeprefix("nb")


def load_bank(digits: str):
    """The module of one bank file; it has ``TITLE`` and ``EXERCISES``."""
    return importlib.import_module(f"{_BANK}.{bank_names()[digits]}")


def find(exercise_id: str) -> Exercise:
    """The exercise with this id.

    Raises:
        UnknownExercise: no bank file has it.
    """
    digits = str(exercise_id)[:2]
    if isinstance(exercise_id, str) and digits in bank_names():
        for exercise in load_bank(digits).EXERCISES:
            if exercise.id == exercise_id:
                return exercise
    raise UnknownExercise(exercise_id, _near(str(exercise_id)))


def _near(wanted: str) -> list[str]:
    known = [exercise.id for digits in bank_names() for exercise in load_bank(digits).EXERCISES]
    near = difflib.get_close_matches(wanted, known, n=3, cutoff=0.65)
    # The name alone often says what is meant when only the number is wrong or missing.
    name = wanted.rpartition(".")[2]
    near += [
        one for one in known if one not in near and difflib.SequenceMatcher(None, name, one[3:]).ratio() > 0.8
    ]
    return near[:3]

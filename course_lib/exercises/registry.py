"""Finds exercises by their id; imports only the lesson that is asked for."""

import difflib
import importlib
from functools import cache

from course_lib.catalog import Lesson, find_lessons
from course_lib.exercises.exercise import Exercise

__all__ = ["UnknownExercise", "exercises_of", "find", "lesson_of", "lessons_with_exercises"]


class UnknownExercise(LookupError):
    """No lesson has this id. ``near`` lists ids that look like it."""

    def __init__(self, exercise_id, near: list[str]):
        super().__init__(f"No exercise is called {repr(exercise_id)[:100]}.")
        self.exercise_id = exercise_id
        self.near = near


@cache
def lessons_with_exercises() -> dict[str, Lesson]:
    """The lessons that have exercises by their two digits, without importing any.

    >>> lessons_with_exercises()["00"].name
    '00_start_here'
    """
    return {lesson.number: lesson for lesson in find_lessons() if lesson.exercises.is_file()}


def lesson_of(exercise_id: str) -> Lesson:
    """The lesson that an exercise belongs to."""
    return lessons_with_exercises()[exercise_id[:2]]


def exercises_of(number: str) -> tuple[Exercise, ...]:
    """The exercises of one lesson, in the order of its file.

    Args:
        number: the lesson's two digits.
    """
    module = importlib.import_module(f"{lessons_with_exercises()[number].package}.exercises")
    return tuple(value for value in vars(module).values() if isinstance(value, Exercise))


def find(exercise_id: str) -> Exercise:
    """The exercise with this id.

    Raises:
        UnknownExercise: no lesson has it.
    """
    digits = str(exercise_id)[:2]
    if isinstance(exercise_id, str) and digits in lessons_with_exercises():
        for exercise in exercises_of(digits):
            if exercise.id == exercise_id:
                return exercise
    raise UnknownExercise(exercise_id, _near(str(exercise_id)[:100]))


def _near(wanted: str) -> list[str]:
    known = [exercise.id for digits in lessons_with_exercises() for exercise in exercises_of(digits)]
    near = difflib.get_close_matches(wanted, known, n=3, cutoff=0.65)
    # The name alone often says what is meant when only the number is wrong or missing.
    name = wanted.rpartition(".")[2]
    near += [
        one for one in known if one not in near and difflib.SequenceMatcher(None, name, one[3:]).ratio() > 0.8
    ]
    return near[:3]

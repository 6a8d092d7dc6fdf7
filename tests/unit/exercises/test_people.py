"""Wrong answers that people gave in public threads, in our own words: none passes, and what is named is named rightly.

They stand in ``people/lesson_NN.py``, as (exercise, answer, words): the words are a regular expression, of which some
part must stand in a true name. Those in ``NAMED`` must get it; those in ``UNNAMED`` may be refused without a name.

Every answer must be refused for 20 seeds, and its name be right: for each of these where it is named, and for 3 of
them where it is not (all that could name it is tried in vain then). An exercise that declares itself slow has 2.
"""

import re
import runpy
from pathlib import Path

import pytest

from course_lib.exercises import registry
from course_lib.exercises.marking import mark, outcome_of, verdict_of

LESSONS = {
    path.stem: runpy.run_path(str(path))
    for path in sorted((Path(__file__).parent / "people").glob("lesson_*.py"))
}
ANSWERS = [
    pytest.param(*entry, named, id=f"{entry[0]}-{'named' if named else 'unnamed'}-{number}")
    for lesson in LESSONS.values()
    for named in (True, False)
    for number, entry in enumerate(lesson["NAMED" if named else "UNNAMED"])
]
SEEDS = 20
# A card of one of these kinds says what came and what was expected, and names nothing.
WITHOUT_NAME = ("value", "nan", "shape", "type")


def name_of(verdict) -> str:
    """What the card says of the mistake, '' when it only says that the answer is wrong."""
    plain = verdict.kind in WITHOUT_NAME or verdict.message.startswith("Expected ")
    return "" if plain else verdict.message


def refused(exercise, answer, seed) -> bool:
    cases = exercise.draw([seed, 5])
    for case in cases:
        want = outcome_of(exercise, exercise.reference, case)
        if verdict_of(exercise, case, want, outcome_of(exercise, answer, case, want)) is not None:
            return True
    return False


# What torch says about old spellings is no news here.
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("exercise_id", "answer", "words", "named"), ANSWERS)
def test_a_wrong_answer_gets_its_true_name_or_none(exercise_id, answer, words, named):
    exercise = registry.find(exercise_id)
    seeds = SEEDS if exercise.time_limit <= 10 else 2
    for seed in range(seeds):
        if not named and seed >= 3:
            assert refused(exercise, answer, seed), seed
            continue
        verdict = mark(exercise, answer, [seed, 5])
        assert not verdict.passed, seed
        name = name_of(verdict)
        assert name or not named, (seed, verdict)
        assert not name or re.search(words, name, re.IGNORECASE), (seed, name)


def test_four_of_five_are_named():
    named = sum(len(lesson["NAMED"]) for lesson in LESSONS.values())
    unnamed = sum(len(lesson["UNNAMED"]) for lesson in LESSONS.values())
    assert named + unnamed >= 120
    assert named / (named + unnamed) >= 0.8


def test_every_lesson_with_exercises_has_its_table():
    known = {
        exercise_id
        for lesson in LESSONS.values()
        for name in ("NAMED", "UNNAMED")
        for exercise_id, *_ in lesson[name]
    }
    lessons = {name.removeprefix("lesson_") for name in LESSONS}
    asked = {
        exercise.id
        for number in lessons
        for exercise in registry.exercises_of(number)
        if exercise.time_limit <= 10
    }
    assert asked <= known

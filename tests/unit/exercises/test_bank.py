"""Every exercise of every lesson keeps what exercises promise."""

import pytest

from course_lib.exercises import registry
from course_lib.exercises.comparison import compare
from course_lib.exercises.marking import copied, mark, outcome_of, verdict_of

EXERCISES = [
    exercise for digits in registry.lessons_with_exercises() for exercise in registry.exercises_of(digits)
]
IDS = [exercise.id for exercise in EXERCISES]
SEEDS = ([0, 0], [1, 20], [2, 7])


# An exercise whose time limit is above the five seconds of all others declares itself slow.
SLOW = [exercise for exercise in EXERCISES if exercise.time_limit > 5]


def seeds_of(exercise) -> int:
    """How many seeds each wrong variant is tried with: 200 for a formula, 40 where something is trained or
    differentiated, 2 for an exercise that declares itself slow."""
    if exercise in SLOW:
        return 2
    return 200 if exercise.probe is None and not exercise.gradient else 40


def each(function):
    return pytest.mark.parametrize("exercise", EXERCISES, ids=IDS)(function)


def test_ids_are_unique_and_carry_their_notebooks_number():
    assert len(set(IDS)) == len(IDS)
    for digits in registry.lessons_with_exercises():
        assert all(exercise.id.startswith(f"{digits}.") for exercise in registry.exercises_of(digits))


@each
def test_an_exercise_has_three_mistakes_two_hints_and_a_reason_for_its_tolerance(exercise):
    assert len(exercise.mistakes) >= 3
    assert len({mistake.message for mistake in exercise.mistakes}) >= 3
    assert len(exercise.hints) >= 2
    assert exercise.tolerance_reason
    assert exercise.minutes > 0


@each
def test_the_reference_passes(exercise):
    for seed in SEEDS:
        assert mark(exercise, exercise.reference, seed).kind == "passed", seed


@each
def test_each_mistake_gets_its_own_message(exercise):
    for seed in SEEDS[:1] if exercise in SLOW else SEEDS:
        for mistake in exercise.mistakes:
            verdict = mark(exercise, mistake.answer, seed)
            assert verdict.kind in ("mistake", "rejected"), (seed, mistake.message, verdict)
            assert verdict.message == mistake.message, seed


@each
def test_no_variant_passes_whatever_the_seed(exercise):
    for seed in range(seeds_of(exercise)):
        cases = exercise.draw([seed, 3])
        expected = [outcome_of(exercise, exercise.reference, case) for case in cases]
        for mistake in exercise.mistakes:
            assert any(
                verdict_of(exercise, case, want, outcome_of(exercise, mistake.answer, case, want)) is not None
                for case, want in zip(cases, expected, strict=True)
            ), (seed, mistake.message)


@each
def test_a_stub_is_not_started(exercise):
    def stub(*_args, **_keywords):
        raise NotImplementedError("your turn")

    class StubClass:
        def __init__(self, *_args, **_keywords):
            raise NotImplementedError("your turn")

    stubs = {True: (None, ...), False: (StubClass if isinstance(exercise.reference, type) else stub, None)}
    for answer in stubs[not callable(exercise.reference)]:
        assert mark(exercise, answer, SEEDS[0]).kind == "stub"


@each
def test_no_answer_of_the_bank_changes_its_inputs(exercise):
    if not callable(exercise.reference):
        pytest.skip("a plain value has no inputs")
    for case in exercise.draw(SEEDS[0]):
        before = copied(case.args)
        exercise.use(exercise.reference, case.args)
        if compare_args(case.args, before) is not None:
            pytest.fail(f"the reference changes its input: {case}")


def compare_args(after, before):
    """Compares what can be compared; functions, distributions and the like are looked through by identity."""
    for one, other in zip(after, before, strict=True):
        try:
            difference = compare(one, other, rtol=0.0, atol=0.0)
        except (RuntimeError, ValueError, TypeError):
            continue
        if difference is not None and (difference.kind in ("shape", "nan") or is_data(one)):
            return difference
    return None


def is_data(value):
    if isinstance(value, tuple | list):
        return all(map(is_data, value))
    return isinstance(value, int | float | str) or (hasattr(value, "shape") and hasattr(value, "dtype"))


@each
def test_inputs_are_fresh_with_each_seed_and_repeat_with_the_same(exercise):
    if not callable(exercise.reference):
        pytest.skip("a plain value has no inputs")
    first, again, other = (exercise.draw(seed) for seed in ([0, 0], [0, 0], [1, 1]))
    assert all(compare_args(a.args, b.args) is None for a, b in zip(first, again, strict=True))
    differs = len(first) != len(other) or any(
        compare_args(a.args, b.args) for a, b in zip(first, other, strict=True)
    )
    # Inputs that are no data (functions, distributions) must be told apart by what the reference makes of them.
    if not differs:
        differs = any(
            compare(exercise.use(exercise.reference, a.args), exercise.use(exercise.reference, b.args))
            for a, b in zip(first, other, strict=True)
        )
    assert differs, "a hard-coded answer would pass"

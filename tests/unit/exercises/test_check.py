"""Each kind of answer gets its card; the notebook goes on with the right function; nothing is raised."""

import itertools
import random
import re
import sys
import time
import warnings

import numpy as np
import pytest
import torch

from course_lib.exercises import check, marking, registry
from course_lib.exercises.exercise import Case, Exercise, Mistake, Reject

# The name ``course_lib.exercises.checking`` is the function.
check_module = sys.modules["course_lib.exercises.checking"]


def double(x):
    return 2 * x


def exercise_with(**changes):
    fields = {
        "id": "99.double",
        "title": "Twice",
        "reference": double,
        "cases": lambda rng: [Case((torch.zeros(2),), "zeros"), (torch.from_numpy(rng.normal(size=3)),)],
        "mistakes": (
            Mistake(lambda x: x, "This is x itself."),
            Mistake(lambda x: x * x, "This is the square."),
            Mistake(lambda x: -2 * x, "The sign is turned round."),
        ),
        "hints": ("First.", "Second."),
        "time_limit": 5.0,
    }
    return Exercise(**(fields | changes))


@pytest.fixture
def bank(monkeypatch):
    """Puts one exercise in the place of the bank; returns a function that changes it."""

    def put(**changes):
        exercise = exercise_with(**changes)
        monkeypatch.setattr(registry, "find", lambda _: exercise)
        return exercise

    put()
    return put


def the_card(shown):
    assert len(shown) == 1
    assert re.match(r'<div class="course-card [^"]+" style="[^"]+" role="status">', shown[0]._repr_html_())
    return repr(shown[0])


def test_a_right_answer_passes_and_is_carried_on(bank, shown):
    def mine(x):
        return x + x

    assert check("99.double", mine) is mine
    assert "Passed" in the_card(shown)
    assert "your own function" in the_card(shown)


@pytest.mark.parametrize("answer", [None, ..., lambda x: None, lambda x: ...])
def test_an_empty_answer_is_not_started_and_the_reference_is_carried_on(bank, shown, answer):
    assert check("99.double", answer) is double
    assert "Not started" in the_card(shown)
    assert "reference function" in the_card(shown)


def test_a_stub_is_not_started_and_says_how_long_it_takes(bank, shown):
    def stub(x):
        raise NotImplementedError("your turn")

    assert check("99.double", stub) is double
    assert "Not started" in the_card(shown)
    assert "about 5 minutes" in the_card(shown)


def test_an_exception_is_told_with_the_students_own_line(bank, shown):
    def broken(x):
        y = x + 1
        return torch.linalg.inv(y)  # fails inside the library

    assert check("99.double", broken) is double
    card = the_card(shown)
    assert "LinAlg" in card or "RuntimeError" in card
    assert "return torch.linalg.inv(y)  # fails inside the library" in card


def test_not_implemented_in_a_library_is_an_exception_and_not_a_stub(bank, shown):
    def broken(x):
        return torch.distributions.Distribution(validate_args=False).mean + x

    check("99.double", broken)
    assert "NotImplementedError" in the_card(shown)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda x: 2 * x[:, None], "shape"),
        (lambda x: x * float("nan"), "NaN"),
        (lambda x: 3 * x, "the expected one times 3/2"),
        (lambda x: x.sin() - 0.3 * x, "not the expected one"),
        (lambda x: "text", "kind of answer"),
        (3.0, "kind of answer"),
        (lambda x: x, "This is x itself."),
        (lambda x: x**2, "This is the square."),
        (lambda: 1, "TypeError"),
        (lambda x: exit(), "SystemExit"),
    ],
)
def test_each_way_to_be_wrong_has_its_own_text(bank, shown, answer, words):
    assert check("99.double", answer) is double
    assert "Not yet right" in the_card(shown)
    assert words in the_card(shown)


def test_a_wrong_value_shows_measured_expected_and_input(bank, shown):
    bank(cases=lambda rng: [Case((torch.tensor([1.0, 2.0]),), "two numbers")])
    check("99.double", lambda x: torch.tensor([2.0, 5.0]))
    card = the_card(shown)
    for words in ("two numbers: [1, 2]", "Yours (entry [1])", "5", "Expected (entry [1])", "4"):
        assert words in card


def test_two_faults_at_once_are_not_called_a_known_mistake(bank, shown):
    # Like the square on the second case only.
    check("99.double", lambda x: x * x if x.dtype == torch.float64 else x + 1)
    assert "square" not in the_card(shown)


def test_a_hard_coded_answer_fails_at_the_next_check(bank, shown):
    inputs = []
    check("99.double", lambda x: inputs.append(x) or 2 * x)
    frozen = iter(itertools.cycle([2 * x for x in inputs]))
    check("99.double", lambda x: next(frozen))
    assert "Passed" in repr(shown[0])
    assert "Not yet right" in repr(shown[1])


def test_course_seed_makes_the_inputs_repeat(bank, shown, monkeypatch):
    monkeypatch.setenv("COURSE_SEED", "7")
    seen = []
    for _ in range(2):
        monkeypatch.setattr(check_module, "_turns", itertools.count())
        check("99.double", lambda x: seen.append(x) or x)
    assert torch.equal(seen[1], seen[3])
    assert repr(shown[0]) == repr(shown[1])


def test_an_endless_loop_is_stopped_and_said(bank, shown):
    bank(time_limit=0.1)

    def endless(x):
        while True:
            x = x + 1

    assert check("99.double", endless) is double
    assert "did not end within 0.1 seconds" in the_card(shown)
    assert "zeros" in the_card(shown)
    assert "x = x + 1" in the_card(shown) or "while True" in the_card(shown)


def test_printing_in_a_loop_does_not_flood_the_page(bank, shown, capsys):
    def loud(x):
        for number in range(100_000):
            print("line", number)
        return 2 * x

    streams = sys.stdout, sys.stderr
    assert check("99.double", loud) is loud
    printed = capsys.readouterr().out
    assert printed.startswith("line 0\n")
    assert len(printed.splitlines()) < 50
    assert "the rest is not shown" in printed
    assert (sys.stdout, sys.stderr) == streams


def spoils(x):
    result = 2 * x
    x.zero_()
    return result


def test_answers_get_copies_of_the_inputs(bank, shown):
    fixed = torch.ones(2)
    bank(cases=lambda rng: [(fixed,)], keeps=False)
    assert check("99.double", spoils) is spoils
    assert torch.equal(fixed, torch.ones(2))


def test_an_answer_leaves_its_arguments_as_they_are(bank, shown):
    bank(cases=lambda rng: [(torch.ones(2),)])
    assert check("99.double", spoils) is double
    assert "changes `x`, which must stay as it is" in the_card(shown)


def test_the_notebooks_random_numbers_are_left_alone(bank, shown):
    torch.manual_seed(1), np.random.seed(1), random.seed(1)  # noqa: NPY002
    expected = torch.rand(1), np.random.rand(), random.random()  # noqa: NPY002
    torch.manual_seed(1), np.random.seed(1), random.seed(1)  # noqa: NPY002
    check("99.double", lambda x: torch.rand(3) + np.random.rand() + random.random())  # noqa: NPY002
    assert (torch.rand(1), np.random.rand(), random.random()) == expected  # noqa: NPY002


def test_a_probe_asks_for_gradients_and_its_rejection_is_a_message(bank, shown):
    def probe(answer, x):
        x = x.requires_grad_(True)
        value = answer(x).sum()
        if not value.requires_grad:
            raise Reject("The loss carries no gradient.")
        return torch.autograd.grad(value, x)[0]

    bank(
        probe=probe,
        mistakes=(
            *exercise_with().mistakes,
            Mistake(lambda x: 2 * x.detach(), "The loss carries no gradient."),
        ),
    )
    assert check("99.double", double) is double
    check("99.double", lambda x: (2 * x).detach())
    assert "Passed" in repr(shown[0])
    assert "The loss carries no gradient." in repr(shown[1])


def test_a_judge_accepts_every_right_answer(bank, shown):
    def judge(measured, expected, x):
        return None if torch.allclose(measured**2, 4 * x**2) else "The square is not 4 x²."

    bank(judge=judge)

    def other_sign(x):
        return -2 * x

    assert check("99.double", other_sign) is other_sign
    check("99.double", lambda x: 3 * x + 1)
    assert "The square is not 4 x²." in repr(shown[1])
    assert "Yours     [1, 1]" in repr(shown[1])
    assert "Expected  [0, 0]" in repr(shown[1])


def test_a_class_and_a_function_that_returns_a_function(bank, shown):
    class Doubler:
        def __call__(self, x):
            return 2 * x

    class Stub:
        def __init__(self):
            raise NotImplementedError("your turn")

    bank(reference=Doubler, probe=lambda answer, x: answer()(x), mistakes=())
    assert check("99.double", Stub) is Doubler
    assert check("99.double", lambda: lambda x: x + x) is not Doubler
    assert "Not started" in repr(shown[0])
    assert "Passed" in repr(shown[1])


def test_a_prediction_is_compared_and_a_wrong_one_is_not_told_the_answer(bank, shown):
    bank(reference="inclusive", cases=None, mistakes=(Mistake("exclusive", "Look where the mass is."),))
    assert check("99.double", " Inclusive") == " Inclusive"
    assert check("99.double", "exclusive") == "inclusive"
    assert check("99.double", "neither") == "inclusive"
    assert check("99.double", ...) == "inclusive"
    assert "Look where the mass is." in repr(shown[1])
    assert all("inclusive" not in repr(card).casefold().replace("'", "") for card in shown[1:])


def test_an_unknown_id_lists_near_ones(shown):
    def mine(p):
        return p

    assert check("00.entropi", mine) is mine
    assert "00.entropy" in the_card(shown)
    check(7, mine)
    assert "Unknown exercise" in repr(shown[1])


def test_a_fault_of_the_bank_is_said_and_not_raised(bank, shown):
    bank(reference=lambda x: 1 / 0)
    check("99.double", double)
    assert "fault of the course" in the_card(shown)


def test_a_pass_is_kept_when_a_later_version_is_wrong(bank, shown):
    check("99.double", double)
    assert check("99.double", lambda x: x) is double
    assert "You had passed it before" in repr(shown[1])
    check("99.double", double)
    assert "Passed" in repr(shown[2])


def test_open_and_passed_cards_repeat_letter_by_letter(bank, shown):
    for answer in (None, double, None, double):
        check("99.double", answer)
        time.sleep(0.001)
    html = [card._repr_html_() for card in shown]
    assert html[1] == html[3]
    assert shown[0].word == "Not started"


def test_the_students_words_are_escaped(bank, shown):
    def attack(x):
        raise ValueError("<script>alert(1)</script>")

    check("99.double", attack)
    assert "<script>" not in shown[0]._repr_html_()
    assert "<script>" in repr(shown[0])


def test_the_banks_words_are_escaped_and_backticks_are_code(bank, shown):
    bank(mistakes=(Mistake(lambda x: x, "Here `x < 0` & more."),))
    check("99.double", lambda x: x)
    assert "Here <code>x &lt; 0</code> &amp; more." in shown[0]._repr_html_()


def test_each_answer_draws_the_same_random_numbers():
    def noisy(x):
        return x + torch.randn(x.shape)

    exercise = exercise_with(reference=noisy)
    assert marking.mark(exercise, lambda x: x + torch.randn(x.shape), [0]).passed


def test_warnings_about_the_courses_own_code_are_not_shown(capsys, recwarn):
    exercise = registry.find(
        "14.update_statistics"
    )  # its wrong variants transpose a vector, of which torch warns

    def loud(count, mean, cov, batch):
        warnings.warn("from the student", stacklevel=1)
        return count, mean, cov

    marking.mark(exercise, loud, [0])
    shown = {str(one.message) for one in recwarn}
    assert "from the student" in shown
    assert not [one for one in recwarn if "course_lib" in one.filename]


def test_a_reference_that_never_ends_on_other_arguments_ends_the_diagnosis_and_not_the_kernel(bank, shown):
    def picky(x):
        while bool((x < 0).any()):
            pass
        return 2 * x

    bank(
        reference=picky,
        cases=lambda rng: [(torch.from_numpy(rng.uniform(1, 2, size=3)),)] * 2,
        time_limit=0.3,
    )
    check("99.double", lambda x: x.sin())
    assert "not the expected one" in the_card(shown)

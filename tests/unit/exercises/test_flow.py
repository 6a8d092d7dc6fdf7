"""Where an answer is trained with, its gradient is part of it; where arguments must stay as they are, it is looked."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from course_lib.exercises.exercise import Case, Exercise, Mistake
from course_lib.exercises.marking import mark


def gaussian(mean, logvar, noise):
    return mean + (logvar / 2).exp() * noise


def draws(rng):
    for n in (1, 3):
        yield Case(tuple(torch.from_numpy(rng.normal(size=n)) for _ in range(3)))


def exercise(reference=gaussian, cases=draws, **changes):
    fields = {"id": "99.any", "title": "Any", "reference": reference, "cases": cases, "hints": ("a", "b")}
    return Exercise(**(fields | changes))


DRAW = exercise(gradient=("mean", "logvar"))


def no_grad(mean, logvar, noise):
    with torch.no_grad():
        return gaussian(mean, logvar, noise)


def new_tensor(mean, logvar, noise):
    parts = zip(mean.tolist(), logvar.tolist(), noise.tolist(), strict=True)
    return torch.tensor([m + math.exp(s / 2) * e for m, s, e in parts], dtype=torch.float64)


def with_numpy(mean, logvar, noise):
    return torch.from_numpy(mean.numpy() + np.exp(logvar.numpy() / 2) * noise.numpy())


def doubled(mean, logvar, noise):
    z = gaussian(mean, logvar, noise)
    return z + (mean - mean.detach())


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda m, s, e: gaussian(m, s, e).detach(), "no gradient flows back to `mean` and `logvar`"),
        (no_grad, "no gradient flows back to `mean` and `logvar`"),
        (new_tensor, "no gradient flows back to `mean` and `logvar`"),
        (lambda m, s, e: gaussian(m, s, e).tolist(), "A Python number has no gradient"),
        (lambda m, s, e: gaussian(m, s.detach(), e), "to `logvar` (to `mean` it does)"),
        (lambda m, s, e: gaussian(m.detach(), s, e), "to `mean` (to `logvar` it does)"),
        (with_numpy, "with arguments that carry gradients it stops: `RuntimeError: Can't call numpy()"),
        (doubled, "the gradient with respect to `mean` is not"),
        (lambda m, s, e: list(gaussian(m, s, e)), "they stand in a list"),
    ],
)
def test_right_values_without_their_gradient_fail_with_the_true_reason(answer, words):
    assert mark(exercise(), answer, [0]).passed
    verdict = mark(DRAW, answer, [0])
    assert verdict.kind == "gradient"
    assert verdict.message.startswith("The values are right, but")
    assert words in verdict.message


@pytest.mark.parametrize(
    "answer",
    [
        gaussian,
        lambda m, s, e: m + s.exp().sqrt() * e,
        lambda m, s, e: gaussian(m, s, e.detach()),
        lambda m, s, e: m.float() + (s / 2).float().exp() * e.float(),
    ],
)
def test_right_gradients_pass_whatever_the_formula(answer):
    assert mark(DRAW, answer, [0]).passed


def test_wrong_values_are_told_before_missing_gradients():
    assert "times 2" in mark(DRAW, lambda m, s, e: 2 * gaussian(m, s, e).detach(), [0]).message


def test_a_known_mistake_is_recognised_by_where_no_gradient_flows():
    detached = Mistake(lambda m, s, e: gaussian(m, s.detach(), e), "In the bank's words.")
    task = exercise(gradient=True, keeps=False, mistakes=(detached,))
    assert mark(task, lambda m, s, e: m + (s.detach() / 2).exp() * e, [0]).message == "In the bank's words."
    assert "to `mean` (to" in mark(task, lambda m, s, e: gaussian(m.detach(), s, e), [0]).message


def test_parameters_of_a_module_are_arguments_too():
    def score(critic, x):
        return critic(x).mean()

    def cases(rng):
        critic = nn.Linear(2, 1).double()
        yield Case((critic, torch.from_numpy(rng.normal(size=(4, 2)))))

    task = exercise(score, cases, gradient=("critic",))
    assert mark(task, lambda critic, x: critic(x).sum() / len(x), [0]).passed
    verdict = mark(task, lambda critic, x: critic(x).detach().mean(), [0])
    assert "no gradient flows back to `critic`.weight and `critic`.bias" in verdict.message


def test_nothing_is_asked_where_the_references_own_gradient_is_not_finite():
    def entropy(p):
        return -torch.special.xlogy(p, p).sum()

    def guarded(p):
        return -torch.where(p > 0, p * p.clamp(min=1e-300).log(), 0.0).sum()

    def cases(rng):
        yield Case((torch.tensor([0.0, 0.4, 0.6], dtype=torch.float64),))

    assert mark(exercise(entropy, cases, gradient=True), guarded, [0]).passed


def test_several_results_may_be_stacked():
    def moments(x):
        return x.mean(), x.var()

    def cases(rng):
        yield Case((torch.from_numpy(rng.normal(size=5)),))

    task = exercise(moments, cases, gradient=True)
    assert mark(task, lambda x: torch.stack([x.mean(), x.var()]), [0]).passed
    assert "gradient" in mark(task, lambda x: torch.stack([x.mean().detach(), x.var()]), [0]).message


def test_a_reference_without_gradient_is_a_fault_of_the_bank():
    with pytest.raises(ValueError, match="gradient: expected that the reference carries one"):
        mark(exercise(no_grad, gradient=True), gaussian, [0])


# --- arguments stay as they are -----------------------------------------------------------------------------------


def in_place(mean, logvar, noise):
    noise *= (logvar / 2).exp()
    return mean + noise


def appends(path, x):
    path.append(x)
    return sum(path)


def test_a_changed_argument_fails_by_default_and_is_named():
    verdict = mark(exercise(), in_place, [0])
    assert verdict.kind == "changed"
    assert "your function changes `noise`, which must stay as it is" in verdict.message


def test_the_exercise_says_which_arguments_must_stay():
    assert mark(exercise(keeps=False), in_place, [0]).passed
    assert mark(exercise(keeps=("mean",)), in_place, [0]).passed
    assert not mark(exercise(keeps=("noise",)), in_place, [0]).passed


def test_a_probe_may_change_what_it_is_given_unless_the_exercise_says_otherwise():
    def probe(answer, mean, logvar, noise):
        return answer(mean, logvar, noise)

    assert mark(exercise(probe=probe), in_place, [0]).passed
    assert "changes `noise`" in mark(exercise(probe=probe, keeps=("noise",)), in_place, [0]).message


def test_lists_stay_too_and_wrong_values_are_told_first():
    task = exercise(lambda path, x: sum(path) + x, lambda rng: [([1.0, 2.0], float(rng.normal()))])
    assert "changes `path`" in mark(task, appends, [0]).message
    assert mark(exercise(), lambda m, s, e: m.zero_() + e, [0]).kind != "changed"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("gradient", "mean", "gradient: expected a tuple of argument names, got the text 'mean'"),
        ("gradient", ("sigma",), "gradient: expected names among mean, logvar, noise, got 'sigma'"),
        ("keeps", ("m",), "keeps: expected names among"),
    ],
)
def test_a_name_that_no_argument_has_is_refused(field, value, words):
    with pytest.raises(ValueError, match=words):
        exercise(**{field: value})

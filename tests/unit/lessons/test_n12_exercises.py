"""Answers to notebook 12 that look right and would break a later cell, and unusual ones that are right."""

import pytest
import torch

from course_lib.exercises import registry
from course_lib.exercises.marking import mark

BANK = {exercise.id.removeprefix("12."): exercise for exercise in registry.exercises_of("12")}
SEEDS = ([0, 0], [5, 1], [9, 4])


def bound(row, a, b):
    return row.output_activation(a).mean() - row.conjugate(row.output_activation(b)).mean()


def loss_per_score(row, scores):
    return -row.conjugate(row.output_activation(scores))


def ascend(row, w, theta, x, z, rate):
    """The usual loop with ``backward`` on what it is given."""
    w.requires_grad_(True)
    theta.requires_grad_(True)
    score = lambda s: w[0] + w[1] * s + w[2] * s**2  # noqa: E731
    bound(row, score(x), score(theta[0] + theta[1].exp() * z)).backward()
    with torch.no_grad():
        w += rate * w.grad
        theta -= rate * theta.grad
    return w, theta


def without_zeroing(kept):
    def step(row, w, theta, x, z, rate):
        if not kept:
            kept.extend(one.clone().requires_grad_(True) for one in (w, theta))
        with torch.no_grad():
            kept[0].copy_(w)
            kept[1].copy_(theta)
        return tuple(one.detach().clone() for one in ascend(row, *kept, x, z, rate))

    return step


WRONG = {
    "detached": ("bound_from_scores", lambda row, a, b: bound(row, a, b).detach(), "no gradient flows back"),
    "item": ("bound_from_scores", lambda row, a, b: bound(row, a, b).item(), "no gradient flows back"),
    "half": ("bound_from_scores", lambda row, a, b: bound(row, a.detach(), b), "`scores_p`"),
    "no mean": ("generator_loss", loss_per_score, "One loss for each score came"),
    "number": ("generator_loss", lambda row, s: loss_per_score(row, s).mean().item(), "Python number"),
    "in place": ("fgan_step", ascend, "still requires gradients"),
    "in place, cut off": (
        "fgan_step",
        lambda *args: tuple(one.detach() for one in ascend(*args)),
        "changed the w or the theta",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_would_break_a_later_cell_is_refused_by_name(name):
    id, answer, said = WRONG[name]
    for seed in SEEDS:
        verdict = mark(BANK[id], answer, seed)
        assert verdict.kind != "passed" and said in verdict.message, (seed, verdict)


def test_gradients_that_pile_up_from_step_to_step_are_refused():
    for seed in SEEDS:
        assert mark(BANK["fgan_step"], without_zeroing([]), seed).kind != "passed"


def copies(row, w, theta, x, z, rate):
    old = [one.detach().clone() for one in (w, theta)]
    return tuple(one.detach() for one in ascend(row, *old, x, z, rate))


def in_one_formula(row, a, b):
    return row.output_activation(a).mean() - row.activated_conjugate(b).mean()


RIGHT = {
    "one formula": ("bound_from_scores", in_one_formula),
    "sum over length": ("generator_loss", lambda row, s: loss_per_score(row, s).sum() / len(s)),
    "own copies": ("fgan_step", copies),
    "a list": ("fgan_step", lambda *args: list(copies(*args))),
    "dot": ("f_divergence", lambda f, p, q: torch.dot(q, f(p / q))),
    "clamped": ("conjugate_pearson", lambda t: t.clamp(min=-2) + t.clamp(min=-2) ** 2 / 4),
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_unusual_right_answers_pass(name):
    id, answer = RIGHT[name]
    for seed in SEEDS:
        verdict = mark(BANK[id], answer, seed)
        assert verdict.kind == "passed", (seed, verdict)

"""Exercises of notebook 00: a first one, to see how exercises work."""

import torch

from course_lib.exercises.exercise import Case, Exercise, Mistake


def entropy(p):
    """-Σ p log p in nats, with 0 log 0 = 0 (``xlogy`` knows that)."""
    return -torch.special.xlogy(p, p).sum()


def entropy_cases(rng):
    yield Case((torch.tensor([0.5, 0.5], dtype=torch.float64),), "a fair coin")
    for size in (3, 5):
        yield Case((torch.from_numpy(rng.dirichlet([2.0] * size)),))
    yield Case((torch.from_numpy(rng.permutation([0.0, 1.0, 0.0])),), "a certain event")


ENTROPY = Exercise(
    id="00.entropy",
    title="Entropy of a probability vector",
    reference=entropy,
    cases=entropy_cases,
    mistakes=(
        Mistake(lambda p: -entropy(p), "The sign is turned round: an entropy is never negative."),
        Mistake(
            lambda p: entropy(p) / torch.log(torch.tensor(2.0)),
            "This is in bits: use the natural logarithm.",
        ),
        Mistake(lambda p: entropy(p) / p.numel(), "This is the mean of the terms; the entropy is their sum."),
        Mistake(lambda p: -torch.log(p).sum(), "The logarithms are not weighted with the probabilities."),
        Mistake(
            lambda p: -(p * torch.log(p)).sum(),
            "Right, except where a probability is 0: there 0 · log 0 must count as 0, and it gives NaN.",
        ),
    ),
    hints=(
        "The entropy is the mean surprise: the mean of -log p when outcomes come with the probabilities p.",
        "Multiply each -log p with its p, and sum. What happens where p is 0?",
        "`torch.special.xlogy(p, p)` is p log p, and 0 where p is 0.",
    ),
    minutes=3,
)

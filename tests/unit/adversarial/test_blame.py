"""A game that broke down says which of its parts was the first to give no number."""

import math

import pytest
import torch
from torch.nn.functional import softplus

from course_lib.adversarial import AdversarialGame, AdversarialLoss
from course_lib.adversarial.blame import why_not_finite
from course_lib.networks import mlp


def good_d(real, fake):
    return softplus(-real).mean() + softplus(fake).mean()


def good_g(fake):
    return softplus(-fake).mean()


def unsafe_d(real, fake):
    return -torch.log(torch.sigmoid(real)).mean() - torch.log(torch.sigmoid(-real)).mean() + 0 * fake.mean()


def broken(ratio_loss=good_d, generative_loss=good_g, place=20.0, **settings):
    """A game played until it breaks down; data at ``place``, where scores are as large."""
    data = place + torch.randn(500, 1, generator=torch.Generator().manual_seed(0))
    loss = AdversarialLoss("own", ratio_loss, generative_loss)
    settings = {"lr_d": 0.05, "lr_g": 0.0, "batch_size": 32} | settings
    game = AdversarialGame(
        mlp((1, 1), seed=0), mlp((1, 16, 1), seed=1), data, noise_size=1, loss=loss, **settings
    )
    for _ in range(400):
        game.step()
        if not game.is_finite():
            return game
    raise AssertionError("the game did not break down")


def test_a_loss_of_the_discriminator_that_takes_logarithms_is_named():
    game = broken(unsafe_d, place=1e5)
    assert "the loss of the discriminator was" in game.why_not_finite()
    assert "although the scores were finite" in game.why_not_finite()


def test_a_loss_of_the_generator_that_takes_logarithms_is_named():
    game = broken(
        generative_loss=lambda fake: -torch.log(torch.sigmoid(fake) - torch.sigmoid(fake)).mean(), lr_g=0.1
    )
    assert game.why_not_finite().startswith("At step 1 the loss of the generator was inf although")


def test_a_gradient_that_is_no_number_is_told_from_a_value():
    game = broken(generative_loss=lambda fake: torch.sqrt((fake - fake.detach()).square()).mean(), lr_g=0.1)
    assert "was a finite number and its gradient nan" in game.why_not_finite()


def test_learning_rates_are_to_blame_when_the_losses_are_not():
    game = broken(lr_d=1e30, lr_g=1e30, optimizer="sgd")
    said = game.why_not_finite()
    assert "Lower the learning rates" in said and not said.startswith("At step")


@pytest.mark.parametrize("step", [0, 3])
def test_the_first_record_that_is_no_number_decides(step):
    names = ("value", "ratio_loss", "largest_score", "generative_loss", "gradient_norm")
    records = {name: torch.ones(6) for name in names}
    assert why_not_finite(records) == "Lower the learning rates, then press Reset."
    for name, said in (
        ("gradient_norm", "the loss of the generator was a finite number and its gradient inf"),
        ("generative_loss", "the loss of the generator was inf although the scores were finite"),
        ("largest_score", "Lower the learning rates"),
        ("ratio_loss", "the loss of the discriminator was inf although the scores were finite"),
        ("value", "Lower the learning rates"),
    ):
        records[name][step] = math.inf
        assert said in why_not_finite(records)

    records["value"][step] = 1.0
    assert why_not_finite(records).startswith(f"At step {step + 1} ")

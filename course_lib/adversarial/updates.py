"""The two updates of the alternating game (UL p.7), as plain functions that a student's own can replace."""

from typing import Protocol

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from course_lib import checks
from course_lib.adversarial import minibatches
from course_lib.adversarial.losses import AdversarialLoss
from course_lib.adversarial.scoring import score_both
from course_lib.checks.given import given_to

__all__ = ["DiscriminatorUpdate", "GeneratorUpdate", "update_discriminator", "update_generator"]


class DiscriminatorUpdate(Protocol):
    """One optimiser step of the discriminator; the generator and its gradients stay as they are."""

    def __call__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        optimizer: Optimizer,
        real: Tensor,
        noise: Tensor,
        loss: AdversarialLoss,
    ) -> Tensor: ...


class GeneratorUpdate(Protocol):
    """One optimiser step of the generator; the discriminator's parameters stay as they are."""

    def __call__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        optimizer: Optimizer,
        noise: Tensor,
        loss: AdversarialLoss,
    ) -> Tensor: ...


def update_discriminator(
    generator: nn.Module,
    discriminator: nn.Module,
    optimizer: Optimizer,
    real: Tensor,
    noise: Tensor,
    loss: AdversarialLoss,
    joint: bool | None = None,
) -> Tensor:
    """One step on ``loss.ratio_loss``.

    Args:
        optimizer: holds the discriminator's parameters.
        real: a minibatch of data, shape ``(m, ...)``.
        noise: the generator's input, shape ``(n, ...)``.
        joint: whether real and fake points go through the discriminator in one pass, which is quicker; without it they
            do unless the discriminator has batch normalisation in training mode. Say False for statistics of the
            batch of another kind.

    Returns:
        The loss before the step, a scalar without a graph.

    Raises:
        ValueError: an argument of another kind, NaN or infinity in a minibatch, a loss that is not one number.
    """
    checks.module("generator", generator)
    checks.module("discriminator", discriminator)
    minibatches.optimizer("optimizer", optimizer)
    minibatches.loss_pair("loss", loss)
    if joint is not None:
        joint = checks.flag("joint", joint)
    real = minibatches.batch("real", real, discriminator)
    noise = minibatches.batch("noise", noise, generator, discriminator)
    return step_discriminator(generator, discriminator, optimizer, real, noise, loss, joint)


def step_discriminator(generator, discriminator, optimizer, real, noise, loss, joint=None) -> Tensor:
    """``update_discriminator`` without questions about values, for which a GPU would have to wait."""
    with torch.no_grad():  # the generator is fixed during this step
        fake = given_to(generator, "noise", noise, "the generator")
    objective = _one_number("ratio_loss", loss.ratio_loss(*score_both(discriminator, real, fake, joint)))
    optimizer.zero_grad(set_to_none=True)
    objective.backward()
    optimizer.step()
    return objective.detach()


def update_generator(
    generator: nn.Module,
    discriminator: nn.Module,
    optimizer: Optimizer,
    noise: Tensor,
    loss: AdversarialLoss,
) -> Tensor:
    """One step on ``loss.generative_loss``; arguments, result and errors as in ``update_discriminator``."""
    checks.module("generator", generator)
    checks.module("discriminator", discriminator)
    minibatches.optimizer("optimizer", optimizer)
    minibatches.loss_pair("loss", loss)
    noise = minibatches.batch("noise", noise, generator, discriminator)
    return step_generator(generator, discriminator, optimizer, noise, loss)


def step_generator(generator, discriminator, optimizer, noise, loss) -> Tensor:
    """``update_generator`` without questions about values."""
    fake = given_to(generator, "noise", noise, "the generator")
    scores = given_to(discriminator, "generator", fake, "the discriminator")
    objective = _one_number("generative_loss", loss.generative_loss(scores))
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    # Gradients for the generator alone: backward() would compute the discriminator's too and throw them away.
    gradients = torch.autograd.grad(objective, parameters)
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient
    optimizer.step()
    return objective.detach()


def _one_number(function: str, value) -> Tensor:
    if not isinstance(value, Tensor) or value.numel() != 1:
        raise checks.refuse("loss", f"a {function} that returns one number", value)
    return value

"""The two updates of the alternating game (UL p.7), as plain functions that a student's own can replace."""

from typing import Protocol

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from course_lib.adversarial.losses import AdversarialLoss

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
) -> Tensor:
    """One step on ``loss.ratio_loss``.

    Args:
        optimizer: holds the discriminator's parameters.
        real: a minibatch of data, shape ``(m, ...)``.
        noise: the generator's input, shape ``(n, ...)``.

    Returns:
        The loss before the step, a scalar without a graph.
    """
    with torch.no_grad():  # the generator is fixed during this step
        fake = generator(noise)
    # One forward pass for both halves: small networks pay per call, not per point.
    real_scores, fake_scores = discriminator(torch.cat([real, fake])).split([len(real), len(fake)])
    objective = loss.ratio_loss(real_scores, fake_scores)
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
    """One step on ``loss.generative_loss``; arguments and result as in ``update_discriminator``."""
    objective = loss.generative_loss(discriminator(generator(noise)))
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    # Gradients for the generator alone: backward() would compute the discriminator's too and throw them away.
    gradients = torch.autograd.grad(objective, parameters)
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient
    optimizer.step()
    return objective.detach()

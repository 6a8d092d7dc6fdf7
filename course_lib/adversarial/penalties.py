"""What keeps a discriminator or critic tame: gradient penalties, clipped weights, and a measured slope."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from course_lib import checks
from course_lib.adversarial import minibatches
from course_lib.checks.given import given_to
from course_lib.device import uniform

__all__ = [
    "clip_weights",
    "gradient_penalty",
    "input_gradient",
    "lipschitz_estimate",
    "slope_between",
    "slope_square",
    "zero_centred_penalty",
]

Critic = Callable[[Tensor], Tensor]


def input_gradient(critic: Critic, points: Tensor, create_graph: bool = True) -> Tensor:
    """The gradient of the critic's score with respect to its input, point by point.

    Args:
        critic: from shape ``(n, ...)`` to ``(n,)`` or ``(n, 1)``; a point's score depends on that point alone.
        points: shape ``(n, ...)``.
        create_graph: keep the graph, so that a function of the gradient can be differentiated again.

    Returns:
        Shape ``(n, ...)``.

    Raises:
        ValueError: points that are none or that the critic cannot take, NaN, a critic with another number of scores.
    """
    points = _points("points", points, critic)
    return _slopes(critic, points, checks.flag("create_graph", create_graph))


def _slopes(critic: Critic, points: Tensor, create_graph: bool = True) -> Tensor:
    """``input_gradient`` without questions about values, for which a GPU would have to wait."""
    points = points.detach().requires_grad_(True)
    with torch.enable_grad():
        scores = given_to(critic, "points", points, "the critic")
        if not isinstance(scores, Tensor) or scores.numel() != len(points):
            raise checks.refuse("critic", f"one score for each of {len(points)} points", scores)
        if not scores.requires_grad:  # a constant critic
            return torch.zeros_like(points)
        (gradient,) = torch.autograd.grad(
            scores.sum(), points, create_graph=create_graph, allow_unused=True, materialize_grads=True
        )
    return gradient


def gradient_penalty(
    critic: Critic,
    real: Tensor,
    fake: Tensor,
    target: float = 1.0,
    generator: torch.Generator | None = None,
) -> Tensor:
    """E (|grad f(x)| - target)^2 at points drawn uniformly between pairs of a real and a fake one.

    It is not multiplied by a weight: the usual objective adds ``10 * gradient_penalty(...)``.

    Args:
        critic: from shape ``(n, ...)`` to ``(n,)`` or ``(n, 1)``.
        real, fake: the two ends, the same shape ``(n, ...)``.
        target: the slope that costs nothing; 1 for WGAN-GP (I24 Gradient penalty; Gulrajani et al. 2017).
        generator: draws the position between the ends, one a pair.

    Returns:
        A scalar that can be differentiated with respect to the critic's parameters.
    """
    real, fake = _points("real", real, critic), _points("fake", fake, critic)
    if real.shape != fake.shape:
        raise ValueError(
            f"real, fake: expected the same shape (n, ...), got {tuple(real.shape)} and {tuple(fake.shape)}"
        )
    target = checks.number("target", target, 0)
    return slope_between(critic, real, fake, target, checks.generator("generator", generator))


def slope_between(critic: Critic, real: Tensor, fake: Tensor, target: float, generator) -> Tensor:
    """``gradient_penalty`` without questions about values."""
    real, fake = real.detach(), fake.detach()
    shape = (len(real), *[1] * (real.ndim - 1))
    position = uniform(shape, real, generator)
    gradient = _slopes(critic, torch.lerp(real, fake, position))
    return (gradient.flatten(1).norm(dim=1) - target).square().mean()


def zero_centred_penalty(critic: Critic, points: Tensor) -> Tensor:
    """E |grad f(x)|^2 at the given points: R1 at real points, R2 at fake ones (Mescheder et al. 2018).

    Without the weight: the usual objective adds ``gamma / 2`` times this.

    Args:
        critic: from shape ``(n, ...)`` to ``(n,)`` or ``(n, 1)``.
        points: shape ``(n, ...)``.
    """
    return slope_square(critic, _points("points", points, critic))


def slope_square(critic: Critic, points: Tensor) -> Tensor:
    """``zero_centred_penalty`` without questions about values."""
    return _slopes(critic, points).flatten(1).square().sum(dim=1).mean()


@torch.no_grad()
def clip_weights(critic: nn.Module, bound: float) -> None:
    """Clamps every parameter to [-bound, bound], in place (I24 WGAN; Arjovsky et al. 2017)."""
    bound = checks.positive("bound", bound)
    for parameter in checks.module("critic", critic).parameters():
        parameter.clamp_(-bound, bound)


def lipschitz_estimate(critic: Critic, points: Tensor) -> Tensor:
    """The steepest slope that was met: a lower bound on the critic's Lipschitz constant.

    The largest of the gradient's norms at the points and of the slopes between neighbours in the given order.

    Args:
        critic: from shape ``(n, ...)`` to ``(n,)`` or ``(n, 1)``.
        points: shape ``(n, ...)``.

    Returns:
        A scalar without a graph.

    >>> lipschitz_estimate(lambda x: 3 * x[:, 0], torch.eye(2))
    tensor(3.)
    """
    points = _points("points", points, critic)
    slopes = _slopes(critic, points, create_graph=False).flatten(1).norm(dim=1)
    steepest = slopes.max()
    with torch.no_grad():
        rise = critic(points).reshape(-1).diff().abs()
        run = points.flatten(1).diff(dim=0).norm(dim=1)
        between = torch.where(run > 0, rise / run, torch.zeros_like(run))
    return torch.maximum(steepest, between.max()) if len(between) else steepest


def _points(name: str, value, critic) -> Tensor:
    checks.function("critic", critic, "a network or a function that scores points")
    return minibatches.batch(name, value, critic)

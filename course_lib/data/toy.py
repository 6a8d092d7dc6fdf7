"""Small distributions in the plane to watch generative models on: each can be drawn from, some have a density."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.distributions import MixtureSameFamily

from course_lib import checks
from course_lib.distributions.density import log_density
from course_lib.distributions.mixture import gaussian_mixture

__all__ = ["Toy", "ring", "segment", "spiral", "two_blobs"]


@dataclass(frozen=True, eq=False)
class Toy:
    """A distribution in the plane.

    Attributes:
        name: what it is called.
        centres: the centres of its modes, shape (k, 2); None where it has no modes to count.
        scale: how far a point of a mode lies from its centre in each direction (a standard deviation); None likewise.
        distribution: the distribution itself where it has a density, ready for ``divergence``.
    """

    name: str
    draw: Callable[[int, torch.Generator | None], Tensor] = field(repr=False)
    centres: Tensor | None = None
    scale: float | None = None
    distribution: MixtureSameFamily | None = field(default=None, repr=False)

    def sample(self, shape=(), generator: torch.Generator | None = None) -> Tensor:
        """Points of shape (*shape, 2), float64, on the CPU; ``shape`` may be a number n for shape (n, 2).

        Args:
            generator: where the randomness comes from; the global state without it.
        """
        sides = shape if np.ndim(shape) else [shape]
        shape = torch.Size(checks.integer("shape", side, 0) for side in checks.items("shape", sides))
        return self.draw(shape.numel(), checks.generator("generator", generator)).reshape(*shape, 2)

    def log_prob(self, x) -> Tensor:
        """log density at points x, shape (..., 2) to (...).

        Raises:
            ValueError: the distribution lives on a curve and has no density.
        """
        if self.distribution is None:
            raise ValueError(
                f"{self.name}: expected a distribution with a density, got one that is only drawn from"
            )
        return log_density(self.distribution, x)


def two_blobs(distance: float = 4.0, std: float = 0.5, weight: float = 0.5) -> Toy:
    """Two round Gaussians on the first axis, ``distance`` apart, the left one of mass ``weight``."""
    distance, std = checks.positive("distance", distance), checks.positive("std", std)
    weight = checks.number("weight", weight, 0, 1, open_low=True, open_high=True)
    centres = torch.tensor([[-distance / 2, 0.0], [distance / 2, 0.0]], dtype=torch.float64)
    return _mixture("two blobs", torch.tensor([weight, 1 - weight], dtype=torch.float64), centres, std)


def ring(modes: int = 8, radius: float = 2.0, std: float = 0.1) -> Toy:
    """``modes`` round Gaussians, evenly on a circle."""
    modes = checks.integer("modes", modes, 1)
    radius, std = checks.positive("radius", radius), checks.positive("std", std)
    angle = torch.arange(modes, dtype=torch.float64) * (2 * math.pi / modes)
    centres = radius * torch.stack([angle.cos(), angle.sin()], 1)
    return _mixture(f"ring of {modes}", _equal(modes), centres, std)


def spiral(turns: float = 1.5, arms: int = 1, noise: float = 0.05) -> Toy:
    """Spirals from the origin out to radius 2, points evenly along the radius, with Gaussian noise."""
    turns, arms = checks.positive("turns", turns), checks.integer("arms", arms, 1)
    noise = checks.number("noise", noise, 0)

    def draw(n: int, generator) -> Tensor:
        radius = 2 * _uniform(n, generator)
        arm = torch.floor(arms * _uniform(n, generator))
        angle = math.pi * turns * radius + 2 * math.pi * arm / arms
        return radius[:, None] * torch.stack([angle.cos(), angle.sin()], 1) + noise * _normal(n, generator)

    return Toy("spiral", draw)


def segment(theta: float = 0.0, noise: float = 0.0) -> Toy:
    """The distribution of (theta, u) with u uniform on [0, 1]: the lectures' parallel segments are two of these.

    Without noise it has no density in the plane. Source: I21 Wasserstein vs KL vs JSD; U17.
    """
    theta, noise = checks.number("theta", theta), checks.number("noise", noise, 0)

    def draw(n: int, generator) -> Tensor:
        u = _uniform(n, generator)
        return torch.stack([torch.full_like(u, theta), u], 1) + noise * _normal(n, generator)

    return Toy("segment", draw)


def _mixture(name: str, weights: Tensor, centres: Tensor, std: float) -> Toy:
    law = gaussian_mixture(weights, centres, std**2)

    def draw(n: int, generator) -> Tensor:
        if n == 0:
            return centres[:0]
        which = torch.multinomial(weights, n, replacement=True, generator=generator)
        return centres[which] + std * _normal(n, generator)

    return Toy(name, draw, centres, std, law)


def _uniform(n: int, generator) -> Tensor:
    return torch.rand(n, generator=generator, dtype=torch.float64)


def _normal(n: int, generator) -> Tensor:
    return torch.randn(n, 2, generator=generator, dtype=torch.float64)


def _equal(count: int) -> Tensor:
    return torch.full((count,), 1 / count, dtype=torch.float64)

"""Three VAEs in miniature: their posteriors are a banana, a ring and two islands, log p(x) known from a grid."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["TARGETS", "WIDE", "Target"]

WIDE = 3.2  # pictures show the latent plane from -WIDE to WIDE


@dataclass(frozen=True)
class Target:
    """The posterior of z in the plane: prior N(0, I), decoder N(decode(z), sigma² I), and one observation x."""

    decode: Callable[[Tensor], Tensor]
    x: tuple[float, ...]
    sigma: float

    def log_likelihood(self, z: Tensor) -> Tensor:
        """log p(x|z), shape (..., 2) to (...)."""
        miss = (z.new_tensor(self.x) - self.decode(z)).square().sum(-1)
        return -miss / (2 * self.sigma**2) - len(self.x) * math.log(self.sigma * math.sqrt(2 * math.pi))

    def log_joint(self, z: Tensor) -> Tensor:
        """log p(x, z), shape (..., 2) to (...)."""
        return self.log_likelihood(z) - z.square().sum(-1) / 2 - math.log(2 * math.pi)

    def log_evidence(self, points: int = 1201) -> float:
        """log p(x), by summation over a grid on [-6, 6]²."""
        axis = torch.linspace(-6, 6, points, dtype=torch.float64)
        z = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), -1)
        return float(torch.logsumexp(self.log_joint(z).flatten(), 0) + 2 * math.log(12 / (points - 1)))

    def posterior(self, points: int) -> Tensor:
        """p(z|x) on a grid over the picture: shape (points, points), row of z₂, column of z₁."""
        return torch.exp(self.log_joint(plane(points)) - self.log_evidence())


def plane(points: int) -> Tensor:
    """The picture's grid, shape (points, points, 2)."""
    axis = torch.linspace(-WIDE, WIDE, points, dtype=torch.float64)
    return torch.stack(torch.meshgrid(axis, axis, indexing="xy"), -1)


def _bowl(z: Tensor) -> Tensor:
    return z[..., 1:] - 0.8 * z[..., :1].square()


def _radius(z: Tensor) -> Tensor:
    return (z.square().sum(-1, keepdim=True) + 1e-12).sqrt()


def _without_sign(z: Tensor) -> Tensor:
    return torch.cat([z[..., :1].abs(), z[..., 1:]], -1)


TARGETS = {
    "banana": Target(_bowl, (-1.0,), 0.2),
    "ring": Target(_radius, (2.0,), 0.15),
    "islands": Target(_without_sign, (2.0, 0.0), 0.4),
}

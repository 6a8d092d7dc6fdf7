"""Four distributions of a factor on the line: distribution function, quantile function, density."""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["FAMILIES", "Family", "normal_density"]


class Family(NamedTuple):
    """Three functions that act on each entry: P(z <= u), its inverse, and the density. All compute in float64."""

    cdf: Callable[[Tensor], Tensor]
    quantile: Callable[[Tensor], Tensor]
    density: Callable[[Tensor], Tensor]


def normal_density(x: Tensor) -> Tensor:
    """The standard normal density."""
    return torch.exp(-0.5 * x**2) / math.sqrt(2 * math.pi)


def _gamma_cdf(u: Tensor) -> Tensor:
    return -torch.expm1(-u) - u * torch.exp(-u)


def _gamma_quantile(p: Tensor) -> Tensor:
    """By bisection: the inverse of 1 - (1 + u) e^-u has no elementary form."""
    low, high = torch.zeros_like(p), torch.full_like(p, 60.0)
    for _ in range(60):
        middle = (low + high) / 2
        below = _gamma_cdf(middle) < p
        low, high = torch.where(below, middle, low), torch.where(below, high, middle)
    return (low + high) / 2


FAMILIES = {
    "Gaussian": Family(torch.special.ndtr, torch.special.ndtri, normal_density),
    "uniform": Family(torch.clone, torch.clone, torch.ones_like),
    "exponential": Family(lambda u: -torch.expm1(-u), lambda p: -torch.log1p(-p), lambda u: torch.exp(-u)),
    "gamma": Family(_gamma_cdf, _gamma_quantile, lambda u: u * torch.exp(-u)),  # of shape 2 and rate 1
}

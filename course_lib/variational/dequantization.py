"""The probability that a density gives to a whole number, and the bound that uniform noise puts in its place."""

import math

import numpy as np
import torch
from torch import Tensor
from torch.distributions import MixtureSameFamily, Normal

from course_lib import checks
from course_lib.distributions.atoms import log_probabilities
from course_lib.distributions.density import unchecked_log_density
from course_lib.distributions.pieces import pieces

__all__ = ["cell_log_prob", "uniform_dequantization_bound"]

# Breaks lie at these multiples of a component's scale on both sides of its centre: no panel is wide for the density.
_STEPS = (0.0, *(2.0**k for k in range(-2, 13)))
_ENDS = tuple(
    2.0**-k for k in range(2, 130, 2)
)  # towards the end of a support, where a density may be singular


def cell_log_prob(law, x) -> Tensor:
    """log P(x) = log ∫₀¹ p(x + u) du, the mass of the cell [x, x+1), in nats; -inf where it is zero.

    It stays accurate where the mass underflows: for Gaussians and their mixtures in closed form, else by quadrature
    of the density in the logarithm.

    Args:
        law: a distribution on the line, with ``log_prob``.
        x: whole numbers or others, any shape.

    Returns:
        The shape of x, float64.

    Raises:
        ValueError: a distribution that is discrete, of more than one dimension or a batch, or x that is not finite.

    Source: I22 Uniform dequantization bound.

    >>> round(cell_log_prob(Normal(0.0, 1.0), 0.0).item(), 4)
    -1.0749
    """
    law, x = _line_of(law), _cells(x)
    if isinstance(law, Normal):
        return _normal_cell(law.loc, law.scale, x)
    if isinstance(law, MixtureSameFamily) and isinstance(law.component_distribution, Normal):
        part = law.component_distribution
        inside = _normal_cell(part.loc, part.scale, x[..., None])
        return torch.logsumexp(log_probabilities(law.mixture_distribution) + inside, -1)
    nodes, weights = _cell_nodes(law, x)
    # A panel without width may lie on a pole of the density.
    return torch.logsumexp(
        torch.where(weights > 0, unchecked_log_density(law, nodes) + weights.log(), -math.inf), -1
    )


def uniform_dequantization_bound(law, x) -> Tensor:
    """∫₀¹ log p(x + u) du, in nats: at most ``cell_log_prob``, and equal to it where p is constant on the cell.

    Args:
        law: a distribution on the line, with ``log_prob``.
        x: whole numbers or others, any shape.

    Returns:
        The shape of x, float64; -inf where a part of the cell has no density.

    Raises:
        ValueError: as for ``cell_log_prob``.

    Source: I22 Uniform dequantization bound.

    >>> round(uniform_dequantization_bound(Normal(0.5, 1.0), 0.0).item(), 4)
    -0.9606
    """
    law, x = _line_of(law), _cells(x)
    if isinstance(law, Normal):
        middle = (x + 0.5 - law.loc) / law.scale
        spread = 1 / (12 * law.scale.square())
        return -0.5 * (middle.square() + spread) - law.scale.log() - 0.5 * math.log(2 * math.pi)
    nodes, weights = _cell_nodes(law, x)
    log_p = unchecked_log_density(law, nodes)
    return torch.where(weights > 0, weights * log_p, 0.0).sum(-1)


def _line_of(law):
    """One distribution with a density on the line."""
    wanted = "a distribution with a density on the line"
    checks.methods("law", law, "log_prob")
    support = getattr(law, "support", None) if type(law).__module__.startswith("torch") else None
    if getattr(support, "is_discrete", False):
        raise checks.refuse("law", wanted, law)
    for part in ("batch_shape", "event_shape"):
        if tuple(getattr(law, part, ())):
            raise ValueError(f"law: expected {wanted}, got {part} {tuple(getattr(law, part))}")
    return law


def _cells(x) -> Tensor:
    x = checks.finite("x", x)
    if x.numel() == 0:
        raise ValueError(f"x: expected at least one number, got shape {tuple(x.shape)}")
    return x


def _normal_cell(mean: Tensor, std: Tensor, x: Tensor) -> Tensor:
    """log(Φ(b) - Φ(a)) for the ends a < b of the cell; to the right of the mean the two tails are mirrored."""
    a, b = (x - mean) / std, (x + 1 - mean) / std
    right = a + b > 0
    a, b = torch.where(right, -b, a), torch.where(right, -a, b)
    upper, lower = torch.special.log_ndtr(b), torch.special.log_ndtr(a)
    # log(1 - e^t) for t < 0: by expm1 near 0, where log1p would lose its digits.
    step = lower - upper
    near = step > -0.7
    safe = torch.where(near, step, -1.0)
    far = torch.where(near, -1.0, step)
    return upper + torch.where(near, torch.log(-torch.expm1(safe)), torch.log1p(-far.exp()))


def _cell_nodes(law, x: Tensor) -> tuple[Tensor, Tensor]:
    """Gauss-Legendre nodes and weights on each cell, shape (..., nodes); panels end where the density changes."""
    found = pieces(law, 1)
    steps = x.new_tensor([*(-s for s in _STEPS[:0:-1]), *_STEPS])
    around = (found.centre[:, 0, None] + found.scale[:, 0, None] * steps).reshape(-1).to(x)
    ends = torch.cat([found.low[:, 0], found.high[:, 0]]).to(x)
    ends = ends[ends.isfinite()].unique()
    near = x.new_tensor([*(-s for s in _ENDS), 0.0, *_ENDS])
    inside = torch.linspace(0, 1, 17, dtype=x.dtype, device=x.device)
    fixed = torch.cat([around, (ends[:, None] + near).reshape(-1)])
    start = x[..., None]
    breaks = torch.cat([start + inside, torch.clamp(fixed.expand(*x.shape, -1), start, start + 1)], -1)
    breaks = breaks.sort(-1).values
    node, weight = _legendre(x)
    low, width = breaks[..., :-1, None], breaks.diff(dim=-1)[..., None]
    return (low + width * node).flatten(-2), (width * weight).flatten(-2)


def _legendre(like: Tensor) -> tuple[Tensor, Tensor]:
    """Twelve nodes and weights on [0, 1]."""
    node, weight = np.polynomial.legendre.leggauss(12)
    return like.new_tensor((node + 1) / 2), like.new_tensor(weight / 2)

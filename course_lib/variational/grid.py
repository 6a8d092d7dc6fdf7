"""The aggregated posterior in one or two dimensions, on a grid: what Monte Carlo estimates, without noise.

A diagonal Gaussian is a product over axes, so the sum of n of them on a G x G grid is one matrix product.
The trapezoid rule on smooth functions that vanish at the border is exact to rounding once the spacing is
below the smallest standard deviation.
"""

import math

import torch

from course_lib import checks
from course_lib.variational.against_prior import log_density

__all__ = ["aggregate_on_grid", "grid_axes", "grid_surgery"]

_REACH = 9.0  # standard deviations beyond which a posterior holds less than 1e-18 of its mass
_ROWS = 4096  # posteriors in one matrix product


def grid_axes(mean: torch.Tensor, logvar: torch.Tensor, points: int) -> list[torch.Tensor]:
    """For each of the d axes, ``points`` equally spaced positions that cover all the posteriors' mass."""
    reach = _REACH * torch.exp(0.5 * logvar)
    low, high = (mean - reach).amin(0), (mean + reach).amax(0)
    steps = torch.linspace(0, 1, points, dtype=mean.dtype, device=mean.device)
    return [low[axis] + (high[axis] - low[axis]) * steps for axis in range(mean.shape[1])]


def aggregate_on_grid(mean: torch.Tensor, logvar: torch.Tensor, axes) -> torch.Tensor:
    """The density q_agg(z) = 1/n Σᵢ N(z; meanᵢ, diag exp(logvarᵢ)) at every point of a grid.

    Args:
        mean, logvar: shape (n, d) with d = 1 or 2.
        axes: d tensors with the positions on each axis.

    Returns:
        Shape (len(axes[0]),) or (len(axes[0]), len(axes[1])): the first index runs along z₁.
    """
    total = 0.0
    for start in range(0, len(mean), _ROWS):
        rows = slice(start, start + _ROWS)
        factors = [_density(axes[k], mean[rows, k], logvar[rows, k]) for k in range(mean.shape[1])]
        total = total + (factors[0].sum(0) if len(factors) == 1 else factors[0].T @ factors[1])
    return total / len(mean)


def grid_surgery(mean, logvar, prior, points, average=None):
    """The three terms of the surgery and the change of each from half as many points; see ``elbo_surgery``.

    Args:
        average: the exact average KL, where there is one. What the grid makes of it is off by an amount that is known
            then, and the errors of the other two are no smaller than that.
    """
    points = checks.integer("grid", points, 8)
    if mean.shape[1] > 2:
        raise ValueError(f"grid: expected a latent space of 1 or 2 dimensions, got {mean.shape[1]}")
    points += 1 - points % 2  # an odd number, so that every second point is a grid with the same ends
    axes = grid_axes(mean, logvar, points)
    fine, coarse = (
        _terms(mean, logvar, prior, axes),
        _terms(mean, logvar, prior, [axis[::2] for axis in axes]),
    )
    if abs(fine[3] - 1) > 1e-4:
        need = max(float((axis[-1] - axis[0]) / torch.exp(0.5 * logvar.min())) for axis in axes)
        raise ValueError(
            f"grid: {points} points per axis miss the narrowest posterior (the density sums to {fine[3]:.4f}); "
            f"about {math.ceil(1.25 * need)} are needed"
        )
    errors = [(a - b).abs() for a, b in zip(fine[:3], coarse[:3], strict=True)]
    if average is None:
        return [*fine[:3], *errors]
    off = (fine[0] - average).abs()
    return [average, *fine[1:3], torch.zeros_like(off), *(torch.maximum(error, off) for error in errors[1:])]


def _terms(mean, logvar, prior, axes):
    cell = math.prod(float(axis[1] - axis[0]) for axis in axes)
    aggregate = aggregate_on_grid(mean, logvar, axes)
    z = torch.stack(torch.meshgrid(*axes, indexing="ij"), -1)
    log_prior = log_density(prior, z.reshape(-1, mean.shape[1])).to(z).reshape(aggregate.shape)
    entropy = -torch.xlogy(aggregate, aggregate).sum() * cell
    cross_entropy = -(aggregate * log_prior).sum() * cell
    conditional = _conditional_entropy(mean, logvar, axes)
    mass = float(aggregate.sum() * cell)
    return cross_entropy - conditional, entropy - conditional, cross_entropy - entropy, mass


def _conditional_entropy(mean, logvar, axes):
    """1/n Σᵢ of the entropy of posterior i, by quadrature on each axis (entropies of independent axes add)."""
    total = 0.0
    for k, axis in enumerate(axes):
        for start in range(0, len(mean), _ROWS):
            rows = slice(start, start + _ROWS)
            density = _density(axis, mean[rows, k], logvar[rows, k])
            total = total - torch.xlogy(density, density).sum() * (axis[1] - axis[0])
    return total / len(mean)


def _density(axis, mean, logvar):
    """Shape (n, points): N(axis; mean, exp(logvar)) of each one-dimensional Gaussian."""
    squares = ((axis - mean[:, None]) * torch.exp(-0.5 * logvar)[:, None]).square()
    return torch.exp(-0.5 * (squares + logvar[:, None] + math.log(2 * math.pi)))

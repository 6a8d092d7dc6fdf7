"""Where a distribution has its mass: centre, scale and support of each of its components."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.distributions import Independent, MixtureSameFamily, MultivariateNormal

from course_lib.distributions.density import bounds

__all__ = ["Pieces", "pieces"]


class Pieces(NamedTuple):
    """k components in d dimensions, detached. centre, scale, low, high: shape (k, d). cov: shape (k, d, d)."""

    centre: Tensor
    scale: Tensor
    low: Tensor
    high: Tensor
    cov: Tensor


def pieces(distribution, size: int) -> Pieces:
    """The components of a distribution on d = ``size`` dimensions: those of a mixture, else the distribution itself.

    The scale is a robust one (finite for a Cauchy distribution); the covariance is diagonal unless it is a Gaussian's.
    """
    with torch.no_grad():
        leaf = distribution
        if isinstance(leaf, MixtureSameFamily) and not isinstance(
            leaf.component_distribution, MixtureSameFamily
        ):
            leaf = leaf.component_distribution
        full = leaf.covariance_matrix if isinstance(leaf, MultivariateNormal) else None
        while isinstance(leaf, Independent):
            leaf = leaf.base_dist
        centre, scale = _location_scale(leaf)
        low, high = (bound.to(centre) for bound in bounds(leaf))
        rows = [
            part.expand(centre.shape).reshape(-1, size).to(torch.float64)
            for part in (centre, scale, low, high)
        ]
        cov = (
            torch.diag_embed(rows[1].square())
            if full is None
            else full.reshape(-1, size, size).to(torch.float64)
        )
        return Pieces(*rows, cov)


def _location_scale(leaf) -> tuple[Tensor, Tensor]:
    try:
        shape = leaf.batch_shape + leaf.event_shape
        device = next((part.device for part in vars(leaf).values() if isinstance(part, Tensor)), None)
        levels = (torch.full(shape, level, dtype=torch.float64, device=device) for level in (0.25, 0.5, 0.75))
        quartiles = [leaf.icdf(level) for level in levels]
        return quartiles[1], (quartiles[2] - quartiles[0]) / 1.35
    except (NotImplementedError, AttributeError, RuntimeError, ValueError, TypeError):
        pass
    if hasattr(leaf, "loc") and hasattr(leaf, "scale") and not hasattr(leaf, "base_dist"):
        return leaf.loc, leaf.scale
    try:
        centre, scale = leaf.mean, leaf.stddev
        if bool(centre.isfinite().all() & scale.isfinite().all() & (scale > 0).all()):
            return centre, scale
    except (NotImplementedError, AttributeError, RuntimeError):
        pass
    # A distribution that tells nothing about itself is asked for 4096 samples; the global random state stays as it was.
    with torch.random.fork_rng():
        torch.manual_seed(0)
        drawn = leaf.sample((4096,)).to(torch.float64)
    quartiles = torch.quantile(
        drawn, torch.tensor([0.25, 0.5, 0.75], dtype=torch.float64, device=drawn.device), 0
    )
    return quartiles[1], ((quartiles[2] - quartiles[0]) / 1.35).clamp(min=1e-300)

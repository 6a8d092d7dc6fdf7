"""Mixtures of Gaussians with full covariances, and the mass of a distribution on the cells of a grid."""

import torch
from torch import Tensor
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal, Normal

from course_lib import checks
from course_lib.distributions.density import log_density

__all__ = ["gaussian_mixture", "grid_mass"]


def gaussian_mixture(weights, means, covs) -> MixtureSameFamily:
    """The distribution that draws component i with probability weights[i] and then from N(means[i], covs[i]).

    Args:
        weights: shape (k,), probabilities.
        means: shape (k, d); shape (k,) makes a distribution on the line.
        covs: for means of shape (k, d): shape (k, d, d) positive definite, or (d, d) for all alike, or a number, the
            variance in every direction. For means of shape (k,): the variances, shape (k,) or a number.

    Returns:
        A ``torch.distributions.MixtureSameFamily`` in float64 with event shape (d,), or () on the line.

    Raises:
        ValueError: wrong shapes, NaN, weights that are no probabilities, a covariance that is not positive definite.

    >>> gaussian_mixture([0.5, 0.5], [-1.0, 1.0], 0.25).variance.item()
    1.25
    """
    means = checks.finite("means", means)
    if means.ndim not in (1, 2) or 0 in means.shape:
        raise ValueError(f"means: expected shape (k, d) or (k,), got shape {tuple(means.shape)}")
    count = means.shape[0]
    choice = Categorical(checks.probabilities("weights", weights, count, like=means))
    covs = checks.finite("covs", covs, like=means)
    if means.ndim == 1:
        if covs.shape not in ((), (count,)) or bool((covs <= 0).any()):
            wanted = f"expected positive variances of shape ({count},) or one number"
            raise ValueError(
                f"covs: {wanted}, got shape {tuple(covs.shape)} with the least value {covs.min():.3g}"
            )
        return MixtureSameFamily(choice, Normal(means, covs.sqrt().expand(count)))
    size = means.shape[1]
    if covs.ndim == 0:
        covs = covs * torch.eye(size, dtype=covs.dtype, device=covs.device)
    covs = checks.covariance("covs", covs, size, like=means)
    if covs.ndim > 3 or (covs.ndim == 3 and covs.shape[0] not in (1, count)):
        raise ValueError(f"covs: expected shape ({count}, {size}, {size}), got shape {tuple(covs.shape)}")
    root, info = torch.linalg.cholesky_ex(covs.expand(count, size, size))
    if bool((info != 0).any()):
        raise ValueError("covs: expected positive definite matrices, got one that is singular")
    return MixtureSameFamily(choice, MultivariateNormal(means, scale_tril=root))


def grid_mass(distribution, *axes) -> Tensor:
    """The density of a distribution on a grid, scaled so that the values sum to one: its mass, cell by cell.

    Args:
        distribution: on the line or in the plane.
        axes: one increasing tensor of shape (n,), or two, of shapes (n,) and (m,); evenly spaced.

    Returns:
        Shape (n,), or (m, n) with values[row of y, column of x], as a heatmap wants them.

    Raises:
        ValueError: axes that do not increase evenly, or a distribution without any mass on the grid.
    """
    checks.methods("distribution", distribution, "log_prob")
    batch = tuple(getattr(distribution, "batch_shape", ()))
    if batch:
        raise ValueError(f"distribution: expected one distribution, got a batch of shape {batch}")
    if len(axes) not in (1, 2):
        raise ValueError(f"axes: expected one or two, got {len(axes)}")
    nodes = [checks.finite("axes", axis) for axis in axes]
    for axis in nodes:
        steps = axis.diff() if axis.ndim == 1 else axis.new_empty(0)
        # Evenly to the rounding of linspace in float32.
        if not len(steps) or not bool(steps.min() > 0) or bool(steps.max() > steps.min() * (1 + 1e-3)):
            raise ValueError(f"axes: expected increasing, evenly spaced nodes, got shape {tuple(axis.shape)}")
    x = nodes[0] if len(nodes) == 1 else torch.stack(torch.meshgrid(*nodes, indexing="xy"), -1)
    event = tuple(getattr(distribution, "event_shape", x.shape[len(nodes) :]))
    if event not in ((), (1,)) if len(nodes) == 1 else event != (2,):
        raise ValueError(f"distribution: expected one in {len(nodes)} dimensions, got event_shape {event}")
    logs = log_density(distribution, x if event != (1,) else x.unsqueeze(-1))
    if not bool(torch.isfinite(logs).any()):
        raise ValueError("distribution: expected a distribution with mass on the grid, got one without")
    return torch.softmax(logs.reshape(-1), 0).reshape(logs.shape)

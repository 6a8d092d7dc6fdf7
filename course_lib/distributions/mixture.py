"""Mixtures of Gaussians with full covariances, and the mass of a distribution on the cells of a grid."""

import torch
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal, Normal

from course_lib import checks

__all__ = ["gaussian_mixture"]


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

"""A Gaussian approximated by a product of independent ones, in both directions of KL (UL p.10-16)."""

import torch
from torch import Tensor

from course_lib import checks

__all__ = ["mean_field_gaussian"]


def mean_field_gaussian(mean, cov, direction: str) -> tuple[Tensor, Tensor]:
    """The best product of independent Gaussians for p = N(mean, cov).

    Args:
        mean: shape (d,).
        cov: shape (d, d), symmetric; positive definite for "exclusive", semi-definite for "inclusive".
        direction: "exclusive" minimises KL(q||p): variance j is 1 / precision_jj, the variance of coordinate j
            given all the others. "inclusive" minimises KL(p||q): variance j is cov_jj, that of the marginal.

    Returns:
        The mean, shape (d,), and the variances, shape (d,).

    Raises:
        ValueError: wrong shapes, NaN, a covariance that is not positive (semi-)definite, another direction.

    Source: UL p.14-15. The slide prints the inverse of cov_jj for "inclusive"; the marginal's variance is cov_jj.

    >>> mean_field_gaussian([0.0, 1.0], [[1.0, 0.9], [0.9, 1.0]], "exclusive")[1]
    tensor([0.1900, 0.1900], dtype=torch.float64)
    """
    mean, cov = _gaussian(mean, cov)
    if checks.one_of("direction", direction, ("exclusive", "inclusive")) == "exclusive":
        return mean, 1 / _precision(cov).diagonal()
    return mean, cov.diagonal().clone()


def _gaussian(mean, cov) -> tuple[Tensor, Tensor]:
    mean = checks.vector("mean", mean)
    if mean.ndim != 1:
        raise ValueError(f"mean: expected a vector of shape (d,), got shape {tuple(mean.shape)}")
    cov = checks.covariance("cov", cov, mean.numel(), like=mean)
    if cov.ndim != 2:
        raise ValueError(
            f"cov: expected a matrix of shape ({mean.numel()}, {mean.numel()}), got {tuple(cov.shape)}"
        )
    return mean, cov


def _precision(cov: Tensor) -> Tensor:
    root, info = torch.linalg.cholesky_ex(cov)
    if int(info) != 0:
        smallest = torch.linalg.eigvalsh(cov.detach())[0].item()
        raise ValueError(
            f"cov: expected a positive definite matrix, got one with the eigenvalue {smallest:.3g}"
        )
    return torch.cholesky_inverse(root)

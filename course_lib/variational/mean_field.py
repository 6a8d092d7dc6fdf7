"""A Gaussian approximated by a product of independent ones, in both directions of KL (UL p.10-16)."""

from typing import NamedTuple

import torch
from torch import Tensor

from course_lib import checks
from course_lib.divergences.gaussian import gaussian_kl

__all__ = ["MeanFieldPath", "coordinate_ascent", "mean_field_gaussian"]


class MeanFieldPath(NamedTuple):
    """What mean-field coordinate ascent went through; row 0 is the start.

    means: shape (steps + 1, d). variances: shape (steps + 1, d). kl: shape (steps + 1,), KL(q||p) in nats.
    """

    means: Tensor
    variances: Tensor
    kl: Tensor


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


def coordinate_ascent(mean, cov, start, steps: int, start_variances=None) -> MeanFieldPath:
    """The path of the mean-field updates for p = N(mean, cov): step k renews coordinate (k - 1) mod d.

    One update sets q_j to N(m_j, 1 / precision_jj) with m_j = mean_j - sum over i of
    precision_ji (m_i - mean_i) / precision_jj, the minimum of KL(q||p) over q_j with the other factors held, so KL
    never rises (and the evidence bound never falls). In two dimensions the distance to the mean shrinks by the
    factor correlation**2 in each sweep over both coordinates.

    Args:
        mean: shape (d,). cov: shape (d, d), symmetric positive definite.
        start: shape (d,), the first means.
        steps: how many single-coordinate updates, at least 0.
        start_variances: shape (d,), positive; without it the optimal ones, so that only the means move.

    Source: UL p.11-13.
    """
    mean, cov = _gaussian(mean, cov)
    size = mean.numel()
    steps = checks.integer("steps", steps, 0)
    precision = _precision(cov)
    best = 1 / precision.diagonal()
    current = _flat("start", start, size, mean)
    if start_variances is None:
        spread = best
    else:
        spread = _flat("start_variances", start_variances, size, mean)
        if (spread <= 0).any():
            raise ValueError(f"start_variances: expected positive numbers, got {spread.min().item():.3g}")
    means, variances = [current], [spread]
    for step in range(steps):
        j = step % size
        pull = precision[j] @ (current - mean) - precision[j, j] * (current[j] - mean[j])
        is_j = torch.arange(size, device=mean.device) == j
        current = torch.where(is_j, mean[j] - best[j] * pull, current)
        spread = torch.where(is_j, best, spread)
        means.append(current)
        variances.append(spread)
    all_means, all_variances = torch.stack(means), torch.stack(variances)
    return MeanFieldPath(
        all_means, all_variances, gaussian_kl(all_means, torch.diag_embed(all_variances), mean, cov)
    )


def _flat(name: str, value, size: int, like: Tensor) -> Tensor:
    out = checks.vector(name, value, size, like=like)
    if out.ndim != 1:
        raise ValueError(f"{name}: expected a vector of shape ({size},), got shape {tuple(out.shape)}")
    return out


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

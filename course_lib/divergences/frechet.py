"""The Frechet distance between Gaussians, which is the squared Wasserstein distance W2 between them."""

import torch
from torch import Tensor

from course_lib import checks

__all__ = ["frechet_distance"]


def frechet_distance(mean_p, cov_p, mean_q, cov_q) -> Tensor:
    """|mean_p - mean_q|^2 + tr(cov_p + cov_q - 2 (cov_p^1/2 cov_q cov_p^1/2)^1/2): W2 squared between Gaussians.

    Never negative, zero between a Gaussian and itself, right for singular covariances. Gradients flow to the means and
    to each covariance that is not singular; at a singular one the distance has no slope, and none flows.

    Args:
        mean_p, mean_q: shape (d,). cov_p, cov_q: shape (d, d), symmetric positive semi-definite.

    Returns:
        A 0-dim tensor, in squared units of the space.

    Raises:
        ValueError: wrong shapes, NaN, a covariance that is not symmetric positive semi-definite.

    Source: I24 Wasserstein metric; Dowson and Landau (1982). The slides' FID is this on features.

    >>> frechet_distance([0.0], [[4.0]], [3.0], [[1.0]]).item()
    10.0
    """
    mean_p = checks.vector("mean_p", mean_p)
    size = mean_p.shape[-1]
    mean_q = checks.vector("mean_q", mean_q, size, like=mean_p)
    cov_p = checks.covariance("cov_p", cov_p, size, like=mean_p)
    cov_q = checks.covariance("cov_q", cov_q, size, like=mean_p)
    parts = {"mean_p": (mean_p, 1), "mean_q": (mean_q, 1), "cov_p": (cov_p, 2), "cov_q": (cov_q, 2)}
    for name, (part, axes) in parts.items():
        if part.ndim != axes:
            wanted = ", ".join([str(size)] * axes) + "," * (axes == 1)
            raise ValueError(f"{name}: expected shape ({wanted}), got shape {tuple(part.shape)}")
    root_p, root_q = _root(cov_p), _root(cov_q)
    # tr(cov_p + cov_q) - 2 |R_p^T R_q|_nuclear = |R_p - R_q U|^2 for the rotation U that makes it smallest: as a
    # sum of squares it cannot be negative, and nothing cancels when the covariances nearly agree.
    left, _, right = torch.linalg.svd((root_q.mT @ root_p).detach())
    gap = (root_p - root_q @ (left @ right)).square().sum()
    return (mean_p - mean_q).square().sum() + gap


def _root(cov: Tensor) -> Tensor:
    """R with R R^T = cov: Cholesky's where there is one, else the symmetric root as a constant."""
    root, info = torch.linalg.cholesky_ex(cov)
    if int(info) == 0:
        return root
    values, vectors = torch.linalg.eigh(cov.detach())
    return vectors * values.clamp(min=0.0).sqrt()

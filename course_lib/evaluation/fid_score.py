"""The Frechet distance between features (FID, when the features are those of the Inception network).

Source: I24 Frechet Inception Distance; Heusel et al. 2017, arXiv:1706.08500.
"""

import torch
from torch import Tensor

from course_lib import checks
from course_lib.device import home
from course_lib.evaluation.cross_trace import Factor, covariance_factor, cross_trace, features_factor
from course_lib.evaluation.statistics import FeatureStatistics

__all__ = ["fid"]


def fid(features_p, features_q) -> Tensor:
    """The squared 2-Wasserstein distance between the Gaussians that have the features' means and covariances.

    |mean_p - mean_q|^2 + tr(S_p) + tr(S_q) - 2 tr (S_p^1/2 S_q S_p^1/2)^1/2, in squared units of the features. Singular
    covariances are allowed, so n may be smaller than d. Never negative; zero for a set with itself. The error is that
    of rounding, about 1e-14 of the two traces; a value smaller than that is no evidence of a difference.

    Args:
        features_p, features_q: shape (n, d) and (m, d), at least two rows each, or ``FeatureStatistics``. When features
            are at hand pass them: for n < d that is many times faster than their statistics (see ``cross_trace``).

    Returns:
        A 0-dim float64 tensor on the device of ``features_p`` (the CPU for Apple's MPS, which has no float64). It can
        be differentiated once with respect to features; statistics carry no gradient. Where a covariance has less
        rank than n and d allow the distance has an edge, and the gradient is a finite one of those beside it.

    Raises:
        ValueError: other shapes, NaN or infinity, fewer than two rows.

    Source: I24 Frechet Inception Distance; arXiv:1706.08500.

    >>> x = torch.tensor([[0.0, 1.0], [2.0, 5.0], [4.0, 3.0]])
    >>> float(fid(x, x)), round(float(fid(x, x + torch.tensor([3.0, 4.0]))), 9)
    (0.0, 25.0)
    """
    p = _features("features_p", features_p)
    q = _features("features_q", features_q, _size(p))
    mean_p, mean_q = _mean(p), _mean(q)
    shift = mean_p - mean_q.to(mean_p.device)
    if _same(p, q):
        return shift.sum() * 0
    factor_p, factor_q = _factor(p, mean_p), _factor(q, mean_q)
    factor_q = factor_q._replace(rows=factor_q.rows.to(shift.device))
    scale = torch.stack([_largest(shift), _largest(factor_p.rows), _largest(factor_q.rows)]).max().detach()
    if not bool(scale > 0):
        return shift.sum() * 0
    # Units far from 1 would leave the range of float64 when they are squared; near 1 dividing only takes time.
    if not bool(1e-60 < scale < 1e60):
        shift = shift / scale
        factor_p, factor_q = (one._replace(rows=one.rows / scale) for one in (factor_p, factor_q))
    else:
        scale = torch.ones_like(scale)
    spread = factor_p.rows.square().sum() + factor_q.rows.square().sum() - 2 * cross_trace(factor_p, factor_q)
    return (shift.square().sum() + spread.clamp(min=0)) * scale.square()


def _features(name: str, value, size: int | None = None) -> Tensor | FeatureStatistics:
    if isinstance(value, FeatureStatistics):
        if value.count < 2 or (size is not None and len(value.mean) != size):
            wanted = "at least two rows" + ("" if size is None else f" of size {size}")
            got = f"{value.count} rows" + (f" of size {len(value.mean)}" if value.count else "")
            raise ValueError(f"{name}: expected {wanted}, got {got}")
        return value
    rows = checks.samples(name, home(value), size)
    if len(rows) < 2:
        raise ValueError(
            f"{name}: expected at least two rows, one has no covariance, got shape {tuple(rows.shape)}"
        )
    return rows


def _size(p: Tensor | FeatureStatistics) -> int:
    return len(p.mean) if isinstance(p, FeatureStatistics) else p.shape[1]


def _same(p, q) -> bool:
    if isinstance(p, Tensor) and isinstance(q, Tensor):
        return p.device == q.device and p.shape == q.shape and torch.equal(p, q)
    return p is q


def _mean(p: Tensor | FeatureStatistics) -> Tensor:
    return p.mean if isinstance(p, FeatureStatistics) else p.mean(0)


def _largest(x: Tensor) -> Tensor:
    low, high = x.aminmax()
    return torch.maximum(-low, high)


def _factor(p: Tensor | FeatureStatistics, mean: Tensor) -> Factor:
    return covariance_factor(p.covariance) if isinstance(p, FeatureStatistics) else features_factor(p, mean)

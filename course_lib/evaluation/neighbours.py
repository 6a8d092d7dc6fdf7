"""Precision and recall of samples, by nearest neighbours in feature space.

Source: Kynkaanniemi et al. 2019, arXiv:1904.06991. FID puts fidelity and coverage into one number; these are two.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from course_lib import checks
from course_lib.device import home
from course_lib.divergences.distances import between

__all__ = ["PrecisionRecall", "precision_recall"]

_BLOCK = 1 << 22
# Squared distances are right to 1e-12 of themselves.
_ROUNDING = 1e-11


class PrecisionRecall(NamedTuple):
    """Shares from 0 to 1, 0-dim tensors: of fakes that look real, and of reals that the fakes cover."""

    precision: Tensor
    recall: Tensor


def precision_recall(real, fake, k: int = 3) -> PrecisionRecall:
    """Whether fakes lie where reals lie (precision), and whether they lie everywhere there (recall).

    The region of a set is the union of balls around its points, each as large as the distance to the point's k-th
    nearest neighbour in the set (itself not counted). Precision is the share of fakes in the region of the reals,
    recall the share of reals in the region of the fakes. An outlier's ball is large, so one far real point raises the
    precision of everything near it.

    Args:
        real, fake: features of shape (n, d) and (m, d), more than k rows each. Both numbers depend on n and m:
            compare only sets of equal sizes.
        k: 3 in the paper.

    Returns:
        Shares, which are steps: no gradient flows.

    Raises:
        ValueError: other shapes, NaN or infinity, k not from 1 to the rows of the smaller set less one.

    >>> grid = torch.arange(10.0)[:, None]
    >>> tuple(map(float, precision_recall(grid, grid[:5])))  # five of ten, and balls of radius up to 3 around them
    (1.0, 0.8)
    """
    real = checks.samples("real", home(real))
    fake = checks.samples("fake", home(fake), real.shape[1], like=real).to(real.device)
    smaller = min(len(real), len(fake))
    for name, rows in (("real", real), ("fake", fake)):
        if len(rows) < 2:
            raise ValueError(f"{name}: expected at least two rows, got shape {tuple(rows.shape)}")
    k = checks.integer("k", k, 1, smaller - 1)
    return PrecisionRecall(
        _inside(fake, real, _radii(real, k)).double().mean(),
        _inside(real, fake, _radii(fake, k)).double().mean(),
    )


def _radii(points: Tensor, k: int) -> Tensor:
    """Squared distance of each point to its k-th neighbour; the nearest point of all is the point itself."""
    blocks = points.split(max(1, _BLOCK // len(points)))
    return torch.cat([between(block, points).kthvalue(k + 1, dim=1).values for block in blocks])


def _inside(x: Tensor, centres: Tensor, radii: Tensor) -> Tensor:
    # A point that defines a radius lies on the sphere; rounding must not push it out.
    reach = radii * (1 + _ROUNDING)
    blocks = x.split(max(1, _BLOCK // len(centres)))
    return torch.cat([(between(block, centres) <= reach).any(1) for block in blocks])

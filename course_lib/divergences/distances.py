"""Squared Euclidean distances between two sets of points, right however far from the origin the points lie.

The quick way, |x|^2 + |y|^2 - 2 x.y, is a matrix product, and subtracts numbers of the size of the squared norms: the
distance between two near points far from the origin is what the rounding leaves of it. So a product is taken
only in float64, after a common shift that brings the points to the origin, and whatever has still cancelled (clusters
that lie far apart have no common origin) is computed once more from the differences themselves.
"""

import torch
from torch import Tensor

from course_lib import checks

__all__ = ["squared_distances"]

# With so few coordinates the differences themselves cost no more than a product.
_FEW = 32
# A product keeps 13 digits of a squared distance above this share of the squared norms.
_CANCELS = 1e-3
# Above this share of cancelled pairs it is quicker to take all of them from the differences.
_MOST = 0.05
# Numbers in one block of differences, 32 MB in float64.
_BLOCK = 1 << 22


def squared_distances(x, y) -> Tensor:
    """|x_i - y_j|^2 for all pairs: to 1e-12 of itself, and exactly 0 between equal points.

    Args:
        x, y: points of shape (n, d) and (m, d); shape (n,) counts as d = 1.

    Returns:
        Shape (n, m), float64 on the device of x (on Apple's MPS, which has no float64, the type that came); gradients
        flow, and are 0 between equal points.

    Raises:
        ValueError: other shapes, NaN or infinity.

    >>> squared_distances([[1e6, 0.0], [1e6, 3.0]], [[1e6, 4.0]]).tolist()
    [[16.0], [1.0]]
    """
    x = checks.samples("x", x)
    return between(x, checks.samples("y", y, x.shape[1], like=x).to(x))


def between(x: Tensor, y: Tensor) -> Tensor:
    """``squared_distances`` of tensors that were looked at already: one shape (., d), floating type and device."""
    if x.shape[1] <= _FEW or x.dtype != torch.float64:
        return _from_differences(x, y)
    origin = (x.detach().mean(0) + y.detach().mean(0)) / 2
    near_x, near_y = x - origin, y - origin
    norms = near_x.square().sum(-1)[:, None] + near_y.square().sum(-1)
    squares = norms - 2 * (near_x @ near_y.mT)
    kept = squares.detach() > _CANCELS * norms.detach()  # not where squares overflow, either
    rows, columns = (~kept).nonzero(as_tuple=True)
    if len(rows) > _MOST * squares.numel():
        return _from_differences(x, y)
    step = max(1, _BLOCK // x.shape[1])
    for start in range(0, len(rows), step):
        i, j = rows[start : start + step], columns[start : start + step]
        squares[i, j] = (x[i] - y[j]).square().sum(-1)
    return squares


def _from_differences(x: Tensor, y: Tensor) -> Tensor:
    if len(x) * y.numel() <= _BLOCK:
        return (x[:, None] - y).square().sum(-1)
    # Without a block of all differences: a root, whose square is off by a rounding. Its slope is 0 where it is 0.
    return torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist").square()

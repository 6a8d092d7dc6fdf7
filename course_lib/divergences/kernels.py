"""Maximum mean discrepancy, and the kernels that the course uses."""

from collections.abc import Callable

import torch
from torch import Tensor

from course_lib import checks

__all__ = ["Kernel", "gaussian_kernel", "linear_kernel", "mmd2", "polynomial_kernel"]

#: Takes points of shape (n, d) and (m, d) to the matrix of shape (n, m).
Kernel = Callable[[Tensor, Tensor], Tensor]


def gaussian_kernel(bandwidth: float) -> Kernel:
    """k(x, y) = exp(-|x - y|^2 / (2 bandwidth^2)), bandwidth in the units of x."""
    if not float(bandwidth) > 0:
        raise ValueError(f"bandwidth: expected a positive number, got {bandwidth!r}")

    def kernel(x: Tensor, y: Tensor) -> Tensor:
        return torch.exp(-(x[:, None] - y).square().sum(-1) / (2 * bandwidth**2))

    return kernel


def polynomial_kernel(degree: int = 3, scale: float | None = None, offset: float = 1.0) -> Kernel:
    """k(x, y) = (scale x.y + offset)^degree; the scale is 1/d without one, as in the kernel Inception distance."""
    if isinstance(degree, bool) or not isinstance(degree, int) or degree < 1:
        raise ValueError(f"degree: expected an integer of at least 1, got {degree!r}")
    if scale is not None and not scale > 0:
        raise ValueError(f"scale: expected a positive number, got {scale!r}")
    if not offset >= 0:
        raise ValueError(f"offset: expected a number of at least 0, got {offset!r}")

    def kernel(x: Tensor, y: Tensor) -> Tensor:
        return ((1 / x.shape[-1] if scale is None else scale) * x @ y.mT + offset) ** degree

    return kernel


def linear_kernel() -> Kernel:
    """k(x, y) = x.y, for which MMD is the distance between the means."""
    return lambda x, y: x @ y.mT


def mmd2(x, y, kernel: Kernel, unbiased: bool = True) -> Tensor:
    """The squared maximum mean discrepancy E k(x, x') - 2 E k(x, y) + E k(y, y') from samples.

    Args:
        x: shape (n, d), y: shape (m, d); shape (n,) counts as d = 1.
        kernel: takes (n, d) and (m, d) to (n, m); symmetric and positive semi-definite.
        unbiased: leaves out the pairs of a point with itself: right on average, and now and then negative; needs at
            least two points of each. Otherwise the value for the two empirical laws, never negative.

    Returns:
        A 0-dim tensor, differentiable in x and y.

    Raises:
        ValueError: wrong shapes, NaN, too few points, a kernel of the wrong shape.

    Source: U17 MMD; Gretton et al. (2012), equation 3.

    >>> mmd2([0.0], [3.0], linear_kernel(), unbiased=False).item()
    9.0
    """
    x = checks.samples("x", x)
    y = checks.samples("y", y, x.shape[1], like=x)
    if not callable(kernel):
        raise ValueError(
            f"kernel: expected a function such as gaussian_kernel(1.0), got {type(kernel).__name__}"
        )
    if unbiased:
        for name, points in (("x", x), ("y", y)):
            if len(points) < 2:
                raise ValueError(
                    f"{name}: expected at least 2 points for the unbiased estimate, got {len(points)}"
                )
    cross = kernel(x, y)
    if not isinstance(cross, Tensor) or cross.shape != (len(x), len(y)):
        got = tuple(cross.shape) if isinstance(cross, Tensor) else type(cross).__name__
        raise ValueError(f"kernel: expected a matrix of shape ({len(x)}, {len(y)}), got {got}")
    return _within(kernel(x, x), unbiased) + _within(kernel(y, y), unbiased) - 2 * cross.mean()


def _within(matrix: Tensor, unbiased: bool) -> Tensor:
    if not unbiased:
        return matrix.mean()
    n = len(matrix)
    return (matrix.sum() - matrix.diagonal().sum()) / (n * (n - 1))

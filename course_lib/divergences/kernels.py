"""Maximum mean discrepancy, and the kernels that the course uses."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from course_lib import checks

__all__ = ["Kernel", "gaussian_kernel", "linear_kernel", "mmd2", "polynomial_kernel"]

#: Takes points of shape (n, d) and (m, d) to the matrix of shape (n, m).
Kernel = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class _Gaussian:
    bandwidth: float

    def __call__(self, x, y) -> Tensor:
        return torch.exp(self._exponent(*_points(x, y)))

    def around(self, centre: Tensor) -> Kernel:
        """The kernel less one: for a wide one the digits that differ."""
        return lambda x, y: torch.expm1(self._exponent(x, y))

    def _exponent(self, x: Tensor, y: Tensor) -> Tensor:
        return -((x[:, None] - y) / self.bandwidth).square().sum(-1) / 2


@dataclass(frozen=True)
class _Polynomial:
    degree: int
    scale: float | None
    offset: float

    def __call__(self, x, y) -> Tensor:
        x, y = _points(x, y)
        return (self._scale(x) * x @ y.mT + self.offset) ** self.degree

    def around(self, centre: Tensor) -> Kernel:
        """A kernel with the same MMD, from products that are small near c.

        With x = c + u, y = c + v, k = (b + r)^degree for b = scale c.c + offset and r = scale (c.u + c.v + u.v). Of its
        first two powers of r, b^degree and degree b^(degree - 1) r, only u.v depends on both points; far from the
        origin the rest is all that is large.
        """
        scale = self._scale(centre)
        level = scale * centre @ centre + self.offset

        def kernel(x: Tensor, y: Tensor) -> Tensor:
            x, y = x - centre, y - centre
            both = scale * x @ y.mT
            r = both + (scale * x @ centre)[:, None] + scale * y @ centre
            above = torch.zeros_like(level)
            for k in range(self.degree, 1, -1):
                above = above * r + math.comb(self.degree, k) * level ** (self.degree - k)
            return self.degree * level ** (self.degree - 1) * both + r * r * above

        return kernel

    def _scale(self, x: Tensor) -> float:
        return 1 / x.shape[-1] if self.scale is None else self.scale


@dataclass(frozen=True)
class _Linear:
    def __call__(self, x, y) -> Tensor:
        x, y = _points(x, y)
        return x @ y.mT

    def around(self, centre: Tensor) -> Kernel:
        return lambda x, y: (x - centre) @ (y - centre).mT


def _points(x, y) -> tuple[Tensor, Tensor]:
    x = checks.samples("x", x)
    return x, checks.samples("y", y, x.shape[1], like=x)


def gaussian_kernel(bandwidth: float) -> Kernel:
    """k(x, y) = exp(-|x - y|^2 / (2 bandwidth^2)), bandwidth in the units of x."""
    return _Gaussian(_keeping_gradients(bandwidth, checks.positive("bandwidth", bandwidth)))


def polynomial_kernel(degree: int = 3, scale: float | None = None, offset: float = 1.0) -> Kernel:
    """k(x, y) = (scale x.y + offset)^degree; the scale is 1/d without one, as in the kernel Inception distance."""
    checks.integer("degree", degree, 1)
    if scale is not None:
        scale = _keeping_gradients(scale, checks.positive("scale", scale))
    return _Polynomial(int(degree), scale, _keeping_gradients(offset, checks.number("offset", offset, 0)))


def linear_kernel() -> Kernel:
    """k(x, y) = x.y, for which MMD is the distance between the means."""
    return _Linear()


def _keeping_gradients(value, number: float):
    return value if isinstance(value, Tensor) else number


def mmd2(x, y, kernel: Kernel, unbiased: bool = True) -> Tensor:
    """The squared maximum mean discrepancy E k(x, x') - 2 E k(x, y) + E k(y, y') from samples.

    A function of x alone or of y alone may be added to a kernel without a change of the result. The course's own
    kernels are therefore evaluated relative to the centre of all the points, so that samples far from the origin (or a
    bandwidth far beyond their spread) cost no digits; a function of yours is taken as it is.

    Args:
        x: shape (n, d), y: shape (m, d); shape (n,) counts as d = 1.
        kernel: takes (n, d) and (m, d) to (n, m); symmetric and positive semi-definite.
        unbiased: leaves out the pairs of a point with itself: right on average, and now and then negative; needs at
            least two points of each. Otherwise the value for the two empirical distributions, never negative.

    Returns:
        A 0-dim tensor, differentiable in x and y.

    Raises:
        ValueError: wrong shapes, NaN, too few points, a kernel that gives NaN or a matrix of another shape.

    Source: U17 MMD; Gretton et al. (2012), equation 3.

    >>> mmd2([0.0], [3.0], linear_kernel(), unbiased=False).item()
    9.0
    """
    x = checks.samples("x", x)
    y = checks.samples("y", y, x.shape[1], like=x)
    checks.function("kernel", kernel, "a function such as gaussian_kernel(1.0)")
    if checks.flag("unbiased", unbiased):
        for name, points in (("x", x), ("y", y)):
            if len(points) < 2:
                raise ValueError(
                    f"{name}: expected at least 2 points for the unbiased estimate, got {len(points)}"
                )
    if hasattr(kernel, "around"):
        kernel = kernel.around(torch.cat([x, y]).detach().mean(0))
    cross = _matrix(kernel, x, y).mean()
    value = _within(_matrix(kernel, x, x), unbiased) + _within(_matrix(kernel, y, y), unbiased) - 2 * cross
    # A mean of squares: what is below zero is rounding.
    return value if unbiased else value.clamp(min=0.0)


def _matrix(kernel: Kernel, x: Tensor, y: Tensor) -> Tensor:
    matrix = kernel(x, y)
    if not isinstance(matrix, Tensor) or matrix.shape != (len(x), len(y)):
        wanted = f"a function that gives a matrix of shape ({len(x)}, {len(y)})"
        raise ValueError(f"kernel: expected {wanted}, got {checks.shown(matrix)}")
    if bool(torch.isnan(matrix.detach()).any()):
        raise ValueError("kernel: expected numbers for all pairs of points, got NaN")
    return matrix


def _within(matrix: Tensor, unbiased: bool) -> Tensor:
    if not unbiased:
        return matrix.mean()
    n = len(matrix)
    return (matrix.sum() - matrix.diagonal().sum()) / (n * (n - 1))

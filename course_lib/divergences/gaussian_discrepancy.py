"""The maximum mean discrepancy between two Gaussians under a Gaussian kernel, in closed form."""

import torch
from torch import Tensor

from course_lib import checks

__all__ = ["gaussian_mmd2"]


def gaussian_mmd2(mean_p, std_p, mean_q, std_q, bandwidth) -> Tensor:
    r"""MMD^2 between N(mean_p, std_p^2) and N(mean_q, std_q^2) for the kernel exp(-|x - y|^2 / (2 bandwidth^2)).

    For x - y ~ N(mu, v) and the bandwidth h, E k(x, y) = h / sqrt(h^2 + v) exp(-mu^2 / (2 (h^2 + v))) in each
    coordinate; the three expectations of MMD^2 are products of these. They are combined without a difference of nearly
    equal numbers, so that close distributions and wide kernels cost no digits.

    Args:
        mean_p, mean_q: shape (..., d); a number counts as d = 1.
        std_p, std_q: the standard deviations, in the units of x: a number for all directions alike, or shape (..., d)
            for independent coordinates. Zero is a point mass.
        bandwidth: a positive number, in the units of x.

    Returns:
        Shape (...), a 0-dim tensor without batch axes, never negative. Gradients flow to means and deviations.

    Raises:
        ValueError: wrong shapes, NaN, a negative deviation, a bandwidth that is not positive.

    Source: U17 MMD; Gretton et al. (2012), lemma 6.

    >>> round(gaussian_mmd2(0.0, 1.0, 1.0, 1.0, 1.0).item(), 6)
    0.177268
    """
    mean_p = checks.vector("mean_p", mean_p)
    size = mean_p.shape[-1]
    mean_q = checks.vector("mean_q", mean_q, size, like=mean_p)
    std_p, std_q = _deviation("std_p", std_p, size, mean_p), _deviation("std_q", std_q, size, mean_p)
    h2 = checks.positive("bandwidth", bandwidth) ** 2
    shape = mean_p.shape
    for name, part in (("mean_q", mean_q), ("std_p", std_p), ("std_q", std_q)):
        try:
            shape = torch.broadcast_shapes(shape, part.shape)
        except RuntimeError as error:
            wanted = f"batch axes that fit {tuple(shape[:-1])}"
            raise ValueError(f"{name}: expected {wanted}, got {tuple(part.shape[:-1])}") from error
    shift2 = (mean_p - mean_q).square().expand(shape)
    a, b = ((h2 + 2 * std.square()).expand(shape) for std in (std_p, std_q))
    both = (a + b) / 2  # h^2 plus the variance of x - y for independent x ~ P, y ~ Q
    gap = 2 * (std_p - std_q) * (std_p + std_q)  # a - b
    # With pp = E k(x, x'), qq = E k(y, y') and pq = c e^(-s) for the shift's exponent s,
    # pp + qq - 2 pq = (sqrt(pp) - sqrt(qq))^2 + 2 (sqrt(pp qq) - c) + 2 c (1 - e^(-s)), all terms at least 0.
    root_q = torch.exp(-0.25 * torch.log(b / h2).sum(-1))
    roots = root_q * torch.expm1(-0.25 * torch.log1p(gap / b).sum(-1))
    cross = torch.exp(-0.5 * torch.log(both / h2).sum(-1))
    spread = cross * torch.expm1(0.25 * torch.log1p(gap.square() / (4 * a * b)).sum(-1))
    return roots.square() + 2 * spread - 2 * cross * torch.expm1(-(shift2 / (2 * both)).sum(-1))


def _deviation(name: str, value, size: int, like: Tensor) -> Tensor:
    out = checks.finite(name, value, like)
    if out.ndim and out.shape[-1] not in (1, size):
        raise ValueError(f"{name}: expected a number or shape (..., {size}), got shape {tuple(out.shape)}")
    if (out < 0).any():
        raise ValueError(f"{name}: expected standard deviations of at least 0, got {out.min().item():.3g}")
    return out.expand(*out.shape[:-1], size) if out.ndim else out.expand(size)

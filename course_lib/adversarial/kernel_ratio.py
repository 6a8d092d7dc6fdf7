"""The density ratio as a sum of Gaussian bumps, by least squares in closed form (uLSIF)."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from course_lib import checks

__all__ = ["KernelRatio", "ulsif"]


@dataclass(frozen=True, eq=False)
class KernelRatio:
    """r(x) = sum_l coefficients[l] exp(-|x - centres[l]|^2 / (2 bandwidth^2)).

    Attributes:
        coefficients: shape (b,).
        centres: shape (b, d).
        bandwidth: in the units of x.
    """

    coefficients: Tensor
    centres: Tensor = field(repr=False)
    bandwidth: float

    def __call__(self, x) -> Tensor:
        """The ratio at points x, shape (n, d) to (n,); shape (n,) counts as d = 1. Nothing keeps it above 0."""
        x = checks.samples("x", x, self.centres.shape[1], like=self.centres)
        return _bumps(x, self.centres, self.bandwidth) @ self.coefficients


def ulsif(x_p, x_q, centres, bandwidth: float, ridge: float) -> KernelRatio:
    """The ratio p/q that minimises 1/2 E_q r^2 - E_p r + ridge/2 |coefficients|^2 among sums of bumps.

    The minimum solves (H + ridge I) a = h with H = mean over x_q of phi phi^T and h = mean over x_p of phi, phi being
    the vector of bumps. Coefficients are not cut off at 0, so the ratio may come out negative where there are few
    points.

    Args:
        x_p: points of P, shape (n, d), and x_q: points of Q, shape (m, d); shape (n,) counts as d = 1.
        centres: of the bumps, shape (b, d) (or (b,)), often a part of x_p.
        bandwidth: of the bumps exp(-|x - c|^2 / (2 bandwidth^2)), in the units of x.
        ridge: at least 0; with 0 the bumps must be linearly independent on x_q.

    Returns:
        A record with ``.coefficients``, to be called for the ratio at points.

    Raises:
        ValueError: wrong shapes, NaN, a bandwidth that is not positive, a negative ridge, or a ridge of 0 where the
            minimum is not unique.

    Source: U17 Ratio matching; Kanamori, Hido and Sugiyama, "A least-squares approach to direct importance
    estimation", 2009.

    >>> ratio = ulsif([0.0, 1.0], [0.0, 2.0], [0.0], bandwidth=1.0, ridge=0.1)
    >>> ratio([0.0]).shape
    torch.Size([1])
    """
    x_p = checks.samples("x_p", x_p)
    x_q = checks.samples("x_q", x_q, x_p.shape[1], like=x_p)
    centres = checks.samples("centres", centres, x_p.shape[1], like=x_p)
    bandwidth, ridge = checks.positive("bandwidth", bandwidth), checks.number("ridge", ridge, 0)
    on_q = _bumps(x_q, centres, bandwidth)
    h = _bumps(x_p, centres, bandwidth).mean(0)
    H = on_q.mT @ on_q / len(x_q) + ridge * torch.eye(len(centres), dtype=h.dtype, device=h.device)
    solution, failed = torch.linalg.solve_ex(H, h)
    if bool(failed) or not bool(torch.isfinite(solution).all()):
        raise ValueError(
            f"ridge: expected more than {ridge:g}, since these bumps are linearly dependent on x_q"
        )
    return KernelRatio(solution, centres, bandwidth)


def _bumps(x: Tensor, centres: Tensor, bandwidth: float) -> Tensor:
    return torch.exp(-((x[:, None] - centres) / bandwidth).square().sum(-1) / 2)

"""The nine f-divergences of the course: generator, derivative, conjugate, activation, log-space form.

Sources: U17 f-Divergence; I24 f-divergence minimisation; Nowozin, Cseke and Tomioka, "f-GAN", arXiv:1606.00709,
tables 2 and 6. "jensen_shannon" here is the one bounded by log 2, half of the paper's; "total_variation" has the
1/2; "squared_hellinger" has none.
"""

import math
from collections.abc import Mapping
from types import MappingProxyType

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from course_lib import checks
from course_lib.divergences.convex_function import FDivergence, LogRatioForm

__all__ = ["F_DIVERGENCES", "add_row", "get_f_divergence"]

LOG2 = math.log(2)
INF = math.inf


def _omega(y: Tensor) -> Tensor:
    """log of Lambert's W at e^y: the z with z + e^z = y. Newton from above, where the function is convex."""
    with torch.no_grad():
        z = torch.where(y > 1, torch.log(y.clamp(min=1.0)), y)
        for _ in range(8):
            z = z - (z + torch.exp(z) - y) / (1 + torch.exp(z))
    # One step with the graph: its derivative with respect to y is the right one, 1 / (1 + W).
    return z - (z + torch.exp(z) - y) / (1 + torch.exp(z))


def _jeffreys_dual(t: Tensor) -> Tensor:
    z = _omega(1 - t)
    return torch.exp(-z) - 1 - z


def _js_generator(u: Tensor) -> Tensor:
    # With d = (u - 1)/(u + 1): 2u/(1 + u) = 1 + d and 2/(1 + u) = 1 - d, exact near u = 1.
    d = (u - 1) / (u + 1)
    first = torch.where(u > 0.5, torch.log1p(d.clamp(min=-0.5)), LOG2 + torch.log(u) - torch.log1p(u))
    second = torch.where(u < 2, torch.log1p(-d.clamp(max=0.5)), LOG2 - torch.log1p(u))
    return 0.5 * (u * first + second)


def _js_below(r: Tensor) -> Tensor:
    d = torch.tanh(r / 2)
    u = torch.exp(r)
    first = torch.where(r > -1, torch.log1p(d.clamp(min=-0.5)), LOG2 + r - torch.log1p(u))
    # u * first is e^r (r + log 2): it vanishes in the limit, also where r is beyond all bounds.
    return 0.5 * (u * first + torch.log1p(-d))


def _js_above(r: Tensor) -> Tensor:
    return _js_below(-r)


def _square_root_below(r: Tensor) -> Tensor:
    return torch.expm1(r / 2).square()


def _square_root_above(r: Tensor) -> Tensor:
    return torch.expm1(-r / 2).square()


def _difference_below(r: Tensor) -> Tensor:
    return torch.expm1(r).square()


def _difference_above(r: Tensor) -> Tensor:
    return torch.expm1(-r).square()


_ROWS = (
    FDivergence(
        name="kl",
        generator=lambda u: u * torch.log(u),
        derivative=lambda u: torch.log(u) + 1,
        dual=lambda t: torch.exp(t - 1),
        conjugate_domain=(-INF, INF),
        activation=lambda v: v,
        at_zero=0.0,
        at_infinity=INF,
        slope_at_one=1.0,
        form=LogRatioForm(lambda r: r * torch.exp(r) - torch.expm1(r), lambda r: r + torch.expm1(-r)),
    ),
    FDivergence(
        name="reverse_kl",
        generator=lambda u: -torch.log(u),
        derivative=lambda u: -1 / u,
        dual=lambda t: -1 - torch.log(-t),
        conjugate_domain=(-INF, 0.0),
        activation=lambda v: -torch.exp(-v),
        dual_of_activation=lambda v: v - 1,
        at_zero=INF,
        at_infinity=0.0,
        slope_at_one=-1.0,
        form=LogRatioForm(lambda r: torch.expm1(r) - r, lambda r: -torch.expm1(-r) - r * torch.exp(-r)),
    ),
    FDivergence(
        name="pearson_chi2",
        generator=lambda u: (u - 1).square(),
        derivative=lambda u: 2 * (u - 1),
        # Below t = -2 the supremum sits at the end u = 0.
        dual=lambda t: torch.where(t > -2, t + t.square() / 4, -1.0),
        conjugate_domain=(-INF, INF),
        activation=lambda v: v,
        at_zero=1.0,
        at_infinity=INF,
        slope_at_one=0.0,
        form=LogRatioForm(_difference_below, _difference_above, above_rate=1.0),
    ),
    FDivergence(
        name="neyman_chi2",
        generator=lambda u: (1 - u) * (1 / u - 1),
        derivative=lambda u: (1 - 1 / u) * (1 + 1 / u),
        dual=lambda t: 2 * t / (1 + torch.sqrt(1 - t)),
        conjugate_domain=(-INF, 1.0),
        activation=lambda v: -torch.expm1(-v),
        dual_of_activation=lambda v: -2 * torch.expm1(-v / 2),
        at_zero=INF,
        at_infinity=1.0,
        slope_at_one=0.0,
        form=LogRatioForm(_difference_below, _difference_above, below_rate=1.0),
    ),
    FDivergence(
        name="squared_hellinger",
        generator=lambda u: ((u - 1) / (torch.sqrt(u) + 1)).square(),
        derivative=lambda u: 1 - u.rsqrt(),
        dual=lambda t: t / (1 - t),
        conjugate_domain=(-INF, 1.0),
        activation=lambda v: -torch.expm1(-v),
        dual_of_activation=torch.expm1,
        at_zero=1.0,
        at_infinity=1.0,
        slope_at_one=0.0,
        form=LogRatioForm(_square_root_below, _square_root_above),
    ),
    FDivergence(
        name="jensen_shannon",
        generator=_js_generator,
        derivative=lambda u: 0.5 * (LOG2 - torch.log1p(1 / u)),
        dual=lambda t: -0.5 * (LOG2 + torch.log(-torch.expm1(2 * t - LOG2))),
        conjugate_domain=(-INF, LOG2 / 2),
        activation=lambda v: 0.5 * (LOG2 + logsigmoid(v)),
        dual_of_activation=lambda v: -0.5 * (LOG2 + logsigmoid(-v)),
        at_zero=LOG2 / 2,
        at_infinity=LOG2 / 2,
        slope_at_one=0.0,
        form=LogRatioForm(_js_below, _js_above),
    ),
    FDivergence(
        name="gan",
        generator=lambda u: -torch.where(u > 1e16, 1.0, u * torch.log1p(1 / u)) - torch.log1p(u),
        derivative=lambda u: -torch.log1p(1 / u),
        dual=lambda t: -torch.log(-torch.expm1(t)),
        conjugate_domain=(-INF, 0.0),
        activation=logsigmoid,
        dual_of_activation=lambda v: -logsigmoid(-v),
        at_zero=0.0,
        at_infinity=0.0,
        slope_at_one=-LOG2,
        at_one=-2 * LOG2,
        form=LogRatioForm(lambda r: 2 * _js_below(r), lambda r: 2 * _js_above(r)),
    ),
    FDivergence(
        name="total_variation",
        generator=lambda u: 0.5 * (u - 1).abs(),
        derivative=lambda u: 0.5 * torch.sign(u - 1),
        # Below t = -1/2 the supremum sits at the end u = 0.
        dual=lambda t: t.clamp(min=-0.5),
        conjugate_domain=(-INF, 0.5),
        activation=lambda v: 0.5 * torch.tanh(v),
        at_zero=0.5,
        at_infinity=0.5,
        slope_at_one=0.0,
        form=LogRatioForm(lambda r: -0.5 * torch.expm1(r), lambda r: -0.5 * torch.expm1(-r)),
    ),
    FDivergence(
        name="jeffreys",
        generator=lambda u: (u - 1) * torch.log(u),
        derivative=lambda u: torch.log(u) - (1 / u - 1),
        dual=_jeffreys_dual,
        conjugate_domain=(-INF, INF),
        activation=lambda v: v,
        at_zero=INF,
        at_infinity=INF,
        slope_at_one=0.0,
        form=LogRatioForm(lambda r: r * torch.expm1(r), lambda r: -r * torch.expm1(-r)),
    ),
)

_REGISTER: dict[str, FDivergence] = {row.name: row for row in _ROWS}

#: Every known f-divergence by name; ``register`` adds to it.
F_DIVERGENCES: Mapping[str, FDivergence] = MappingProxyType(_REGISTER)


def get_f_divergence(kind: "str | FDivergence", name: str = "kind") -> FDivergence:
    """The row called ``kind``, or ``kind`` itself when it is a row.

    Raises:
        ValueError: no row has that name.
    """
    if isinstance(kind, FDivergence):
        return kind
    if isinstance(kind, str) and kind in _REGISTER:
        return _REGISTER[kind]
    raise checks.refuse(name, f"one of {', '.join(_REGISTER)} or an FDivergence", kind)


def add_row(row: FDivergence) -> None:
    """Enters a row under its name; a name that is taken is refused."""
    if row.name in _REGISTER and _REGISTER[row.name] is not row:
        raise ValueError(f"name: expected one that is not taken, got {row.name!r}")
    _REGISTER[row.name] = row

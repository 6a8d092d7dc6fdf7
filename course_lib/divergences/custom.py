"""A row of one's own: checked on the way in, with a sentence when it is no f-divergence."""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import softplus

from course_lib import checks
from course_lib.divergences.convex_function import FDivergence, Function, LogRatioForm
from course_lib.divergences.family import add_row

__all__ = ["f_divergence", "register"]

_TOLERANCE = 1e-6  # of identities between functions that are each exact to 1e-12 or so
# Pairs of log ratios between which the tail of f is measured; beyond the second it is continued. The first pair
# at which f is still a float64 counts.
_FAR_OUT = ((200.0, 300.0), (60.0, 90.0), (20.0, 30.0))


def f_divergence(
    name: str,
    f: Callable[[Tensor], Tensor],
    f_prime: Function,
    conjugate: Function,
    conjugate_domain: tuple[float, float],
    output_activation: Function | None = None,
) -> FDivergence:
    """A new row of the family, after checks on a grid of ratios from 1e-3 to 1e3.

    Args:
        name: what it is called.
        f: the generator, elementwise on float64 tensors of ratios u > 0; convex, f(1) = 0.
        f_prime: its derivative (at a kink, any subgradient).
        conjugate: f*(t) = sup over u >= 0 of (u t - f(u)), elementwise inside ``conjugate_domain``.
        conjugate_domain: (low, high), where f* is finite.
        output_activation: increasing, from the real line into that domain; without it the identity, or a softplus
            that ends at the domain's end, or a sigmoid between two ends.

    Raises:
        ValueError: f(1) is not 0, f is not convex or is linear around 1, f_prime is not its derivative, conjugate
            is not its conjugate, the domain or the activation does not fit. The sentence says which and where.

    >>> row = f_divergence("half_kl", lambda u: 0.5 * u * u.log(), lambda u: 0.5 * (u.log() + 1),
    ...                    lambda t: 0.5 * (2 * t - 1).exp(), (-math.inf, math.inf))
    >>> row.f(math.e).item() == math.e / 2
    True
    """
    checks.text("name", name)
    parts = {"f": f, "f_prime": f_prime, "conjugate": conjugate, "output_activation": output_activation}
    for part, function in parts.items():
        if part != "output_activation" or function is not None:
            checks.function(part, function)
    low, high = _domain(conjugate_domain)
    activation = _activation(low, high) if output_activation is None else output_activation
    u = torch.exp(torch.linspace(-math.log(1e3), math.log(1e3), 241, dtype=torch.float64))
    value, slope = _evaluate("f", f, u), _evaluate("f_prime", f_prime, u)
    _check_generator(f, u, value)
    _check_derivative(u, value, slope)
    _check_conjugate(conjugate, low, high, u, value, slope)
    _check_activation(activation, low, high)
    one = torch.ones(1, dtype=torch.float64)
    slope_at_one = f_prime(one).item()
    return FDivergence(
        name=name,
        generator=f,
        derivative=f_prime,
        dual=conjugate,
        conjugate_domain=(low, high),
        activation=activation,
        at_zero=_limit(lambda r: f(torch.exp(r)), -1.0),
        at_infinity=_limit(lambda r: torch.exp(-r) * f(torch.exp(r)), 1.0),
        slope_at_one=slope_at_one,
        form=_log_ratio_form(f, slope_at_one),
    )


def register(row: FDivergence) -> FDivergence:
    """Adds a row to ``F_DIVERGENCES`` under its name, so that ``kind`` may name it.

    Raises:
        ValueError: the name is taken by another row.
    """
    if not isinstance(row, FDivergence):
        raise checks.refuse("row", "an FDivergence (build one with f_divergence)", row)
    add_row(row)
    return row


def _evaluate(name: str, function, u: Tensor) -> Tensor:
    try:
        value = function(u)
    except Exception as error:
        raise ValueError(
            f"{name}: expected a function of a tensor, got {type(error).__name__}: {error}"
        ) from error
    if not isinstance(value, Tensor) or value.shape != u.shape:
        got = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
        raise ValueError(
            f"{name}: expected a tensor of the shape of its argument, {tuple(u.shape)}, got {got}"
        )
    if not bool(value.isfinite().all()):
        raise ValueError(
            f"{name}: expected finite values, got {value[~value.isfinite()][0].item()} at "
            f"{u[~value.isfinite()][0].item():.3g}"
        )
    return value


def _domain(conjugate_domain) -> tuple[float, float]:
    ends = checks.items("conjugate_domain", conjugate_domain, "two numbers (low, high)")
    if len(ends) != 2:
        raise checks.refuse("conjugate_domain", "two numbers (low, high)", conjugate_domain)
    low, high = (float(checks.number("conjugate_domain", end, infinite=True)) for end in ends)
    if not low < high:
        raise ValueError(f"conjugate_domain: expected low < high, got ({low}, {high})")
    return low, high


def _check_generator(f, u: Tensor, value: Tensor) -> None:
    at_one = f(torch.ones(1, dtype=torch.float64)).item()
    if not abs(at_one) < 1e-9:
        raise ValueError(f"f: expected f(1) = 0, got {at_one:.6g}; else D_f(P||P) is not zero")
    left, middle, right = u[:-2], u[1:-1], u[2:]
    share = (right - middle) / (right - left)
    chord = share * value[:-2] + (1 - share) * value[2:]
    excess = (value[1:-1] - chord) / (1 + value[1:-1].abs())
    if (excess > 1e-10).any():
        where = middle[excess.argmax()].item()
        raise ValueError(
            f"f: expected a convex function, got one that lies above its chord at u = {where:.3g}"
        )
    ends = f(torch.tensor([0.5, 1.5], dtype=torch.float64)).sum().item()
    if not ends > 1e-12:
        raise ValueError(
            "f: expected a function that is not linear around 1, got f(0.5) + f(1.5) = 0; "
            "else different distributions may be at distance zero"
        )


def _check_derivative(u: Tensor, value: Tensor, slope: Tensor) -> None:
    tangent = value[:, None] + slope[:, None] * (u - u[:, None])
    excess = (tangent - value) / (1 + value.abs() + tangent.abs())
    if (excess > _TOLERANCE).any():
        where = u[excess.amax(1).argmax()].item()
        raise ValueError(f"f_prime: expected the derivative of f, got a line that cuts f at u = {where:.3g}")


def _check_conjugate(conjugate, low: float, high: float, u: Tensor, value: Tensor, slope: Tensor) -> None:
    outside = (slope < low - 1e-12) | (slope > high + 1e-12)
    if outside.any():
        where = outside.nonzero()[0].item()
        raise ValueError(
            f"conjugate_domain: expected every slope of f in ({low}, {high}), "
            f"got f'({u[where].item():.3g}) = {slope[where].item():.3g}"
        )
    open_ = (slope > low) & (slope < high)
    kept, held, inner = u[open_], value[open_], slope[open_]
    # A generator of straight pieces has all its slopes at the ends: there f* must be finite.
    if not len(inner):
        kept, held, inner = u, value, slope
    dual = _evaluate("conjugate", conjugate, inner)
    right = kept * inner - held
    wrong = (dual - right).abs() / (1 + right.abs() + (kept * inner).abs())
    if (wrong > _TOLERANCE).any():
        k = wrong.argmax()
        raise ValueError(
            f"conjugate: expected f*({inner[k].item():.4g}) = {right[k].item():.6g}, "
            f"the supremum of u t - f(u), got {dual[k].item():.6g}"
        )


def _check_activation(activation, low: float, high: float) -> None:
    v = torch.linspace(-8, 8, 33, dtype=torch.float64)
    t = _evaluate("output_activation", activation, v)
    if (t < low).any() or (t > high).any():
        k = ((t < low) | (t > high)).nonzero()[0].item()
        raise ValueError(
            f"output_activation: expected values in ({low}, {high}), got {t[k].item():.4g} at v = {v[k].item():.3g}"
        )
    if (t.diff() < 0).any():
        raise ValueError("output_activation: expected an increasing function, got one that falls")


def _activation(low: float, high: float) -> Function:
    if math.isfinite(low) and math.isfinite(high):
        return lambda v: low + (high - low) * torch.sigmoid(v)
    if math.isfinite(high):
        return lambda v: high - softplus(-v)
    if math.isfinite(low):
        return lambda v: low + softplus(v)
    return lambda v: v


def _limit(function, sign: float) -> float:
    """The limit as r goes to sign * infinity of a monotone function, told from its growth far out."""
    near, far = function(sign * torch.tensor(_FAR_OUT[0], dtype=torch.float64)).tolist()
    if math.isfinite(far) and abs(far - near) <= 1e-8 * (1 + abs(far)):
        # What rounding leaves of a limit of zero.
        return 0.0 if abs(far) < 1e-12 else far
    return math.copysign(math.inf, far if math.isinf(far) else far - near)


def _log_ratio_form(f, slope: float) -> LogRatioForm:
    """The centred generator in r = log u, continued beyond float64."""

    def below(r: Tensor) -> Tensor:
        return f(torch.exp(r)) - slope * torch.expm1(r)

    def above(r: Tensor) -> Tensor:
        return torch.exp(-r) * f(torch.exp(r)) + slope * torch.expm1(-r)

    low, low_rate = _continued(below, -1.0)
    high, high_rate = _continued(above, 1.0)
    return LogRatioForm(low, high, low_rate, high_rate)


def _continued(function, sign: float) -> tuple[Function, float]:
    """The function divided by e^(rate |r|), beyond the far point a straight line in r; and the rate."""
    for points in _FAR_OUT:
        near, far = function(sign * torch.tensor(points, dtype=torch.float64)).tolist()
        if math.isfinite(near) and math.isfinite(far):
            break
    else:
        raise ValueError("f: expected growth by less than u^20, got values beyond float64 at e^30")
    stretch, end = points[1] - points[0], points[1]
    rate = math.log(far / near) / stretch if near > 0 and far > 0 else 0.0
    # A logarithm grows like e^(0.01 r) there: that is left to the straight line.
    rate = rate if rate > 0.03 else 0.0

    def scaled(r: Tensor) -> Tensor:
        return function(r) * torch.exp(-rate * r.abs())

    near, far = scaled(sign * torch.tensor(points, dtype=torch.float64)).tolist()
    # Where only rounding moves the values the line is level.
    climb = (far - near) / stretch if far - near > 1e-9 * (1e-9 + abs(far)) else 0.0

    def continued(r: Tensor) -> Tensor:
        size = r.abs()
        # Rounding may leave a centred generator a little below zero.
        inside = scaled(sign * size.clamp(max=end)).clamp(min=0.0)
        return inside + (size - end).clamp(min=0.0) * climb

    return continued, rate

"""The Wasserstein distance on a line, where sorting is the optimal plan."""

import itertools
import math

import torch
from torch import Tensor

from course_lib import checks

__all__ = ["wasserstein_1d"]

# Two levels of the distribution functions that differ by at most this share are meant to be one: each weight of
# float64, and its scaling to the sum one, is off by up to 2^-53 of itself.
_ROUNDING_BITS = 51


def wasserstein_1d(x, y, p: float = 1, weights_x=None, weights_y=None) -> Tensor:
    """W_p = (min E |X - Y|^p)^(1/p) between two sets of numbers, by joining their quantiles.

    Args:
        x: shape (n,), y: shape (m,); n and m may differ.
        p: at least 1.
        weights_x, weights_y: probabilities of the points, shapes (n,) and (m,); equal without them.

    Returns:
        A 0-dim tensor in the units of x, differentiable in the points and the weights.

    Raises:
        ValueError: wrong shapes, NaN, p below 1, weights that are no probabilities.

    Source: I24 Wasserstein metric: on the line the optimal coupling is the monotone one.

    >>> wasserstein_1d([0.0, 1.0], [3.0, 2.0]).item()
    2.0
    """
    x = _numbers("x", x)
    y = _numbers("y", y, x)
    p = checks.number("p", p, 1)
    gap, mass = _coupling(x, y, weights_x, weights_y)
    if p == 1:
        return (mass * gap).sum()
    # Scaled by the largest gap, so that a high power neither overflows nor vanishes; at zero the root is flat.
    largest = gap.detach().max()
    if largest == 0:
        return (mass * gap).sum()
    return largest * (mass * (gap / largest) ** p).sum() ** (1 / p)


def _coupling(x: Tensor, y: Tensor, weights_x, weights_y) -> tuple[Tensor, Tensor]:
    """Distances along the monotone plan and the mass that travels each."""
    x, order_x = torch.sort(x)
    y, order_y = torch.sort(y)
    n, m = len(x), len(y)
    if weights_x is None and weights_y is None:
        if n == m:
            return (x - y).abs(), torch.full_like(x, 1 / n)
        # Whole numbers over n: equal levels of the two are equal in float64, too.
        levels = [torch.arange(1, size + 1, dtype=x.dtype, device=x.device) / size for size in (n, m)]
        edges = torch.sort(torch.cat(levels)).values
        mass = torch.diff(edges, prepend=edges.new_zeros(1))
        at_x, at_y = (
            torch.searchsorted(level, edges - mass / 2).clamp(max=len(level) - 1) for level in levels
        )
        return torch.where(mass > 0, (x[at_x] - y[at_y]).abs(), 0.0), mass
    weights = []
    for name, given, order in (("weights_x", weights_x, order_x), ("weights_y", weights_y, order_y)):
        size = len(order)
        even = x.new_full((size,), 1 / size)
        weights.append(even if given is None else checks.probabilities(name, given, size, like=x)[order])
    at_x, at_y, mass = _monotone_plan(*(part.tolist() for part in weights))
    mass = x.new_tensor(mass)
    if any(part.requires_grad for part in weights):
        # The same masses once more as differences of running sums: what the sums lose is added as a constant.
        ends = torch.stack([part.cumsum(0)[at] for part, at in zip(weights, (at_x, at_y), strict=True)]).amin(
            0
        )
        rough = torch.diff(ends, prepend=ends.new_zeros(1))
        mass = rough + (mass - rough).detach()
    return (x[at_x] - y[at_y]).abs(), mass


def _monotone_plan(
    weights_x: list[float], weights_y: list[float]
) -> tuple[list[int], list[int], list[float]]:
    """Places in x, places in y and the mass that each pair exchanges, for sorted points.

    The running sums are kept as whole numbers, exactly: in float64 a weight of 1e-17 would be lost beside a sum of 1.
    """
    on_x, ends_x = _exact_levels(weights_x)
    on_y, ends_y = _exact_levels(weights_y)
    # Over a common denominator both end at 1.
    total_x, total_y = ends_x[-1], ends_y[-1]
    ends_x, ends_y = [end * total_y for end in ends_x], [end * total_x for end in ends_y]
    total = total_x * total_y
    plan = []
    i = j = start_x = start_y = 0
    while i < len(ends_x) and j < len(ends_y):
        left_x, left_y = ends_x[i] - start_x, ends_y[j] - start_y
        plan.append((on_x[i], on_y[j], min(left_x, left_y) / total))
        if _meant_equal(ends_x, i, ends_y, j):
            start_x, start_y = ends_x[i], ends_y[j]
            i, j = i + 1, j + 1
        elif ends_x[i] < ends_y[j]:
            start_x, start_y = ends_x[i], start_y + left_x
            i += 1
        else:
            start_x, start_y = start_x + left_y, ends_y[j]
            j += 1
    return tuple(map(list, zip(*plan, strict=True)))


def _exact_levels(weights: list[float]) -> tuple[list[int], list[int]]:
    """Where there is weight, and its running sum over a denominator that makes all of them whole."""
    places = [place for place, weight in enumerate(weights) if weight > 0]
    parts = [math.frexp(weights[place]) for place in places]
    lowest = min(exponent for _, exponent in parts)
    whole = [int(math.ldexp(mantissa, 53)) << (exponent - lowest) for mantissa, exponent in parts]
    return places, list(itertools.accumulate(whole))


def _meant_equal(ends_x: list[int], i: int, ends_y: list[int], j: int) -> bool:
    """Whether two levels differ by rounding only, and neither has a better match in the other's successor."""
    gap = abs(ends_x[i] - ends_y[j])
    if gap << _ROUNDING_BITS > max(ends_x[i], ends_y[j]):
        return False
    after_x = abs(ends_x[i + 1] - ends_y[j]) if i + 1 < len(ends_x) else math.inf
    after_y = abs(ends_y[j + 1] - ends_x[i]) if j + 1 < len(ends_y) else math.inf
    return gap <= min(after_x, after_y)


def _numbers(name: str, value, like: Tensor | None = None) -> Tensor:
    out = checks.finite(name, value, like)
    if out.ndim == 2 and out.shape[1] == 1:
        out = out.squeeze(1)
    if out.ndim != 1 or out.numel() == 0:
        raise ValueError(f"{name}: expected numbers of shape (n,), got shape {tuple(out.shape)}")
    return out

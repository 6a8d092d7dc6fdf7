"""The Wasserstein distance on a line, where sorting is the optimal plan."""

import torch
from torch import Tensor

from course_lib import checks

__all__ = ["wasserstein_1d"]


def wasserstein_1d(x, y, p: float = 1, weights_x=None, weights_y=None) -> Tensor:
    """W_p = (min E |X - Y|^p)^(1/p) between two sets of numbers, by joining their quantiles.

    Args:
        x: shape (n,), y: shape (m,); n and m may differ.
        p: at least 1.
        weights_x, weights_y: probabilities of the points, shapes (n,) and (m,); equal without them.

    Returns:
        A 0-dim tensor in the units of x, differentiable in x and y.

    Raises:
        ValueError: wrong shapes, NaN, p below 1, weights that are no probabilities.

    Source: I24 Wasserstein metric: on the line the optimal coupling is the monotone one.

    >>> wasserstein_1d([0.0, 1.0], [3.0, 2.0]).item()
    2.0
    """
    x, y = _numbers("x", x), _numbers("y", y)
    if isinstance(p, bool) or not isinstance(p, (int, float)) or not 1 <= p < float("inf"):
        raise ValueError(f"p: expected a number of at least 1, got {p!r}")
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
    if weights_x is None and weights_y is None and len(x) == len(y):
        return (x - y).abs(), torch.full_like(x, 1 / len(x))
    levels = []
    for name, weights, order in (("weights_x", weights_x, order_x), ("weights_y", weights_y, order_y)):
        size = len(order)
        if weights is None:
            # Whole numbers over n: a running sum of 1/n would drift away from the other sample's levels.
            level = torch.arange(1, size + 1, dtype=x.dtype, device=x.device) / size
        else:
            level = checks.probabilities(name, weights, size, like=x)[order].cumsum(0)
        levels.append(level)
    edges = torch.sort(torch.cat(levels)).values
    mass = torch.diff(edges, prepend=edges.new_zeros(1))
    middle = edges - mass / 2
    at_x = torch.searchsorted(levels[0], middle).clamp(max=len(x) - 1)
    at_y = torch.searchsorted(levels[1], middle).clamp(max=len(y) - 1)
    # Edges that both share leave intervals without mass, or with the rounding of the running sums, which a high
    # power would turn into a distance.
    least = 0.0 if weights_x is None and weights_y is None else 1e-14
    return torch.where(mass > least, (x[at_x] - y[at_y]).abs(), 0.0), mass


def _numbers(name: str, value) -> Tensor:
    out = checks.finite(name, value)
    if out.ndim == 2 and out.shape[1] == 1:
        out = out.squeeze(1)
    if out.ndim != 1 or out.numel() == 0:
        raise ValueError(f"{name}: expected numbers of shape (n,), got shape {tuple(out.shape)}")
    return out

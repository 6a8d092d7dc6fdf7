"""Integrals over a line of densities that may be narrow, far apart, heavy in the tail, cut off or singular.

Gauss-Kronrod panels, bisected where they disagree. Towards infinity, and towards each end of a support, panels grow
or shrink by factors of two; there the ratio of neighbours tells a tail that sums from one that does not. A power
x^-a gives 2^(1 - a), so the integral is infinite exactly when the ratio reaches one.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["KRONROD", "Line", "integrate_line", "kronrod"]

_NODES = (
    0.991455371120812639206854697526329,
    0.949107912342758524526189684047851,
    0.864864423359769072789712788640926,
    0.741531185599394439863864773280788,
    0.586087235467691130294144838258730,
    0.405845151377397166906606412076961,
    0.207784955007898467600689403773245,
    0.0,
)
_KRONROD_WEIGHTS = (
    0.022935322010529224963732008058970,
    0.063092092629978553290700663189204,
    0.104790010322250183839876322541518,
    0.140653259715525918745189590510238,
    0.169004726639267902826583426598550,
    0.190350578064785409913256402421014,
    0.204432940075298892414161999234649,
    0.209482141084727828012999174891714,
)
_GAUSS_WEIGHTS = (
    0.0,
    0.129484966168869693270611432679082,
    0.0,
    0.279705391489276667901467771423780,
    0.0,
    0.381830050505118944950369775488975,
    0.0,
    0.417959183673469387755102040816327,
)


def _mirrored(values: tuple[float, ...], sign: float = 1.0) -> Tensor:
    return torch.tensor(
        [sign * v for v in values[:-1]] + [values[-1]] + list(values[-2::-1]), dtype=torch.float64
    )


#: Nodes, Kronrod weights and embedded Gauss weights on (-1, 1), each of shape (15,).
KRONROD = (_mirrored(_NODES, -1.0), _mirrored(_KRONROD_WEIGHTS), _mirrored(_GAUSS_WEIGHTS))

_RELATIVE = (
    1e-11  # asked for of the sum; the estimate is pessimistic, so that the error is mostly far smaller
)
_NOISE = 1e-15  # of a logarithm of a density
_MOST_PANELS = 6000
_MOST_ROUNDS = 60
_FIRST_TAIL = 8
_WHOLE_TAIL = 200  # 2^200 = 1e60 scales: there a tail of x^-5 is still a float64, and so is the square of x


class Line(NamedTuple):
    """Where to start.

    breaks: sorted points, shape (n,); the integrand is smooth at the panels' scale between them.
    lower_open, upper_open: whether the line goes on to infinity beyond the first and the last break.
    singular: pairs (end, start), both among the breaks: from start the end of a support is approached in halving
        steps, in place of the panel between them.
    """

    breaks: Tensor
    lower_open: bool
    upper_open: bool
    singular: list[tuple[float, float]]


def kronrod(function: Callable[[Tensor], Tensor], low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
    """Integrals over n panels and their error estimates (QUADPACK's), each of shape (n,)."""
    nodes, weights, coarse = (part.to(low.device) for part in KRONROD)
    half = (high - low) / 2
    x = (low + half)[:, None] + half[:, None] * nodes
    value = function(x.reshape(-1)).reshape(x.shape)
    integral = half * (value * weights).sum(-1)
    gap = (half * (value * (weights - coarse)).sum(-1)).abs()
    spread = half * ((value - (integral / (2 * half))[:, None]).abs() * weights).sum(-1)
    sharp = spread * (200 * gap / spread.clamp(min=1e-300)).pow(1.5).clamp(max=1.0)
    error = torch.where(spread > 0, torch.minimum(sharp, gap.clamp(min=0) * 200), gap)
    return integral, torch.maximum(error, 1e-15 * integral.abs())


def integrate_line(function: Callable[[Tensor], Tensor], line: Line) -> tuple[Tensor, float]:
    """The integral of a function that is nowhere negative, and an estimate of its absolute error.

    Gradients flow to the parameters of ``function``; where to put the nodes is decided without them.
    """
    with torch.no_grad():
        covered = {(min(pair), max(pair)) for pair in line.singular}
        pairs = zip(line.breaks[:-1].tolist(), line.breaks[1:].tolist(), strict=True)
        panels = [line.breaks.new_tensor([pair for pair in pairs if pair not in covered]).reshape(-1, 2)]
        sequences = []
        for is_open, end in ((line.lower_open, 0), (line.upper_open, -1)):
            if is_open:
                body, last = _tail(function, line.breaks, end)
                panels.append(body)
                sequences.append((last, 1e-4, _WHOLE_TAIL))
        for towards, start in line.singular:
            halves = _panels(_approach(line.breaks, towards, start))
            panels.append(halves[:-4])
            # Next to an end that is not 0 the last panels are a few thousand roundings wide.
            sequences.append((halves[-4:], 2e-3 if towards != 0 else 1e-4, len(halves)))
        found, error = _refine(function, torch.cat(panels))
        factor = torch.ones_like(found[:, 0])
        for last, margin, steps in sequences:
            if len(last):
                extra, doubt = _remainder(function, last, margin, steps)
                found, factor, error = torch.cat([found, last]), torch.cat([factor, extra]), error + doubt
        if not math.isfinite(error):
            return line.breaks.new_tensor(math.inf), 0.0
        low, high = found[:, 0], found[:, 1]
    nodes, weights, _ = (part.to(low.device) for part in KRONROD)
    half = (high - low) / 2
    x = (low + half)[:, None] + half[:, None] * nodes
    value = function(x.reshape(-1)).reshape(x.shape)
    return (value * ((half * factor)[:, None] * weights)).sum(), float(error)


def _panels(points: Tensor) -> Tensor:
    return torch.stack([torch.minimum(points[:-1], points[1:]), torch.maximum(points[:-1], points[1:])], 1)


def _refine(function, panels: Tensor) -> tuple[Tensor, float]:
    """Panels that resolve the function, and the sum of their errors; infinite where a value is."""
    panels = panels[panels[:, 1] > panels[:, 0]]
    value, error = kronrod(function, panels[:, 0], panels[:, 1])
    for _ in range(_MOST_ROUNDS):
        if not bool(value.isfinite().all()):
            return panels, math.inf
        total = value.sum().item()
        allowed = _RELATIVE * total + 10 * _NOISE * math.sqrt(total)
        if error.sum().item() <= allowed or len(panels) > _MOST_PANELS:
            break
        low, high = panels[:, 0], panels[:, 1]
        middle = (low + high) / 2
        # A panel a few roundings wide cannot be halved.
        room = (high - low) > 1e-14 * torch.maximum(low.abs(), high.abs())
        bad = (error > allowed / (2 * len(panels))) & room
        if not bool(bad.any()):
            break
        halves = torch.cat([torch.stack([low, middle], 1)[bad], torch.stack([middle, high], 1)[bad]])
        new_value, new_error = kronrod(function, halves[:, 0], halves[:, 1])
        panels = torch.cat([panels[~bad], halves])
        value, error = torch.cat([value[~bad], new_value]), torch.cat([error[~bad], new_error])
    return panels, error.sum().item()


def _tail(function, breaks: Tensor, end: int) -> tuple[Tensor, Tensor]:
    """Doubling panels from an outermost break outwards: those to refine, and the last four of a tail without end."""
    width, middle = (breaks[-1] - breaks[0]) / 2, (breaks[-1] + breaks[0]) / 2
    for count in (_FIRST_TAIL, _WHOLE_TAIL):
        steps = torch.arange(count + 1, dtype=breaks.dtype, device=breaks.device)
        points = middle + (width if end == -1 else -width) * torch.exp2(steps)
        points[0] = breaks[end]
        panels = _panels(points)
        value, _ = kronrod(function, panels[-1:, 0], panels[-1:, 1])
        if value.item() == 0:
            return panels, panels[:0]
    return panels[:-4], panels[-4:]


def _approach(breaks: Tensor, towards: float, start: float) -> Tensor:
    """Points that halve the distance to the end of a support at each step."""
    gap = start - towards
    # Next to an end at 0 every float64 is there; next to one at 1 only those 1e-16 apart.
    smallest = abs(towards) * 2.0**-40 if towards != 0 else abs(gap) * 2.0**-200
    count = max(6, int(math.log2(abs(gap) / smallest)))
    return towards + gap * torch.exp2(-torch.arange(count + 1, dtype=breaks.dtype, device=breaks.device))


def _remainder(function, panels: Tensor, margin: float, steps: int) -> tuple[Tensor, float]:
    """Four panels of a geometric series: the factors that add its remainder, and the doubt; infinite if it is."""
    value, error = kronrod(function, panels[:, 0], panels[:, 1])
    factor = torch.ones_like(value)
    if not bool(value.isfinite().all()):
        return factor, math.inf
    first, _, _, last = value.tolist()
    doubt = error.sum().item()
    if last == 0:
        return factor, doubt
    ratio = (last / first) ** (1 / 3) if first > 0 else math.inf
    if ratio >= 1 - margin:
        return factor, math.inf
    rest = last * ratio / (1 - ratio)
    factor[-1] = 1 + rest / last
    # A logarithm beside the power (as in p log p) makes the ratio drift by one part in the number of steps taken.
    return factor, doubt + rest / (1 - ratio) / steps

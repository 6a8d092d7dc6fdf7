"""Integrals over the plane of densities that may be narrow, far apart, tilted or heavy in the tail."""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from course_lib.distributions.pieces import Pieces
from course_lib.divergences.quadrature import KRONROD

__all__ = ["Plane", "integrate_plane", "plane_of"]

_REACH = 40.0  # in t: sinh(40) = 1e17 scales
_STRIP = 3.0
_WIDTH = 3.0  # a cell that a component touches is at most this many of its scales wide
_MARGIN = 8.0  # a component touches what lies within this many of its scales
_RELATIVE = 1e-9
_MOST_CELLS = 6000
_MOST_ROUNDS = 40
_CHUNK = 400  # cells of 225 nodes that are evaluated at once


class Plane(NamedTuple):
    """Coordinates t with x = origin + axes @ (spread * sinh(t)), in which the components are as square as they can be.

    Attributes:
        origin: (2,). axes: (2, 2), columns. spread: (2,).
        centre, scale: (k, 2), the components in t. cuts: for each axis the ends of supports in t, sorted; the first
            and the last bound the plane.
        open_ends: for each axis whether its first and last cut stand for infinity.
    """

    origin: Tensor
    axes: Tensor
    spread: Tensor
    centre: Tensor
    scale: Tensor
    cuts: tuple[Tensor, Tensor]
    open_ends: tuple[tuple[bool, bool], tuple[bool, bool]]


def plane_of(first: Pieces, second: Pieces) -> Plane:
    """Coordinates for two distributions: those that make both covariances diagonal at once, where supports allow it.

    For two Gaussians whatever their correlations the axes are then those of both.
    """
    low, high = torch.cat([first.low, second.low]), torch.cat([first.high, second.high])
    centre = torch.cat([first.centre, second.centre])
    cov = torch.cat([first.cov, second.cov])
    bounded = bool(low.isfinite().any() | high.isfinite().any())
    axes = torch.eye(2, dtype=centre.dtype, device=centre.device)
    if not bounded:
        root = torch.linalg.cholesky(_typical(first))
        inner = torch.linalg.solve_triangular(root, _typical(second), upper=False)
        inner = torch.linalg.solve_triangular(root, inner.mT, upper=False)
        axes = root @ torch.linalg.eigh(inner).eigenvectors
    inverse = torch.linalg.inv(axes)
    seen = centre @ inverse.mT
    width = (inverse @ cov @ inverse.mT).diagonal(dim1=-2, dim2=-1).sqrt()
    origin_seen = (seen.amin(0) + seen.amax(0)) / 2
    spread = torch.maximum(width.amax(0), (seen.amax(0) - seen.amin(0)) / 4)
    centre_t = torch.asinh((seen - origin_seen) / spread)
    cuts, open_ends = [], []
    for axis in range(2):
        ends = torch.cat([low[:, axis], high[:, axis]])
        is_open = (not bool(low[:, axis].min().isfinite()), not bool(high[:, axis].max().isfinite()))
        found = torch.asinh((ends[ends.isfinite()] - origin_seen[axis]) / spread[axis])
        # The strip before infinity is cut off from the start: what it holds decides whether the integral is finite.
        edges = found.new_tensor(
            [-_REACH, _STRIP - _REACH] * is_open[0] + [_REACH - _STRIP, _REACH] * is_open[1]
        )
        cuts.append(torch.unique(torch.cat([found, edges])))
        open_ends.append(is_open)
    slope = spread * torch.sqrt(1 + ((seen - origin_seen) / spread).square())
    return Plane(axes @ origin_seen, axes, spread, centre_t, width / slope, tuple(cuts), tuple(open_ends))


def _typical(law: Pieces) -> Tensor:
    """The covariance within the components plus that of the centres."""
    spread = law.centre - law.centre.mean(0)
    return law.cov.mean(0) + spread.mT @ spread / len(spread)


def integrate_plane(function: Callable[[Tensor], Tensor], plane: Plane) -> tuple[Tensor, float]:
    """The integral of a function that is nowhere negative, and an estimate of its absolute error."""
    with torch.no_grad():
        cells = _first_cells(plane)
        value, error, across = _measure(function, plane, cells)
        for _ in range(_MOST_ROUNDS):
            if not bool(value.isfinite().all()):
                return cells.new_tensor(math.inf), 0.0
            total = value.sum().item()
            allowed = _RELATIVE * total + 1e-14 * math.sqrt(total)
            if error.sum().item() <= allowed or len(cells) > _MOST_CELLS:
                break
            bad = error > max(allowed / (2 * len(cells)), 0.02 * error.max().item())
            halves = _split(cells[bad], across[bad])
            new_value, new_error, new_across = _measure(function, plane, halves)
            cells = torch.cat([cells[~bad], halves])
            value, error = torch.cat([value[~bad], new_value]), torch.cat([error[~bad], new_error])
            across = torch.cat([across[~bad], new_across])
        if _diverges(plane, cells, value):
            return cells.new_tensor(math.inf), 0.0
    if not torch.is_grad_enabled() or not function(plane.origin[None]).requires_grad:
        return value.sum(), error.sum().item()
    parts = [_values(function, plane, cells[i : i + _CHUNK])[0].sum() for i in range(0, len(cells), _CHUNK)]
    return torch.stack(parts).sum(), error.sum().item()


def _first_cells(plane: Plane) -> Tensor:
    """Cells (n, 4) as (low_1, high_1, low_2, high_2), halved until every component is resolved."""
    sides = [torch.stack([c[:-1], c[1:]], 1) for c in plane.cuts]
    n, m = len(sides[0]), len(sides[1])
    cells = torch.cat([sides[0].repeat_interleave(m, 0), sides[1].repeat(n, 1)], 1)
    for _ in range(60):
        low, high = cells[:, None, 0::2], cells[:, None, 1::2]
        near = (
            (plane.centre + _MARGIN * plane.scale > low) & (plane.centre - _MARGIN * plane.scale < high)
        ).all(-1)
        wide = ((high - low) / plane.scale * near[..., None]).amax(1)
        bad = wide.amax(-1) > _WIDTH
        if not bool(bad.any()):
            break
        cells = torch.cat([cells[~bad], _split(cells[bad], wide[bad].argmax(-1))])
    return cells


def _split(cells: Tensor, axis: Tensor) -> Tensor:
    low, high = cells[:, 0::2], cells[:, 1::2]
    is_axis = torch.arange(2, device=cells.device) == axis[:, None]
    middle = (low + high) / 2
    lower = torch.stack([low, torch.where(is_axis, middle, high)], -1).reshape(-1, 4)
    upper = torch.stack([torch.where(is_axis, middle, low), high], -1).reshape(-1, 4)
    return torch.cat([lower, upper])


def _values(function, plane: Plane, cells: Tensor) -> tuple[Tensor, Tensor]:
    """Integrand times weights of the tensor rule without the inner error rule: totals (n,), values (n, 15, 15)."""
    nodes, weights, _ = (part.to(cells.device) for part in KRONROD)
    half = (cells[:, 1::2] - cells[:, 0::2]) / 2
    t = (cells[:, 0::2] + half)[:, :, None] + half[:, :, None] * nodes
    y, slope = plane.spread[:, None] * torch.sinh(t), plane.spread[:, None] * torch.cosh(t)
    grid = torch.stack([y[:, 0, :, None].expand(-1, 15, 15), y[:, 1, None, :].expand(-1, 15, 15)], -1)
    x = plane.origin + grid @ plane.axes.mT
    volume = (
        slope[:, 0, :, None]
        * slope[:, 1, None, :]
        * half.prod(-1)[:, None, None]
        * torch.linalg.det(plane.axes).abs()
    )
    density = function(x.reshape(-1, 2)).reshape(volume.shape)
    values = torch.where(density == 0, 0.0, density * volume)
    return (values * weights[:, None] * weights).sum((-2, -1)), values


def _measure(function, plane: Plane, cells: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """For each cell its integral, the estimated error, and the axis across which the rule does worst."""
    _, weights, coarse = (part.to(cells.device) for part in KRONROD)
    totals, errors, axes = [], [], []
    for i in range(0, len(cells), _CHUNK):
        total, values = _values(function, plane, cells[i : i + _CHUNK])
        doubt = []
        for inner in (values, values.mT):
            # Along the last axis of ``inner`` the rule is lowered, along the other it stays.
            doubt.append((inner * weights[:, None] * (weights - coarse)).sum((-2, -1)).abs())
        doubt = torch.stack(doubt[::-1], -1)
        spread = ((values - total[:, None, None] / 4).abs() * weights[:, None] * weights).sum((-2, -1))
        raw = doubt.sum(-1)
        sharp = spread * (200 * raw / spread.clamp(min=1e-300)).pow(1.5).clamp(max=1.0)
        totals.append(total)
        errors.append(
            torch.maximum(torch.where(spread > 0, torch.minimum(sharp, 200 * raw), raw), 1e-15 * total)
        )
        axes.append(doubt.argmax(-1))
    return torch.cat(totals), torch.cat(errors), torch.cat(axes)


def _diverges(plane: Plane, cells: Tensor, value: Tensor) -> bool:
    """Whether more than a thousandth of the whole sits in the last three e-folds before infinity.

    A tail that falls more slowly than x^-0.2 per e-fold is taken for infinite."""
    outer = torch.zeros_like(value, dtype=torch.bool)
    for axis, (lower_open, upper_open) in enumerate(plane.open_ends):
        outer |= lower_open & (cells[:, 2 * axis + 1] <= _STRIP - _REACH)
        outer |= upper_open & (cells[:, 2 * axis] >= _REACH - _STRIP)
    total = value.sum()
    return bool(total > 0) and bool(value[outer].sum() > 1e-3 * total)

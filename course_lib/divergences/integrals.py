"""D_f(P||Q) between two distributions: exact sums over atoms, quadrature over a line or a plane."""

import math

import torch
from torch import Tensor
from torch.distributions import Distribution

from course_lib import checks
from course_lib.distributions.atoms import Atoms, atoms, log_mass
from course_lib.distributions.density import unchecked_log_density
from course_lib.distributions.pieces import pieces
from course_lib.divergences.convex_function import FDivergence
from course_lib.divergences.cubature import integrate_plane, plane_of
from course_lib.divergences.family import F_DIVERGENCES, get_f_divergence
from course_lib.divergences.quadrature import Line, integrate_line

__all__ = ["all_divergences", "divergence", "divergence_with_error"]

_STEPS = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)


def divergence(p, q, kind: str | FDivergence, grid=None) -> Tensor:
    """D_f(P||Q) = E_q f(p/q), a 0-dim float64 tensor; infinite where it is infinite.

    Args:
        p, q: two distributions over the same space: one- or two-dimensional ``torch.distributions`` (any object with
            ``log_prob`` and ``sample`` will do), or two over the same finite set of atoms (``Categorical``,
            ``Bernoulli``, or probabilities of shape (n,)).
        kind: a key of ``F_DIVERGENCES`` or a row of your own.
        grid: nodes for the trapezoidal rule instead of adaptive quadrature, for speed in an explorable: an
            increasing tensor of shape (n,), or a pair of them for the plane. The grid must cover and resolve both
            distributions; mass outside it is not seen.

    Gradients flow to the parameters of p and q (not through the ends of a bounded support). To an atom without mass
    flows the one-sided slope, and nothing where that is infinite, as it is for the Kullback-Leibler divergence in p.

    Raises:
        ValueError: distributions over different spaces, batches of them, more than two dimensions, an unknown kind,
            a grid that does not increase.

    Source: U17 f-Divergence; I24 f-divergence minimisation.

    >>> from torch.distributions import Normal
    >>> round(divergence(Normal(0.0, 1.0), Normal(1.0, 1.0), "kl").item(), 10)
    0.5
    """
    return divergence_with_error(p, q, kind, grid)[0]


def divergence_with_error(p, q, kind: str | FDivergence, grid=None) -> tuple[Tensor, float]:
    """The divergence and an estimate of its absolute error (NaN for a grid, which has none).

    See ``divergence``.
    """
    row = get_f_divergence(kind)
    both = _atoms(p, q)
    if both is not None:
        value = _sum(row, *both)
        return value + row.at_one, 1e-15 * float(value.detach())
    size = _dimension(p, q, "log_prob", *(["sample"] if grid is None else []))
    if grid is not None:
        x, weights = _grid(grid, size)
        value = (row.density(*_log_densities(p, q, x, size)) * weights).sum()
        return value + row.at_one, math.nan

    def integrand(x: Tensor) -> Tensor:
        return row.density(*_log_densities(p, q, x, size))

    first, second = pieces(p, size), pieces(q, size)
    if size == 1:
        value, error = integrate_line(integrand, _line(first, second))
    else:
        value, error = integrate_plane(integrand, plane_of(first, second))
    return value + row.at_one, error


def all_divergences(p, q, grid=None, kinds=None) -> dict[str, Tensor]:
    """Several divergences between the same distributions, by name; on a grid the densities are computed once.

    Args:
        kinds: names or rows; without them all of ``F_DIVERGENCES``.
    """
    kinds = list(F_DIVERGENCES) if kinds is None else checks.items("kinds", kinds, "a list of names or rows")
    rows = [get_f_divergence(kind, "kinds") for kind in kinds]
    both = _atoms(p, q)
    if both is not None:
        return {row.name: _sum(row, *both) + row.at_one for row in rows}
    if grid is None:
        return {row.name: divergence(p, q, row) for row in rows}
    size = _dimension(p, q, "log_prob")
    x, weights = _grid(grid, size)
    logs = _log_densities(p, q, x, size)
    return {row.name: (row.density(*logs) * weights).sum() + row.at_one for row in rows}


def _sum(row: FDivergence, p: Atoms, q: Atoms) -> Tensor:
    """The centred sum over atoms. Terms that are zero carry the slopes where an atom has no mass."""
    value = row.density(p.log, q.log).sum()
    if not value.isfinite():
        return value
    no_p, no_q = p.mass == 0, q.mass == 0
    slope_p, slope_q = row.slopes_at_no_mass()
    return value + slope_p * p.mass[no_p & ~no_q].sum() + slope_q * q.mass[no_q & ~no_p].sum()


def _log_densities(p, q, x: Tensor, size: int) -> tuple[Tensor, Tensor]:
    logs = []
    for law in (p, q):
        event = len(getattr(law, "event_shape", (size,) if size > 1 else ()))
        points = x.unsqueeze(-1) if size == 1 and event == 1 else x
        logs.append(unchecked_log_density(law, points))
    return logs[0], logs[1]


def _atoms(p, q) -> tuple[Atoms, Atoms] | None:
    """The atoms of two distributions; None for distributions with a density."""
    found = [_atoms_of(name, law) for name, law in (("p", p), ("q", q))]
    if found[0] is None and found[1] is None:
        return None
    if found[0] is None or found[1] is None:
        raise ValueError(
            "q: expected a distribution of the same kind as p, got one with atoms and one with a density"
        )
    sizes = [one.mass.numel() for one in found]
    if sizes[0] != sizes[1]:
        raise ValueError(f"q: expected {sizes[0]} atoms like p, got {sizes[1]}")
    return found[0], found[1]


def _atoms_of(name: str, law) -> Atoms | None:
    if not isinstance(law, Distribution):
        if hasattr(law, "log_prob"):
            return None
        if not isinstance(law, (Tensor, list, tuple)) and not hasattr(law, "__array__"):
            raise checks.refuse(name, "a torch distribution or probabilities of shape (n,)", law)
        mass = checks.probabilities(name, law)
        return Atoms(mass, log_mass(mass))
    if law.batch_shape and (law.has_enumerate_support or getattr(law.support, "is_discrete", False)):
        raise ValueError(f"{name}: expected one distribution, got a batch of shape {tuple(law.batch_shape)}")
    found = atoms(law)
    if found is None and getattr(law.support, "is_discrete", False):
        raise ValueError(f"{name}: expected a density or finitely many atoms, got {type(law).__name__}")
    return found


def _dimension(p, q, *asked: str) -> int:
    """Of two distributions that answer what they are asked for."""
    sizes = []
    for name, law in (("p", p), ("q", q)):
        checks.methods(name, law, *asked)
        batch = tuple(getattr(law, "batch_shape", ()))
        if batch:
            hint = "; Independent(distribution, 1) makes one distribution of it" if batch == (2,) else ""
            raise ValueError(
                f"{name}: expected one distribution (batch_shape ()), got a batch of shape {batch}{hint}"
            )
        event = tuple(getattr(law, "event_shape", ()))
        if event not in ((), (1,), (2,)):
            raise ValueError(
                f"{name}: expected a distribution in one or two dimensions, got event_shape {event}"
            )
        sizes.append(event[0] if event else 1)
    if sizes[0] != sizes[1]:
        raise ValueError(f"q: expected a distribution in {sizes[0]} dimensions like p, got one in {sizes[1]}")
    return sizes[0]


def _grid(grid, size: int) -> tuple[Tensor, Tensor]:
    """Nodes, shape (n,) or (n, 2), and the weights of the trapezoidal rule, shape (n,)."""
    axes = (grid,) if size == 1 else grid
    if size == 2 and not (isinstance(grid, (tuple, list)) and len(grid) == 2):
        raise ValueError(f"grid: expected a pair of one-dimensional tensors, got {type(grid).__name__}")
    nodes, weights = [], []
    for axis in axes:
        x = checks.finite("grid", axis)
        if x.ndim != 1 or x.numel() < 2 or not bool((x.diff() > 0).all()):
            raise ValueError(f"grid: expected at least two increasing nodes, got shape {tuple(x.shape)}")
        step = x.diff() / 2
        weights.append(torch.cat([step, step[-1:]]) + torch.cat([step[:1], step]))
        weights[-1][0], weights[-1][-1] = step[0], step[-1]
        nodes.append(x)
    if size == 1:
        return nodes[0], weights[0]
    return torch.cartesian_prod(*nodes), torch.outer(weights[0], weights[1]).reshape(-1)


def _line(first, second) -> Line:
    """Breaks at every component's centre and around it at powers of two of its scale, cut to the supports."""
    centre, scale, low, high = (
        torch.cat([a[:, 0], b[:, 0]]) for a, b in zip(first[:4], second[:4], strict=True)
    )
    steps = centre.new_tensor([-step for step in _STEPS[:0:-1]] + list(_STEPS))
    bottom, top = low.min(), high.max()
    ends = torch.cat([low[low.isfinite()], high[high.isfinite()]])
    points = torch.cat([(centre[:, None] + scale[:, None] * steps).reshape(-1), ends])
    points = torch.unique(points.clamp(bottom, top))
    singular = []
    for end, inward in [(e, 1) for e in low.unique().tolist()] + [(e, -1) for e in high.unique().tolist()]:
        beyond = (
            (points[points > end] if inward == 1 else points[points < end].flip(0))
            if math.isfinite(end)
            else []
        )
        if len(beyond):
            # Halfway, so that two ends which are neighbours share the panel between them.
            singular.append((end, (end + beyond[0].item()) / 2))
    points = torch.unique(torch.cat([points, points.new_tensor([start for _, start in singular])]))
    return Line(points, not bool(bottom.isfinite()), not bool(top.isfinite()), singular)

"""Exact optimal transport between finitely many points: the plan, its cost, and the prices of the dual."""

import os
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from course_lib import checks

__all__ = ["Dual", "emd", "emd_dual", "pairwise_distances"]

# A network simplex makes some ten pivots a point; the limit only guards against an endless run.
_PIVOTS = 100_000_000
# Two sides of the duality further apart than this share of the largest cost are not a solution.
_GAP = 1e-9


class Dual(NamedTuple):
    """Prices with potential_p[i] + potential_q[j] <= cost[i, j], and what the goods are worth at them.

    value: 0-dim, weights_p @ potential_p + weights_q @ potential_q. potential_p: shape (n,), shifted to have the mean
    zero under weights_p. potential_q: shape (m,).
    """

    value: Tensor
    potential_p: Tensor
    potential_q: Tensor


def emd(weights_p, weights_q, cost) -> tuple[Tensor, Tensor]:
    """The earth mover's distance: the least of sum(plan * cost) over plans with these marginals.

    Args:
        weights_p: shape (n,), weights_q: shape (m,): probabilities.
        cost: shape (n, m), finite; cost[i, j] is paid for each unit that goes from i to j.

    Returns:
        The value, a 0-dim tensor, differentiable in ``cost``, and the plan, shape (n, m): plan.sum(1) is weights_p
        and plan.sum(0) is weights_q. Among several optimal plans one is returned.

    Raises:
        ValueError: weights that are negative or do not sum to one, a cost of another shape, NaN.
        RuntimeError: the solver gave up, or its prices do not prove that its plan is the cheapest.

    Source: UL p.26-28; I21 Wasserstein distance. The network simplex is that of POT (Python Optimal Transport).

    >>> value, plan = emd([0.5, 0.5], [0.5, 0.5], [[0.0, 1.0], [1.0, 0.0]])
    >>> value.item(), plan.tolist()
    (0.0, [[0.5, 0.0], [0.0, 0.5]])
    """
    weights_p, weights_q, cost = _problem(weights_p, weights_q, cost)
    plan, _ = _solve(weights_p, weights_q, cost)
    return (plan * cost).sum(), plan


def emd_dual(weights_p, weights_q, cost) -> Dual:
    """The Kantorovich dual of ``emd``: the highest value that prices below the cost can reach.

    Source: UL p.28; I24; U17 Optimal transport dual. For a distance on one set of points potential_q = -potential_p
    there, and the potential is 1-Lipschitz. Points without weight get the highest prices that the others leave them.

    Raises:
        ValueError, RuntimeError: as ``emd``.

    >>> emd_dual([1.0], [1.0], [[3.0]]).value.item()
    3.0
    """
    weights_p, weights_q, cost = _problem(weights_p, weights_q, cost)
    return _solve(weights_p, weights_q, cost)[1]


def pairwise_distances(x, y, p: float = 1.0) -> Tensor:
    """Euclidean distances to the power p between points x (n, d) and y (m, d): shape (n, m).

    >>> pairwise_distances([0.0, 1.0], [3.0], p=2).tolist()
    [[9.0], [4.0]]
    """
    x = checks.samples("x", x)
    y = checks.samples("y", y, x.shape[1], like=x)
    if not p > 0:
        raise ValueError(f"p: expected a positive power, got {p!r}")
    if p == 2:
        return (x[:, None] - y).square().sum(-1)
    # The direct way keeps all digits of small distances; the one by products loses half of them.
    return torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist") ** p


def _problem(weights_p, weights_q, cost) -> tuple[Tensor, Tensor, Tensor]:
    cost = checks.finite("cost", cost)
    if cost.ndim != 2 or 0 in cost.shape:
        raise ValueError(f"cost: expected a matrix of shape (n, m), got shape {tuple(cost.shape)}")
    weights_p = checks.probabilities("weights_p", weights_p, cost.shape[0], like=cost)
    return weights_p, checks.probabilities("weights_q", weights_q, cost.shape[1], like=cost), cost


def _solve(weights_p: Tensor, weights_q: Tensor, cost: Tensor) -> tuple[Tensor, Dual]:
    fixed = cost.detach()
    # The solver sees costs of the order of one, and only points with weight: it has no prices for the others.
    scale = max(float(fixed.abs().max()), 1e-300)
    on_p, on_q = weights_p > 0, weights_q > 0
    supports = on_p.nonzero(), on_q.nonzero()[:, 0]
    part, prices = _network_simplex(weights_p[on_p], weights_q[on_q], (fixed / scale)[supports])
    plan = torch.zeros_like(fixed)
    plan[supports] = part

    # Each side in turn takes the highest prices that the other allows. That prices the points without weight, lowers
    # no price that counts, mends the solver's last digits, and on one set of points makes one side minus the other.
    potential_q = (fixed[on_p] - scale * prices[:, None]).amin(0)
    potential_p = (fixed - potential_q).amin(1)
    potential_p = potential_p - (weights_p * potential_p).sum()
    potential_q = (fixed - potential_p[:, None]).amin(0)
    dual = Dual((weights_p * potential_p).sum() + (weights_q * potential_q).sum(), potential_p, potential_q)

    gap = ((plan * fixed).sum() - dual.value).abs().item() / scale
    if not gap <= _GAP:
        raise RuntimeError(
            f"optimal transport: the plan's cost and the dual's value are {gap:.3g} of the largest cost apart"
        )
    return plan, dual


def _network_simplex(weights_p: Tensor, weights_q: Tensor, cost: Tensor) -> tuple[Tensor, Tensor]:
    """The plan, and the prices of the first side, on points that all have weight."""
    ot = _import_ot()
    arrays = (value.detach().cpu().numpy() for value in (weights_p, weights_q, cost))
    plan, log = ot.emd(*arrays, numItermax=_PIVOTS, log=True)
    if log["warning"] is not None:
        raise RuntimeError(
            f"optimal transport of {tuple(cost.shape)} points was not solved: {log['warning']}"
        )
    return torch.from_numpy(np.maximum(plan, 0.0)).to(cost.device), torch.from_numpy(log["u"]).to(cost.device)


def _import_ot():
    """POT, imported when it is first needed and without TensorFlow and JAX, which it would load for seconds."""
    unused = {f"POT_BACKEND_DISABLE_{name}": "1" for name in ("JAX", "TENSORFLOW", "CUPY")}
    ours = unused.keys() - os.environ.keys()
    os.environ.update({name: unused[name] for name in ours})
    try:
        import ot
    finally:
        for name in ours:
            del os.environ[name]
    return ot

"""Exact optimal transport between finitely many points: the plan, its cost, and the prices of the dual."""

import os
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from course_lib import checks
from course_lib.divergences.distances import between

__all__ = ["Dual", "emd", "emd_dual", "pairwise_distances", "problem"]

# A network simplex makes some ten pivots a point; the limit only guards against an endless run.
_PIVOTS = 100_000_000
# Two sides of the duality further apart than this share of the largest cost that is paid are not a solution.
_GAP = 1e-9
# A flow of less than this share of what its ends hold is the rounding of none, ...
_SHARE = 1e-6
# ... and so is one of less than this where nothing may flow.
_FLOW = 1e-14
_ROUNDS = 8
_EPS = 2.0**-52


class Dual(NamedTuple):
    """Prices with potential_p[i] + potential_q[j] <= cost[i, j], and what the goods are worth at them.

    value: 0-dim, weights_p @ potential_p + weights_q @ potential_q, differentiable in the weights and the cost.
    potential_p: shape (n,), shifted to have the mean zero under weights_p. potential_q: shape (m,). Neither potential
    carries a graph.
    """

    value: Tensor
    potential_p: Tensor
    potential_q: Tensor


def emd(weights_p, weights_q, cost) -> tuple[Tensor, Tensor]:
    """The earth mover's distance: the least of sum(plan * cost) over plans with these marginals.

    Args:
        weights_p: shape (n,), weights_q: shape (m,): probabilities.
        cost: shape (n, m); cost[i, j] is paid for each unit that goes from i to j. Infinity forbids a pair; a finite
            cost may do so too, however large.

    Returns:
        The value, a 0-dim tensor, differentiable in the cost and the weights, and the plan, shape (n, m), without a
        graph: plan.sum(1) is weights_p and plan.sum(0) is weights_q. Among several optimal plans one is returned.

    Raises:
        ValueError: weights that are negative or do not sum to one, a cost of another shape, NaN, so many forbidden
            pairs that no plan is left.
        RuntimeError: the solver gave up, or its prices do not prove that its plan is the cheapest, to 1e-9 of the
            largest cost that the plan pays.

    Source: UL p.26-28; I21 Wasserstein distance. The network simplex is that of POT (Python Optimal Transport).

    >>> value, plan = emd([0.5, 0.5], [0.5, 0.5], [[0.0, 1.0], [1.0, 0.0]])
    >>> value.item(), plan.tolist()
    (0.0, [[0.5, 0.0], [0.0, 0.5]])
    """
    weights_p, weights_q, cost = problem(weights_p, weights_q, cost)
    plan, potential_p, potential_q = _solve(weights_p.detach(), weights_q.detach(), cost.detach())
    value = (plan * torch.where(plan > 0, cost, 0.0)).sum()
    # Terms that are zero carry the slopes in the weights.
    for weights, potential in ((weights_p, potential_p), (weights_q, potential_q)):
        if weights.requires_grad:
            value = value + (potential * (weights - weights.detach())).sum()
    return value, plan


def emd_dual(weights_p, weights_q, cost) -> Dual:
    """The Kantorovich dual of ``emd``: the highest value that prices below the cost can reach.

    Source: UL p.28; I24; U17 Optimal transport dual. For a distance on one set of points potential_q = -potential_p
    there, and the potential is 1-Lipschitz. Points without weight get the highest prices that the others leave them.

    Raises:
        ValueError, RuntimeError: as ``emd``.

    >>> emd_dual([1.0], [1.0], [[3.0]]).value.item()
    3.0
    """
    weights_p, weights_q, cost = problem(weights_p, weights_q, cost)
    plan, potential_p, potential_q = _solve(weights_p.detach(), weights_q.detach(), cost.detach())
    value = (weights_p * potential_p).sum() + (weights_q * potential_q).sum()
    if cost.requires_grad:
        paid = torch.where(plan > 0, cost, 0.0)
        value = value + (plan * (paid - paid.detach())).sum()
    return Dual(value, potential_p, potential_q)


def pairwise_distances(x, y, p: float = 1.0) -> Tensor:
    """Euclidean distances to the power p between points x (n, d) and y (m, d): shape (n, m).

    >>> pairwise_distances([0.0, 1.0], [3.0], p=2).tolist()
    [[9.0], [4.0]]
    """
    x = checks.samples("x", x)
    y = checks.samples("y", y, x.shape[1], like=x)
    p = checks.positive("p", p)
    if p == 2:
        return between(x, y.to(x.device))
    # The direct way keeps all digits of small distances; the one by products loses half of them.
    distances = torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist")
    if p >= 1:
        return distances**p
    # The slope of such a power at zero is infinite: two points at one place get none.
    apart = distances > 0
    return torch.where(apart, torch.where(apart, distances, 1.0) ** p, 0.0)


def problem(weights_p, weights_q, cost) -> tuple[Tensor, Tensor, Tensor]:
    """The three arguments as checked tensors; the cost may be +inf."""
    cost = checks.tensor("cost", cost, shape=("n", "m"))
    if bool((cost == -torch.inf).any()):
        raise ValueError("cost: expected numbers, or +inf where nothing may pass, got -inf")
    weights_p = checks.probabilities("weights_p", weights_p, cost.shape[0], like=cost)
    return weights_p, checks.probabilities("weights_q", weights_q, cost.shape[1], like=cost), cost


def _solve(weights_p: Tensor, weights_q: Tensor, cost: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The plan and both potentials, proven.

    In float64 a solver cannot tell 1 from 2 beside 1e16. But a plan that pays at most u above the lowest cost shows
    that a cheapest one pays at most min(n, m) u above it: along a cycle of changes at most min(n, m) of its routes
    take the place of a dearer one. So what is dearer is lowered to just above that, and the problem solved again at
    its own scale, until the prices prove the plan.
    """
    on_p, on_q = weights_p > 0, weights_q > 0
    used = on_p[:, None] & on_q
    lowest = float(cost[used].min())
    if lowest == torch.inf:
        _check_passable(torch.ones(()))
    steps = min(int(on_p.sum()), int(on_q.sum())) + 1
    limit = _limit(cost, lowest, steps)
    # The first time as it is: among several cheapest plans the choice then does not depend on a subtraction.
    base = 0.0
    for _ in range(_ROUNDS):
        priced = cost.clamp(max=limit) - base
        plan, prices = _network_simplex(weights_p, weights_q, priced)
        flows = plan > _SHARE * torch.minimum(weights_p[:, None], weights_q)
        plan = torch.where(flows | (cost < limit), plan, 0.0)
        _check_passable(plan[cost == torch.inf].sum())
        plan = torch.where(cost < torch.inf, plan, 0.0)
        paid = cost[flows & (cost < torch.inf)] - base
        cheapest = bool((paid == lowest - base).all())
        if cheapest:
            prices = torch.zeros_like(prices)  # no plan can be cheaper
        potential_p, potential_q = _potentials(weights_p, priced, prices)
        worth = (weights_p * potential_p).sum() + (weights_q * potential_q).sum()
        gap = float(((plan * torch.where(plan > 0, cost - base, 0.0)).sum() - worth).abs())
        # Where costs are far larger than what is paid, the rounding of the prices themselves counts, with some room.
        doubt = gap + 1e3 * _EPS * float(priced[used].abs().max())
        if doubt <= _GAP * float(paid.abs().max()) or (cheapest and gap == 0):
            return plan, potential_p, potential_q + base
        smaller = min(limit, lowest + steps * (float(paid.max()) + base - lowest))
        if smaller == limit and base == lowest:
            break
        limit, base = smaller, lowest
    raise RuntimeError(
        f"optimal transport: the plan's cost and the dual's value are {gap:.3g} apart, with costs of up to "
        f"{float(paid.abs().max()):.3g}"
    )


def _limit(cost: Tensor, lowest: float, steps: int) -> float:
    """What a forbidden pair costs instead: more than any detour over the others."""
    finite = cost.isfinite()
    if bool(finite.all()):
        return torch.inf
    highest = float(torch.where(finite, cost, -torch.inf).max())
    return lowest + steps * ((highest - lowest) or abs(lowest) or 1.0)


def _check_passable(stuck: Tensor) -> None:
    if stuck > _FLOW:
        raise ValueError(
            f"cost: expected enough finite entries to carry all of the mass, got {float(stuck):.3g} of it without a way"
        )


def _potentials(weights_p: Tensor, priced: Tensor, prices: Tensor) -> tuple[Tensor, Tensor]:
    """Each side in turn takes the highest prices that the other allows.

    That prices the points without weight, lowers no price that counts, mends the solver's last digits, and on one set
    of points makes one side minus the other.
    """
    on_p = weights_p > 0
    potential_q = (priced[on_p] - prices[:, None]).amin(0)
    potential_p = (priced - potential_q).amin(1)
    potential_p = potential_p - (weights_p * potential_p).sum()
    return potential_p, (priced - potential_p[:, None]).amin(0)


def _network_simplex(weights_p: Tensor, weights_q: Tensor, cost: Tensor) -> tuple[Tensor, Tensor]:
    """The plan, and the prices of the first side where it has weight.

    The solver sees costs of the order of one, and only points with weight: it has no prices for the others.
    """
    ot = _import_ot()
    on_p, on_q = weights_p > 0, weights_q > 0
    supports = on_p.nonzero(), on_q.nonzero()[:, 0]
    scale = max(float(cost[supports].abs().max()), 1e-300)
    problem = (weights_p[on_p], weights_q[on_q], cost[supports] / scale)
    part, log = ot.emd(*(value.cpu().numpy() for value in problem), numItermax=_PIVOTS, log=True)
    if log["warning"] is not None:
        raise RuntimeError(
            f"optimal transport of {tuple(cost.shape)} points was not solved: {log['warning']}"
        )
    plan = torch.zeros_like(cost)
    plan[supports] = torch.from_numpy(np.maximum(part, 0.0)).to(cost.device)
    return plan, scale * torch.from_numpy(log["u"]).to(cost.device)


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

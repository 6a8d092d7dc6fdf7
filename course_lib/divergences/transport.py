"""Exact optimal transport between finitely many points: the plan, its cost, and the prices of the dual."""

from typing import NamedTuple

import numpy as np
import torch
from scipy import sparse
from scipy.optimize import linear_sum_assignment, linprog
from torch import Tensor

from course_lib.distributions import checks

__all__ = ["Dual", "emd", "emd_dual", "pairwise_distances"]


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

    Source: UL p.26-28; I21 Wasserstein distance. Equal numbers of equally heavy points are an assignment problem;
    the rest is SciPy's linear programme (HiGHS).

    >>> value, plan = emd([0.5, 0.5], [0.5, 0.5], [[0.0, 1.0], [1.0, 0.0]])
    >>> value.item(), plan.tolist()
    (0.0, [[0.5, 0.0], [0.0, 0.5]])
    """
    weights_p, weights_q, cost = _problem(weights_p, weights_q, cost)
    n, m = cost.shape
    if n == m and _is_uniform(weights_p) and _is_uniform(weights_q):
        rows, columns = linear_sum_assignment(_numpy(cost))
        plan = np.zeros((n, m))
        plan[rows, columns] = 1 / n
    else:
        plan = np.maximum(_solve(weights_p, weights_q, cost).x.reshape(n, m), 0.0)
    plan = torch.from_numpy(plan).to(cost.device)
    return (plan * cost).sum(), plan


def emd_dual(weights_p, weights_q, cost) -> Dual:
    """The Kantorovich dual of ``emd``: the highest value that prices below the cost can reach.

    Source: UL p.28; I24; U17 Optimal transport dual. For a distance on one set of points potential_q = -potential_p
    there, and the potential is 1-Lipschitz.

    >>> emd_dual([1.0], [1.0], [[3.0]]).value.item()
    3.0
    """
    weights_p, weights_q, cost = _problem(weights_p, weights_q, cost)
    n = len(weights_p)
    prices = _solve(weights_p, weights_q, cost).eqlin.marginals
    potential_p = torch.from_numpy(np.array(prices[:n])).to(cost.device)
    shift = (weights_p * potential_p).sum()
    potential_p = potential_p - shift
    # The highest prices that potential_p allows: the last digits of the solver's may break a constraint.
    potential_q = (cost.detach() - potential_p[:, None]).amin(0)
    return Dual((weights_p * potential_p).sum() + (weights_q * potential_q).sum(), potential_p, potential_q)


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


def _is_uniform(weights: Tensor) -> bool:
    return bool((weights - 1 / len(weights)).abs().max() < 1e-15)


def _numpy(value: Tensor) -> np.ndarray:
    return value.detach().cpu().numpy()


def _solve(weights_p: Tensor, weights_q: Tensor, cost: Tensor):
    n, m = cost.shape
    rows = sparse.kron(sparse.eye_array(n), np.ones((1, m)))
    columns = sparse.kron(np.ones((1, n)), sparse.eye_array(m))
    # HiGHS stops at absolute tolerances of 1e-7: costs and weights are brought to the order of one first.
    scale = max(float(cost.detach().abs().max()), 1e-300)
    bounds = np.concatenate([_numpy(weights_p), _numpy(weights_q)])
    options = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
    found = linprog(
        _numpy(cost).reshape(-1) / scale,
        A_eq=sparse.vstack([rows, columns]).tocsr(),
        b_eq=bounds,
        method="highs",
        options=options,
    )
    if found.x is None:
        raise RuntimeError(f"the linear programme of optimal transport was not solved: {found.message}")
    found.eqlin.marginals = found.eqlin.marginals * scale
    return found

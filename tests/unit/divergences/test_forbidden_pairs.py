"""Transport where some pairs are forbidden, by infinity or by a cost beyond all others."""

import itertools
import math

import numpy as np
import pytest
import torch
from scipy import sparse
from scipy.optimize import linprog

from course_lib.divergences import emd, emd_dual, pairwise_distances

HUGE = [1e6, 1e12, 1e13, 1e14, 1e16, 1e100, math.inf]
P, Q = [0.25, 0.5, 0.25], [0.125, 0.375, 0.5]


def small(huge):
    return [[4.0, 8.0, huge], [huge, 0.0, 0.0], [4.0, 1.0, huge]]


def vertices(p, q, allowed):
    """The values of all basic plans on allowed routes: solve for each choice of n + m - 1 of them."""
    n, m = len(p), len(q)
    routes = [(i, j) for i in range(n) for j in range(m) if allowed[i][j]]
    for chosen in itertools.combinations(routes, min(n + m - 1, len(routes))):
        matrix = np.zeros((n + m, len(chosen)))
        for column, (i, j) in enumerate(chosen):
            matrix[i, column] = matrix[n + j, column] = 1
        flow, _, _, _ = np.linalg.lstsq(matrix, np.concatenate([p, q]), rcond=None)
        if np.allclose(matrix @ flow, np.concatenate([p, q]), atol=1e-12) and (flow > -1e-12).all():
            yield chosen, flow


def programme(p, q, cost):
    """SciPy's programme (HiGHS) with the variables of forbidden pairs left out; None where nothing is left."""
    n, m = cost.shape
    free = np.isfinite(cost).ravel()
    rows = sparse.kron(sparse.eye_array(n), np.ones((1, m)))
    columns = sparse.kron(np.ones((1, n)), sparse.eye_array(m))
    matrix = sparse.vstack([rows, columns]).tocsc()[:, free]
    options = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
    found = linprog(
        cost.ravel()[free], A_eq=matrix, b_eq=np.concatenate([p, q]), method="highs", options=options
    )
    return found.fun if found.status == 0 else None


@pytest.mark.parametrize("huge", HUGE)
def test_three_places_by_trying_all_vertices(huge):
    cost = small(huge)
    allowed = [[entry < 1e6 for entry in row] for row in cost]
    best = min(
        sum(cost[i][j] * f for (i, j), f in zip(*vertex, strict=True)) for vertex in vertices(P, Q, allowed)
    )
    assert best == pytest.approx(1.75)
    value, plan = emd(P, Q, cost)
    assert value.item() == pytest.approx(best, rel=1e-14)
    assert plan[0, 2] == plan[1, 0] == plan[2, 2] == 0
    assert emd_dual(P, Q, cost).value.item() == pytest.approx(best, rel=1e-14)


@pytest.mark.parametrize("seed", range(6))
def test_thirty_places_agree_with_the_programme_that_leaves_them_out(seed):
    rng = np.random.default_rng(seed)
    p, q = rng.dirichlet(np.ones(30), 2)
    cost, forbidden = 10 * rng.random((30, 30)), rng.random((30, 30)) < (0.3, 0.6)[seed % 2]
    exact = programme(p, q, np.where(forbidden, np.inf, cost))
    assert exact is not None
    for huge in HUGE[1:]:
        here = np.where(forbidden, huge, cost)
        value, plan = emd(p, q, here)
        dual = emd_dual(p, q, here)
        # 1e-8: HiGHS holds each of the 60 constraints to 1e-10 only.
        assert value.item() == pytest.approx(exact, abs=1e-8)
        assert dual.value.item() == pytest.approx(value.item(), rel=1e-12)
        assert plan[torch.from_numpy(forbidden)].sum() == 0
        assert torch.allclose(plan.sum(1), torch.from_numpy(p), atol=1e-14)
        # The prices prove it: nowhere above the cost, and equal to it where goods travel.
        slack = torch.from_numpy(here) - dual.potential_p[:, None] - dual.potential_q
        # 1e-11: the rounding of a solver that sees costs of up to 31 times the 10 that are paid.
        assert slack.min() >= -1e-12
        assert slack[plan > 1e-15].max() < 1e-11


def test_without_a_way_there_is_no_plan():
    walls = [[math.inf, 1.0], [math.inf, 1.0]]
    for solve in (emd, emd_dual):
        with pytest.raises(
            ValueError, match=r"cost: expected enough finite entries .* got 0.5 of it without a way"
        ):
            solve([0.5, 0.5], [0.5, 0.5], walls)
        with pytest.raises(ValueError, match=r"cost: expected enough finite entries"):
            solve([1.0], [1.0], [[math.inf]])
    # A finite one must be paid then: half of the mass each.
    assert emd([0.5, 0.5], [0.5, 0.5], [[1e16, 1.0], [1e16, 1.0]])[0].item() == pytest.approx(5e15)
    # A point without weight needs none.
    assert emd([1.0, 0.0], [0.0, 1.0], walls)[0].item() == 1.0


def test_where_all_that_is_allowed_costs_the_same():
    for low in (0.0, -3.0, 7.0):
        value, plan = emd([0.5, 0.5], [0.25, 0.75], [[low, low], [math.inf, low]])
        assert value.item() == pytest.approx(low)
        assert plan.tolist() == [[0.25, 0.25], [0.0, 0.5]]
        assert emd_dual(
            [0.5, 0.5], [0.25, 0.75], [[low, low], [math.inf, low]]
        ).value.item() == pytest.approx(low)


def test_nearly_equal_sets_keep_their_digits():
    # Each point moves by its own 1e-9 while the others are 1 to 10 away: the value is the mean of the moves.
    x = torch.arange(10.0, dtype=torch.float64)[:, None] * torch.tensor([1.0, 0.5], dtype=torch.float64)
    moves = torch.linspace(1e-9, 3e-9, 10, dtype=torch.float64)
    cost = pairwise_distances(x, x + moves[:, None] * torch.tensor([0.6, 0.8], dtype=torch.float64))
    even = torch.full((10,), 0.1, dtype=torch.float64)
    assert emd(even, even, cost)[0].item() == pytest.approx(cost.diagonal().mean().item(), rel=1e-14)
    assert emd_dual(even, even, cost).value.item() == pytest.approx(cost.diagonal().mean().item(), rel=1e-9)


def test_slopes_beside_forbidden_pairs():
    cost = torch.tensor(small(math.inf), dtype=torch.float64, requires_grad=True)
    p, q = (torch.tensor(w, dtype=torch.float64, requires_grad=True) for w in (P, Q))
    value, plan = emd(p, q, cost)
    dual = emd_dual(p, q, cost)
    for one in (value, dual.value):
        by_cost, by_p, by_q = torch.autograd.grad(one, (cost, p, q), retain_graph=True)
        assert torch.equal(by_cost, plan)
        for weights, found, potential in ((p, by_p, dual.potential_p), (q, by_q, dual.potential_q)):
            # Weights are scaled to the sum one, which takes the mean price away.
            assert torch.allclose(found, potential - (weights.detach() * potential).sum(), atol=1e-12)
    # Mass moved from one place to another changes the value by the difference of prices.
    h = 1e-4
    moved = emd([0.25 + h, 0.5, 0.25 - h], Q, small(math.inf))[0] - value
    assert (moved / h).item() == pytest.approx((dual.potential_p[0] - dual.potential_p[2]).item(), rel=1e-6)

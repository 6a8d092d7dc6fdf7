"""The regularised plan against what defines it: its marginals, its shape, and Sinkhorn's own iteration."""

import warnings

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from scipy.special import logsumexp

from course_lib.divergences import emd, sinkhorn

SIZES = [(3, 4), (4, 3), (12, 12), (30, 20), (1, 5)]


def problem(n, m, seed, even=False):
    rng = np.random.default_rng(seed)
    p, q = (np.full(k, 1 / k) if even else rng.dirichlet(np.ones(k)) for k in (n, m))
    return p, q, rng.random((n, m))


def plain(p, q, cost, epsilon, turns):
    """Sinkhorn's iteration in logarithms, without anything else."""
    f, g = np.zeros(len(p)), np.zeros(len(q))
    for _ in range(turns):
        f = -epsilon * logsumexp((g - cost) / epsilon + np.log(q), axis=1)
        g = -epsilon * logsumexp((f[:, None] - cost) / epsilon + np.log(p)[:, None], axis=0)
    return np.exp((f[:, None] + g - cost) / epsilon) * np.outer(p, q)


@pytest.mark.parametrize("seed", range(4))
def test_many_plain_turns_end_in_the_same_plan(seed):
    p, q, cost = problem(5, 6, seed)
    plan = plain(p, q, cost, 0.1, 1000)
    value, found = sinkhorn(p, q, cost, 0.1)
    assert found.numpy() == pytest.approx(plan, abs=1e-9)
    assert value.item() == pytest.approx((plan * cost).sum(), abs=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_a_small_epsilon_on_twelve_routes(seed):
    # Plain turns need tens of thousands here. SciPy climbs the smooth dual in both potentials instead.
    p, q, cost = problem(3, 4, seed)
    epsilon = 0.05

    def loss(z):
        f, g = z[:3], z[3:]
        plan = np.exp((f[:, None] + g - cost) / epsilon) * np.outer(p, q)
        return epsilon * plan.sum() - p @ f - q @ g, np.concatenate([plan.sum(1) - p, plan.sum(0) - q]), plan

    def curvature(z):
        plan = loss(z)[2]
        return np.block([[np.diag(plan.sum(1)), plan], [plan.T, np.diag(plan.sum(0))]]) / epsilon

    best = minimize(lambda z: loss(z)[0], np.zeros(7), jac=lambda z: loss(z)[1], hess=curvature, method="trust-exact",
                    options={"gtol": 1e-13, "maxiter": 2000})  # fmt: skip
    z = best.x
    for _ in range(4):  # the last digits from the gradient, which the loss itself is too flat to see
        z = z - np.linalg.lstsq(curvature(z), loss(z)[1], rcond=1e-14)[0]
    expected = loss(z)[2]
    assert np.abs(expected.sum(1) - p).sum() < 1e-10
    value, plan = sinkhorn(p, q, cost, epsilon)
    assert value.item() == pytest.approx((expected * cost).sum(), abs=1e-9)
    assert plan.numpy() == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("epsilon", [10.0, 1.0, 0.05, 1e-2, 1e-3, 1e-4, 1e-6, 1e-9, 1e-12])
@pytest.mark.parametrize("even", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_the_plan_is_what_the_optimum_must_be(size, even, epsilon):
    """The marginals are met, and log plan + cost / epsilon is a sum of something in i and something in j."""
    p, q, cost = problem(*size, seed=sum(size), even=even)
    value, plan = (part.numpy() for part in sinkhorn(p, q, cost, epsilon))
    assert np.abs(plan.sum(1) - p).sum() <= 1e-9
    assert plan.sum(0) == pytest.approx(q, abs=1e-14)
    # Numbers next to underflow have few digits.
    total = np.log(np.where(plan > 1e-290, plan, np.nan) / np.outer(p, q)) + cost / epsilon
    # Around every square of four routes the alternating sum is zero, up to the rounding of cost / epsilon.
    n, m = size
    rng = np.random.default_rng(0)
    i, k, j, l = (rng.integers(0, side, 5000) for side in (n, n, m, m))
    around = total[i, j] - total[i, l] - total[k, j] + total[k, l]
    around = around[np.isfinite(around)]
    assert len(around)
    assert np.abs(around).max() < 1e-9 + 1e-14 / epsilon
    if epsilon <= 1e-4:
        exact = emd(p, q, cost)[0].item()
        assert -2e-9 <= value - exact <= epsilon * np.log(n * m) + 2e-9


def test_units_and_huge_costs():
    p, q, cost = problem(6, 5, 3)
    value, plan = sinkhorn(p, q, cost, 0.05)
    for unit in (1e-6, 1e6):
        scaled, same = sinkhorn(p, q, unit * cost, unit * 0.05)
        assert scaled.item() == pytest.approx(unit * value.item(), rel=1e-8)
        assert torch.allclose(same, plan, atol=1e-9)
    shifted, same = sinkhorn(p, q, cost + 7, 0.05)
    assert shifted.item() == pytest.approx(value.item() + 7, rel=1e-9)
    walls = [[4.0, 8.0, 1e16], [1e16, 0.0, 0.0], [4.0, 1.0, 1e16]]
    weights = [0.25, 0.5, 0.25], [0.125, 0.375, 0.5]
    assert sinkhorn(*weights, walls, 1e-3)[0].item() == pytest.approx(1.75, abs=1e-8)


def test_some_thirty_steps_do_for_any_epsilon():
    """Where plain turns take 10,000, none of these problems needs more than 60 Newton steps; more would warn."""
    for seed in range(12):
        p, q, cost = problem(*SIZES[seed % 4], seed, even=seed % 3 == 0)
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            for epsilon in (0.05, 1e-3, 1e-6):
                sinkhorn(p, q, cost, epsilon, max_steps=60)


def test_rounding_ends_what_a_tolerance_of_nothing_would_not():
    p, q, cost = problem(6, 5, 3)
    with pytest.warns(RuntimeWarning, match="marginal error of"):
        value, _ = sinkhorn(p, q, cost, 0.01, tolerance=1e-300)
    assert value.item() == pytest.approx(sinkhorn(p, q, cost, 0.01)[0].item(), abs=1e-9)


@pytest.mark.parametrize(("n", "m"), [(4, 3), (3, 4)])
def test_the_slope_in_the_cost_is_the_plan_and_the_weights_get_none(n, m):
    p, q, cost = (torch.from_numpy(part).requires_grad_() for part in problem(n, m, 1))

    def regularised(cost):
        value, plan = sinkhorn(p.detach(), q.detach(), cost, 0.3)
        return value + 0.3 * (plan * torch.log(plan / torch.outer(p, q))).sum()

    value, plan = sinkhorn(p, q, cost, 0.3)
    by_cost, by_p = torch.autograd.grad(value, (cost, p), allow_unused=True)
    assert torch.equal(by_cost, plan)
    assert by_p is None
    with torch.no_grad():
        move = torch.zeros_like(cost)
        move[1, 2] = 1e-4
        rise = (regularised(cost + move) - regularised(cost - move)) / 2e-4
    assert rise.item() == pytest.approx(plan[1, 2].item(), abs=1e-7)

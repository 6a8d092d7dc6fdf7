"""The c-transform: against a loop, what it does to prices, and where it is a Lipschitz function."""

import math

import numpy as np
import pytest
import torch
from scipy.optimize import linprog

from course_lib.divergences import c_transform, emd, emd_dual, pairwise_distances


def drawn(seed, *shape):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape))


@pytest.mark.parametrize(("n", "m"), [(1, 1), (3, 4), (6, 2)])
def test_against_a_loop(n, m):
    potential, cost = drawn(0, n), drawn(1, n, m)
    expected = [min(float(cost[i, j]) - float(potential[i]) for i in range(n)) for j in range(m)]
    assert c_transform(potential, cost).tolist() == expected


def test_it_gives_the_highest_prices_that_fit():
    """A programme that maximises the sum of v under v_j <= c_ij - u_i finds the same."""
    potential, cost = drawn(2, 5), drawn(3, 5, 4)
    rows = np.tile(np.eye(4), (5, 1))
    room = (cost - potential[:, None]).reshape(-1).numpy()
    highest = linprog(-np.ones(4), A_ub=rows, b_ub=room, bounds=(None, None)).x
    # HiGHS meets its constraints to 1e-7.
    assert c_transform(potential, cost).numpy() == pytest.approx(highest, abs=1e-6)


def test_back_and_forth_only_raises_and_then_rests():
    potential, cost = drawn(4, 7), drawn(5, 7, 5)
    there = c_transform(potential, cost)
    back = c_transform(there, cost.mT)
    assert bool((back >= potential - 1e-15).all())
    assert bool((back > potential + 1e-3).any())  # these prices left room
    # Two differences of numbers of order 1: a few roundings.
    assert torch.allclose(c_transform(back, cost), there, rtol=0, atol=1e-14)


@pytest.mark.parametrize("power", [1.0, 2.0])
def test_with_the_optimal_prices_it_reaches_the_cost_of_the_plan(power):
    p, q = (torch.from_numpy(np.random.default_rng(seed).dirichlet(np.ones(6))) for seed in (6, 7))
    cost = pairwise_distances(drawn(8, 6, 2), drawn(9, 6, 2), p=power)
    u = emd_dual(p, q, cost).potential_p
    assert float(p @ u + q @ c_transform(u, cost)) == pytest.approx(float(emd(p, q, cost)[0]), rel=1e-9)
    # Any other prices reach less.
    for seed in range(20):
        other = u + drawn(10 + seed, 6)
        assert float(p @ other + q @ c_transform(other, cost)) <= float(emd(p, q, cost)[0]) + 1e-12


def test_of_a_distance_it_has_slope_at_most_one():
    points = drawn(30, 40, 3)
    distance = pairwise_distances(points, points)
    v = c_transform(3 * drawn(31, 40), distance)
    assert bool(((v[:, None] - v).abs() <= distance + 1e-12).all())
    # A function of slope at most 1 is its own transform, with the other sign.
    assert torch.allclose(c_transform(v, distance), -v, rtol=0, atol=1e-14)


def test_a_forbidden_pair_asks_for_nothing():
    cost = [[1.0, math.inf], [math.inf, math.inf]]
    assert c_transform([0.25, 5.0], cost).tolist() == [0.75, math.inf]


def test_gradients_flow_to_what_is_paid():
    potential = torch.tensor([0.0, 1.0], dtype=torch.float64, requires_grad=True)
    cost = torch.tensor([[2.0, 5.0], [4.0, 3.0]], dtype=torch.float64, requires_grad=True)
    c_transform(potential, cost).sum().backward()
    assert potential.grad.tolist() == [-1.0, -1.0]
    assert cost.grad.tolist() == [[1.0, 0.0], [0.0, 1.0]]

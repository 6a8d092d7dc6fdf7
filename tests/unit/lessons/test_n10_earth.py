"""The tours, corners and greedy plans of notebook 10, against enumeration and against the solver."""

import numpy as np
import pytest
import torch

from course_lib.divergences import emd
from course_lib.lessons.n10_optimal_transport.earth import (
    closed_tours,
    comb,
    corners,
    nearest_first,
    one_shovel_more,
)
from course_lib.lessons.n10_optimal_transport.exercises import transport_programme


def problem(seed, n=3, m=4):
    rng = np.random.default_rng(seed)
    p, q = (torch.from_numpy(rng.dirichlet(np.full(size, 3.0))) for size in (n, m))
    return p, q, torch.from_numpy(rng.uniform(0, 1, (n, m)))


@pytest.mark.parametrize("seed", range(5))
def test_a_tour_changes_no_sum(seed):
    p, q, cost = problem(seed)
    plan = torch.outer(p, q)
    for cell, less, change in closed_tours(cost):
        moved = plan.clone()
        # The cells that gain are those that are neither taken from, nor left alone: rebuild them from the tour.
        rows = [i for i, _ in less]
        columns = [less[-1][1], *(j for _, j in less[:-1])]
        assert (rows[0], columns[0]) == cell
        for i, j in less:
            moved[i, j] -= 0.01
        for i, j in zip(rows, columns, strict=True):
            moved[i, j] += 0.01
        assert torch.allclose(moved.sum(1), p, rtol=0, atol=1e-14)
        assert torch.allclose(moved.sum(0), q, rtol=0, atol=1e-14)
        assert float(((moved - plan) * cost).sum()) == pytest.approx(0.01 * change, abs=1e-14)


@pytest.mark.parametrize("seed", range(5))
def test_no_tour_saves_exactly_at_the_cheapest_of_all_corners(seed):
    p, q, cost = problem(seed)
    A, b = transport_programme(p, q)
    plans = torch.from_numpy(corners(A.numpy(), b.numpy())).reshape(-1, 3, 4)
    tours, costs = closed_tours(cost), (plans * cost).sum((1, 2))
    # Corners were rounded to nine digits.
    assert float(costs.min()) == pytest.approx(float(emd(p, q, cost)[0]), abs=1e-8)
    for plan, paid in zip(plans, costs, strict=True):
        assert (float(one_shovel_more(plan, tours).min()) > -1e-9) == (float(paid - costs.min()) < 1e-8)
        assert torch.allclose(plan.sum(1), p, rtol=0, atol=1e-8)


def test_one_unit_more_is_what_the_solver_pays_for_it():
    """Near the cheapest plan: force a little over one way, and solve the rest."""
    p, q, cost = problem(7)
    _, plan = emd(p, q, cost)
    more = one_shovel_more(plan, closed_tours(cost))
    little = 1e-4
    for i in range(3):
        for j in range(4):
            forced = float(plan[i, j]) + little
            if forced > min(float(p[i]), float(q[j])):
                assert float(more[i, j]) == float("inf")
                continue
            rest_p, rest_q = p.clone(), q.clone()
            rest_p[i] -= forced
            rest_q[j] -= forced
            price = cost.clone()
            price[i, j] = 100.0  # all of the rest goes elsewhere
            mass = float(rest_p.sum())
            value = mass * float(emd(rest_p / mass, rest_q / mass, price)[0]) + forced * float(cost[i, j])
            # Two costs of order one are subtracted and divided by 1e-4.
            assert (value - float((plan * cost).sum())) / little == pytest.approx(float(more[i, j]), abs=1e-6)


def test_nearest_first_is_a_plan_and_not_always_the_cheapest():
    dearer = 0
    for seed in range(20):
        p, q, cost = problem(seed, 5, 5)
        plan = nearest_first(p, q, cost)
        assert torch.allclose(plan.sum(1), p, rtol=0, atol=1e-14)
        assert torch.allclose(plan.sum(0), q, rtol=0, atol=1e-14)
        assert float((plan * cost).sum()) >= float(emd(p, q, cost)[0]) - 1e-12
        dearer += float((plan * cost).sum()) > float(emd(p, q, cost)[0]) + 1e-9
    assert dearer > 5


@pytest.mark.parametrize("n", [1, 4, 32])
def test_a_comb_is_a_density(n):
    x = (torch.arange(8192, dtype=torch.float64) + 0.5) / 4096 - 0.5
    assert float(comb(x, n).sum()) / 4096 == 1.0

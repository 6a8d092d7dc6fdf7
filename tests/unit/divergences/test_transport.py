"""Transport by programmes, by sorting, by assignment and by entropy: they agree where they must."""

import itertools
import subprocess
import sys
import warnings

import numpy as np
import pytest
import torch
from scipy import sparse, stats
from scipy.optimize import linear_sum_assignment, linprog

from course_lib.divergences import emd, emd_dual, pairwise_distances, sinkhorn, transport, wasserstein_1d


def dirichlet(n, seed):
    generator = np.random.default_rng(seed)
    return torch.from_numpy(generator.dirichlet(np.ones(n)))


def points(n, seed, d=2):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(n, d)))


def uniform(n):
    return torch.full((n,), 1 / n, dtype=torch.float64)


def programme(p, q, cost):
    """The value by SciPy's linear programme (HiGHS)."""
    n, m = cost.shape
    rows = sparse.kron(sparse.eye_array(n), np.ones((1, m)))
    columns = sparse.kron(np.ones((1, n)), sparse.eye_array(m))
    marginals = np.concatenate([p, q])
    options = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
    flows = sparse.vstack([rows, columns]).tocsr()
    return linprog(cost.numpy().ravel(), A_eq=flows, b_eq=marginals, method="highs", options=options).fun


def with_zeros(weights, *places):
    weights = weights.clone()
    weights[list(places)] = 0.0
    return weights / weights.sum()


def spread(case):
    """Weights, weights and points that are awkward: ties, repeated points, points without weight, one point."""
    grid = torch.cartesian_prod(torch.arange(4.0), torch.arange(4.0)).double()
    corner = torch.zeros(9, dtype=torch.float64)
    corner[0] = 1.0
    return {
        "general": (dirichlet(9, 0), dirichlet(6, 1), points(9, 2), points(6, 3)),
        "a grid on itself": (uniform(16), uniform(16), grid, grid),
        "a grid shifted by a step": (uniform(16), uniform(16), grid, grid + torch.tensor([1.0, 0.0])),
        "subsets of equal mass": (uniform(16), uniform(4), grid, grid[:4]),
        "repeated points": (uniform(8), dirichlet(8, 4), points(4, 5).repeat(2, 1), points(4, 6).repeat(2, 1)),
        "no weight here and there": (
            with_zeros(dirichlet(9, 7), 0, 4), with_zeros(dirichlet(7, 8), 1, 2, 6), points(9, 9), points(7, 10)
        ),
        "all weight on one point": (corner, dirichlet(5, 11), points(9, 12), points(5, 13)),
        "nearly no weight": (dirichlet(6, 14), dirichlet(6, 15) ** 40, points(6, 16), points(6, 17)),
        "two segments, 5 and 8 points": (
            uniform(5), uniform(8),
            torch.stack([torch.zeros(5), torch.linspace(0, 1, 5)], 1).double(),
            torch.stack([torch.ones(8), torch.linspace(0, 1, 8)], 1).double(),
        ),
    }[case]  # fmt: skip


CASES = (
    "general", "a grid on itself", "a grid shifted by a step", "subsets of equal mass", "repeated points",
    "no weight here and there", "all weight on one point", "nearly no weight", "two segments, 5 and 8 points",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_equal_points_travel_by_the_best_permutation(seed):
    cost = torch.from_numpy(np.random.default_rng(seed).random((6, 6)))
    best = min(sum(cost[i, s[i]].item() for i in range(6)) for s in itertools.permutations(range(6))) / 6
    assert emd(uniform(6), uniform(6), cost)[0].item() == pytest.approx(best, rel=1e-12)


@pytest.mark.parametrize("power", [1.0, 2.0])
@pytest.mark.parametrize("case", CASES)
def test_the_simplex_agrees_with_the_linear_programme(case, power):
    p, q, x, y = spread(case)
    q = q / q.sum()
    cost = pairwise_distances(x, y, power)
    # 1e-8: HiGHS solves to absolute tolerances of 1e-10 in each of up to 32 constraints.
    assert emd(p, q, cost)[0].item() == pytest.approx(programme(p, q, cost), abs=1e-8)


def proven(p, q, cost):
    """The plan, the prices and what the cost leaves above them: together they prove that the plan is the cheapest."""
    value, plan = emd(p, q, cost)
    dual = emd_dual(p, q, cost)
    # 1e-12: rounding of numbers of the order of one.
    assert dual.value.item() == pytest.approx(value.item(), abs=1e-12)
    slack = cost - dual.potential_p[:, None] - dual.potential_q
    assert slack.min() >= -1e-12
    # Complementary slackness: goods travel where the price is met.
    assert slack[plan > 1e-15].max() < 1e-12
    return plan, dual, slack


@pytest.mark.parametrize("case", CASES)
def test_the_prices_are_feasible_and_worth_the_plan(case):
    p, q, x, y = spread(case)
    q = q / q.sum()
    cost = pairwise_distances(x, y)
    plan, _, slack = proven(p, q, cost)
    # No price can be raised alone, not even where there is no weight.
    assert slack.amin(0).max() < 1e-12
    assert slack.amin(1).max() < 1e-12
    assert plan[p == 0].sum() == 0
    assert plan[:, q == 0].sum() == 0


def test_on_one_set_of_points_one_potential_is_minus_the_other_and_is_lipschitz():
    x = points(24, 0)
    p, q = torch.cat([uniform(12), torch.zeros(12)]), torch.cat([torch.zeros(12), uniform(12)])
    cost = pairwise_distances(x, x)
    dual = emd_dual(p, q, cost)
    assert torch.allclose(dual.potential_p, -dual.potential_q, atol=1e-12, rtol=0)
    assert ((dual.potential_p[:, None] - dual.potential_p).abs() <= cost + 1e-12).all()
    assert dual.value.item() == pytest.approx(programme(p, q, cost), abs=1e-8)


@pytest.mark.parametrize("n", [12, 200])
def test_equal_weights_are_an_assignment(n):
    cost = pairwise_distances(points(n, 0), points(n, 1))
    rows, columns = linear_sum_assignment(cost)
    value, plan = emd(uniform(n), uniform(n), cost)
    assert value.item() == pytest.approx(cost[rows, columns].mean().item(), rel=1e-12)
    assert (plan.argmax(1).numpy() == columns).all()


def test_a_solver_that_gives_up_is_not_believed(monkeypatch):
    cost = pairwise_distances(points(30, 0), points(30, 1))
    monkeypatch.setattr(transport, "_PIVOTS", 3)
    with (
        warnings.catch_warnings(),
        pytest.raises(RuntimeError, match=r"optimal transport of \(30, 30\) points"),
    ):
        warnings.simplefilter("ignore")
        emd(dirichlet(30, 2), uniform(30), cost)


def test_a_plan_that_the_prices_do_not_prove_is_refused(monkeypatch):
    def north_west(p, q, cost):
        return torch.outer(p, q), torch.zeros_like(p)

    monkeypatch.setattr(transport, "_network_simplex", north_west)
    with pytest.raises(RuntimeError, match=r"the plan's cost and the dual's value are .* apart"):
        emd(dirichlet(5, 0), uniform(4), pairwise_distances(points(5, 1), points(4, 2)))


def test_pot_is_not_imported_before_it_is_needed():
    code = (
        "import os, sys, course_lib.divergences as d; before = dict(os.environ); assert 'ot' not in sys.modules; "
        "d.emd([1.0], [1.0], [[2.0]]); assert 'ot' in sys.modules; assert dict(os.environ) == before; "
        "assert not {'jax', 'tensorflow', 'cupy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(("n", "m"), [(5, 8), (1, 4), (7, 7)])
def test_the_plan_has_the_marginals_and_the_value(n, m):
    p, q, cost = dirichlet(n, 1), dirichlet(m, 2), pairwise_distances(points(n, 3), points(m, 4))
    value, plan = emd(p, q, cost)
    assert (plan >= 0).all()
    assert torch.allclose(plan.sum(1), p, atol=1e-10)
    assert torch.allclose(plan.sum(0), q, atol=1e-10)
    assert value.item() == pytest.approx((plan * cost).sum().item(), abs=1e-14)
    # A vertex of the polytope uses at most n + m - 1 of the routes.
    assert (plan > 1e-12).sum() <= n + m - 1


@pytest.mark.parametrize("seed", range(3))
def test_the_dual_reaches_the_primal_and_breaks_no_price(seed):
    p, q = dirichlet(9, seed), dirichlet(6, seed + 10)
    cost = pairwise_distances(points(9, seed), points(6, seed + 20))
    _, dual, _ = proven(p, q, cost)
    assert (p * dual.potential_p).sum().abs() < 1e-12


def test_the_value_does_not_depend_on_the_units():
    p, q = dirichlet(5, 0), dirichlet(4, 1)
    cost = pairwise_distances(points(5, 2), points(4, 3))
    value = emd(p, q, cost)[0].item()
    for scale in (1e-9, 1e9):
        assert emd(p, q, cost * scale)[0].item() == pytest.approx(scale * value, rel=1e-9)
        assert emd_dual(p, q, cost * scale).value.item() == pytest.approx(scale * value, rel=1e-9)


def test_the_piles_of_earth_of_the_lecture():
    # I21: P = (3, 2, 1, 4), Q = (1, 2, 4, 3) on the positions 1 to 4; five shovels of ten.
    places = torch.arange(1.0, 5.0)
    p, q = torch.tensor([3.0, 2, 1, 4]) / 10, torch.tensor([1.0, 2, 4, 3]) / 10
    value, _ = emd(p, q, pairwise_distances(places, places))
    assert value.item() * 10 == pytest.approx(5, abs=1e-6)  # float32 tenths
    assert wasserstein_1d(places, places, 1, p, q).item() * 10 == pytest.approx(5, abs=1e-6)


@pytest.mark.parametrize("p", [1, 1.5, 2, 3])
@pytest.mark.parametrize(("n", "m"), [(6, 6), (6, 9), (5, 7), (1, 4)])
def test_sorting_is_the_programme_on_a_line(p, n, m):
    x, y = points(n, n, 1), points(m, m + 50, 1)
    exact = emd(uniform(n), uniform(m), pairwise_distances(x, y, p))[0].item() ** (1 / p)
    assert wasserstein_1d(x[:, 0], y[:, 0], p).item() == pytest.approx(exact, rel=1e-8)
    a, b = dirichlet(n, n), dirichlet(m, m)
    exact = emd(a, b, pairwise_distances(x, y, p))[0].item() ** (1 / p)
    assert wasserstein_1d(x[:, 0], y[:, 0], p, a, b).item() == pytest.approx(exact, rel=1e-8)


@pytest.mark.parametrize("seed", range(3))
def test_sorting_agrees_with_scipy(seed):
    generator = np.random.default_rng(seed)
    x, y = generator.normal(size=40), generator.standard_cauchy(size=31)
    a, b = dirichlet(40, seed), dirichlet(31, seed + 5)
    assert wasserstein_1d(x, y).item() == pytest.approx(stats.wasserstein_distance(x, y), rel=1e-10)
    assert wasserstein_1d(x, y, 1, a, b).item() == pytest.approx(
        stats.wasserstein_distance(x, y, a, b), rel=1e-10
    )


def test_sorting_ignores_points_without_weight_and_repeated_points():
    assert wasserstein_1d([0.0, 100.0], [1.0], 1, [1.0, 0.0]).item() == pytest.approx(1)
    assert wasserstein_1d([-1e200, 0.0], [1.0], 4, [0.0, 1.0]).item() == pytest.approx(1)
    # 0.1 + 0.2 is not 0.3 in float64: the 100th root of that rounding is 0.69.
    assert wasserstein_1d([0.0, 0.0, 1.0], [0.0, 1.0], 100, [0.1, 0.2, 0.7], [0.3, 0.7]).item() == 0
    assert wasserstein_1d([0.0, 0.0, 2.0, 2.0], [0.0, 2.0], 2).item() == 0
    assert wasserstein_1d([3.0, 1.0, 2.0], [1.0, 2.0, 3.0], 3).item() == 0


def test_high_powers_approach_the_largest_gap():
    x, y = [0.0, 1.0], [1e-3, 3.0]
    assert wasserstein_1d(x, y, 400).item() == pytest.approx(2 * 0.5 ** (1 / 400))
    assert wasserstein_1d([1e200], [0.0], 4).item() == pytest.approx(1e200)


def test_moving_a_sample_moves_it_by_as_much():
    x = points(20, 0, 1)[:, 0].requires_grad_()
    value = wasserstein_1d(x, x.detach() + 3)
    assert value.item() == pytest.approx(3)
    value.backward()
    assert torch.allclose(x.grad, torch.full((20,), -0.05, dtype=torch.float64))
    y = points(31, 1, 1)[:, 0]
    z = points(20, 2, 1)[:, 0].requires_grad_()
    assert torch.autograd.gradcheck(lambda z: wasserstein_1d(z, y, 2), (z,), atol=1e-6)
    same = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    wasserstein_1d(same, torch.zeros(3), 2).backward()
    assert same.grad.isfinite().all()


@pytest.mark.parametrize("seed", range(2))
def test_sinkhorn_falls_to_the_exact_value_as_epsilon_falls(seed):
    p, q = dirichlet(8, seed), dirichlet(6, seed + 3)
    cost = pairwise_distances(points(8, seed), points(6, seed + 9))
    exact = emd(p, q, cost)[0].item()
    values = [sinkhorn(p, q, cost, epsilon)[0].item() for epsilon in (1.0, 0.1, 0.01)]
    assert values[0] > values[1] > values[2] >= exact - 1e-8
    # The excess is at most epsilon times the entropy of a plan on 48 routes; close by it vanishes exponentially.
    assert values[2] == pytest.approx(exact, abs=0.01 * np.log(48))
    assert values[1] <= exact + 0.1 * np.log(48)


def test_sinkhorn_minimises_its_objective():
    p, q = dirichlet(4, 0), dirichlet(3, 1)
    cost = pairwise_distances(points(4, 2), points(3, 3))
    _, plan = sinkhorn(p, q, cost, 0.3)

    def objective(plan):
        return (plan * cost).sum() + 0.3 * (plan * torch.log(plan / torch.outer(p, q))).sum()

    assert torch.allclose(plan.sum(1), p, atol=1e-9)
    assert torch.allclose(plan.sum(0), q, atol=1e-12)
    best = objective(plan)
    generator = torch.Generator().manual_seed(0)
    for _ in range(50):
        # Directions that keep both marginals.
        move = torch.randn(4, 3, generator=generator, dtype=torch.float64)
        move = move - move.mean(0) - move.mean(1, keepdim=True) + move.mean()
        step = 0.3 * (plan / move.abs()).min()
        assert objective(plan + step * move) > best
        assert objective(plan - step * move) > best


def test_small_epsilon_neither_overflows_nor_gives_nan():
    p, q = uniform(10), uniform(10)
    cost = 1000 * pairwise_distances(points(10, 0), points(10, 1), 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        value, plan = sinkhorn(p, q, cost, 1e-3, max_steps=2000)
    assert plan.isfinite().all()
    assert value.item() == pytest.approx(emd(p, q, cost)[0].item(), rel=0.05)


def test_points_without_mass_take_no_part():
    cost = torch.tensor([[1.0, 5.0], [0.0, 0.0]], dtype=torch.float64)
    value, plan = sinkhorn([1.0, 0.0], [0.25, 0.75], cost, 0.1)
    assert value.item() == pytest.approx(0.25 + 3.75)
    assert plan[1].tolist() == [0.0, 0.0]


def test_steps_that_do_not_suffice_are_admitted():
    cost = pairwise_distances(points(20, 0), points(20, 1))
    with pytest.warns(RuntimeWarning, match="marginal error of"):
        sinkhorn(uniform(20), uniform(20), cost, 1e-4, max_steps=20)


def test_gradients_flow_to_the_cost():
    cost = pairwise_distances(points(4, 0), points(3, 1)).requires_grad_()
    p, q = dirichlet(4, 2), dirichlet(3, 3)
    for value, plan in (emd(p, q, cost), sinkhorn(p, q, cost, 0.1)):
        (gradient,) = torch.autograd.grad(value, cost)
        assert torch.allclose(gradient, plan)


def test_the_programme_is_the_one_that_scipy_solves_dense():
    p, q, cost = dirichlet(4, 5), dirichlet(5, 6), pairwise_distances(points(4, 7), points(5, 8))
    rows = np.zeros((9, 20))
    for i, j in itertools.product(range(4), range(5)):
        rows[i, 5 * i + j] = rows[4 + j, 5 * i + j] = 1
    dense = linprog(cost.numpy().ravel(), A_eq=rows, b_eq=np.concatenate([p, q]), method="highs-ds")
    assert emd(p, q, cost)[0].item() == pytest.approx(dense.fun, rel=1e-9)


def test_distances_keep_the_digits_of_near_points():
    x = torch.tensor([[1e6, 0.0]], dtype=torch.float64)
    assert pairwise_distances(x, x + 1e-6).item() == pytest.approx(2**0.5 * 1e-6, rel=1e-3)


SQUARE = [[0.0, 1.0], [1.0, 0.0]]


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: emd([0.5, 0.6], [0.5, 0.5], SQUARE), "weights_p: .*sum to 1, got the sum 1.1"),
        (lambda: emd([0.5, 0.5], [1.5, -0.5], SQUARE), "weights_q: .*got -0.5"),
        (lambda: emd([0.5, 0.5], [1.0], SQUARE), r"weights_q: .*\(2,\), got shape \(1,\)"),
        (lambda: emd([0.5, 0.5], [0.5, 0.5], [[0.0, float("nan")], [1.0, 0.0]]), "cost: .*1 NaN"),
        (lambda: emd([1.0], [1.0], [1.0]), r"cost: expected shape \(n, m\)"),
        (lambda: emd_dual([0.4, 0.5], [0.5, 0.5], SQUARE), "weights_p: .*sum"),
        (lambda: sinkhorn([0.5, 0.5], [0.5, 0.5], SQUARE, 0.0), "epsilon: .*got 0.0"),
        (lambda: wasserstein_1d([0.0], [1.0], 0.5), "p: .*got 0.5"),
        (lambda: wasserstein_1d([[0.0, 1.0]], [1.0]), "x: .*got shape"),
        (lambda: wasserstein_1d([0.0], [], 1), "y: .*got shape"),
        (lambda: wasserstein_1d([0.0], [1.0], 1, [2.0]), "weights_x: .*sum 2"),
        (lambda: pairwise_distances([[0.0, 1.0]], [[0.0]]), "y: .*got shape"),
    ],
)
def test_bad_input_is_named(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()


def test_the_dual_gives_the_slope_in_the_weights():
    p = dirichlet(5, 0).requires_grad_()
    q, cost = dirichlet(4, 1), pairwise_distances(points(5, 2), points(4, 3))
    dual = emd_dual(p, q, cost)
    (slope,) = torch.autograd.grad(dual.value, p)
    # More mass is worth its price; the weights are scaled to sum to one, which takes the mean away.
    expected = dual.potential_p - (p * dual.potential_p).sum()
    assert torch.allclose(slope - slope.mean(), (expected - expected.mean()).detach(), atol=1e-9)

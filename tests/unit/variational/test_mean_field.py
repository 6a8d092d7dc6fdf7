"""Mean field for Gaussians against plain numerical minimisation and the rate that theory gives."""

import math

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from course_lib.divergences import gaussian_kl
from course_lib.variational import coordinate_ascent, mean_field_gaussian

SIZE = 3


def target(seed=0, size=SIZE):
    generator = torch.Generator().manual_seed(seed)
    root = torch.randn(size, size + 1, generator=generator, dtype=torch.float64)
    return torch.randn(size, generator=generator, dtype=torch.float64), root @ root.T


def test_the_numbers_of_the_lecture():
    mean, variances = mean_field_gaussian([0.0, 1.0], [[1.0, 0.9], [0.9, 1.0]], "exclusive")
    assert mean.tolist() == [0.0, 1.0]
    assert variances.tolist() == pytest.approx([0.19, 0.19], abs=1e-15)
    assert mean_field_gaussian([0.0, 1.0], [[1.0, 0.9], [0.9, 1.0]], "inclusive")[1].tolist() == [1.0, 1.0]


@pytest.mark.parametrize("direction", ["exclusive", "inclusive"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_an_optimiser_finds_the_same_law(direction, seed):
    mean, cov = target(seed)

    def objective(values):
        free = torch.tensor(values, requires_grad=True)
        q_mean, q_cov = free[:SIZE], torch.diag(free[SIZE:].exp())
        laws = (q_mean, q_cov, mean, cov) if direction == "exclusive" else (mean, cov, q_mean, q_cov)
        loss = gaussian_kl(*laws)
        loss.backward()
        return loss.item(), free.grad.numpy()

    found = minimize(objective, np.zeros(2 * SIZE), jac=True, method="BFGS", options={"gtol": 1e-9})
    best_mean, best_variances = mean_field_gaussian(mean, cov, direction)
    # BFGS stops at gradients of 1e-9; the curvature is at least 0.1.
    assert found.x[:SIZE] == pytest.approx(best_mean.numpy(), abs=1e-6)
    assert np.exp(found.x[SIZE:]) == pytest.approx(best_variances.numpy(), rel=1e-6)


def test_exclusive_is_narrower_than_inclusive_and_equal_without_correlation():
    mean, cov = target()
    narrow, wide = (mean_field_gaussian(mean, cov, d)[1] for d in ("exclusive", "inclusive"))
    assert (narrow < wide).all()
    diagonal = torch.diag(cov.diagonal())
    assert torch.allclose(mean_field_gaussian(mean, diagonal, "exclusive")[1], cov.diagonal(), rtol=1e-14)


@pytest.mark.parametrize("rho", [-0.99, 0.5, 0.9])
def test_each_sweep_shrinks_the_error_by_rho_squared(rho):
    path = coordinate_ascent([0.0, 1.0], [[1.0, rho], [rho, 1.0]], [2.0, 3.0], steps=21)
    error = path.means[:, 1] - 1
    # Coordinate 1 is renewed at the even steps.
    assert (error[4::2] / error[2:-2:2]).tolist() == pytest.approx([rho**2] * 9, rel=1e-9)


@pytest.mark.parametrize("seed", [0, 1])
def test_every_update_lowers_kl_and_the_end_is_the_fixed_point(seed):
    mean, cov = target(seed)
    path = coordinate_ascent(mean, cov, [5.0, -5.0, 5.0], steps=6000, start_variances=[0.1, 3.0, 1.0])
    assert path.means.shape == (6001, SIZE)
    assert path.kl.shape == (6001,)
    # Rounding of a sum of order one may lift the last digits.
    assert (path.kl.diff() <= 1e-13 * path.kl[:-1].clamp(min=1)).all()
    assert path.kl[3] < path.kl[0]
    best_mean, best = mean_field_gaussian(mean, cov, "exclusive")
    assert torch.allclose(path.means[-1], best_mean, atol=1e-6)
    assert torch.allclose(path.variances[3], best, rtol=1e-14)


def test_one_update_is_the_minimum_over_that_coordinate():
    mean, cov = target(4)
    start = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
    path = coordinate_ascent(mean, cov, start, steps=1, start_variances=[1.0, 1.0, 1.0])

    def objective(values):
        m = torch.cat([torch.tensor(values[:1]), start[1:]])
        v = torch.tensor([math.exp(values[1]), 1.0, 1.0], dtype=torch.float64)
        return gaussian_kl(m, torch.diag(v), mean, cov).item()

    found = minimize(objective, [0.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-15})
    # A simplex search locates a flat minimum to about the root of rounding.
    assert path.means[1, 0].item() == pytest.approx(found.x[0], abs=1e-6)
    assert path.variances[1, 0].item() == pytest.approx(math.exp(found.x[1]), rel=1e-6)
    assert path.means[1, 1:].tolist() == start[1:].tolist()


def test_the_path_without_steps_is_the_start():
    path = coordinate_ascent([0.0, 0.0], torch.eye(2), [1.0, 2.0], steps=0)
    assert path.means.tolist() == [[1.0, 2.0]]
    assert path.kl.item() == pytest.approx(2.5)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: mean_field_gaussian([0.0], [[1.0]], "forward"), "direction: .*got 'forward'"),
        (
            lambda: mean_field_gaussian([0.0, 0.0], [[1.0, 1.0], [1.0, 1.0]], "exclusive"),
            "cov: .*positive definite",
        ),
        (lambda: mean_field_gaussian([0.0, 0.0], [[1.0]], "inclusive"), "cov: .*got shape"),
        (lambda: coordinate_ascent([0.0], [[1.0]], [0.0], steps=-1), "steps: .*got -1"),
        (lambda: coordinate_ascent([0.0], [[1.0]], [0.0, 1.0], steps=1), "start: .*got shape"),
        (lambda: coordinate_ascent([0.0], [[1.0]], [0.0], 1, [-1.0]), "start_variances: .*got -1"),
    ],
)
def test_bad_input_is_named(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()

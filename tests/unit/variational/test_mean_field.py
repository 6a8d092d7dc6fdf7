"""Mean field for Gaussians against plain numerical minimisation and the rate that theory gives."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from course_lib.divergences import gaussian_kl
from course_lib.variational import mean_field_gaussian

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


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: mean_field_gaussian([0.0], [[1.0]], "forward"), "direction: .*got 'forward'"),
        (
            lambda: mean_field_gaussian([0.0, 0.0], [[1.0, 1.0], [1.0, 1.0]], "exclusive"),
            "cov: .*positive definite",
        ),
        (lambda: mean_field_gaussian([0.0, 0.0], [[1.0]], "inclusive"), "cov: .*got shape"),
    ],
)
def test_bad_input_is_named(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()

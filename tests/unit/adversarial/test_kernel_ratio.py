"""The least-squares ratio with kernels against the minimum of its objective, found otherwise."""

import numpy as np
import pytest
import torch
from scipy import optimize

from course_lib.adversarial import ulsif


def points(n, shift, seed, d=1):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + shift


def objective(a, x_p, x_q, centres, h, ridge):
    def bumps(x):
        return torch.stack([torch.exp(-(x - c).square().sum(1) / (2 * h**2)) for c in centres], 1)

    a = torch.as_tensor(a, dtype=torch.float64)
    r_p, r_q = bumps(x_p) @ a, bumps(x_q) @ a
    return (r_q.square().mean() / 2 - r_p.mean() + ridge / 2 * a.square().sum()).item()


def test_the_coefficients_minimise_the_objective():
    x_p, x_q = points(40, 0.0, 0, 2), points(60, 0.5, 1, 2)
    settings = (x_p, x_q, x_p[:5], 1.3, 0.05)
    ratio = ulsif(*settings)
    found = optimize.minimize(objective, np.zeros(5), args=settings, tol=1e-14)
    assert ratio.coefficients.tolist() == pytest.approx(found.x.tolist(), abs=1e-5)  # BFGS by differences
    assert objective(ratio.coefficients, *settings) <= found.fun + 1e-12


def test_it_finds_the_ratio_of_two_near_gaussians():
    x_p, x_q = points(4000, 0.0, 2), points(4000, 0.5, 3)
    ratio = ulsif(x_p, x_q, torch.linspace(-3, 3, 25), bandwidth=1.0, ridge=1e-3)
    grid = torch.linspace(-1.5, 1.5, 31, dtype=torch.float64)
    truth = torch.exp(0.125 - 0.5 * grid)
    assert (
        ratio(grid) - truth
    ).abs().max() < 0.15  # 4,000 points; an upside-down or an unscaled ratio is off by 1


def test_scale_and_number_of_points():
    x_p, x_q = points(30, 0.0, 4), points(50, 1.0, 5)
    one = ulsif(x_p, x_q, x_p[:4], 1.0, 0.1).coefficients
    doubled = ulsif(torch.cat([x_p, x_p]), torch.cat([x_q, x_q]), x_p[:4], 1.0, 0.1).coefficients
    assert torch.allclose(one, doubled, atol=1e-12)  # averages: the ridge does not depend on n
    stretched = ulsif(10 * x_p, 10 * x_q, 10 * x_p[:4], 10.0, 0.1).coefficients
    assert torch.allclose(one, stretched, atol=1e-12)


def test_bumps_that_coincide_need_a_ridge():
    x = points(20, 0.0, 6)
    with pytest.raises(ValueError, match="ridge"):
        ulsif(x, x, [[50.0], [50.0]], 1.0, 0.0)
    assert ulsif(x, x, [[50.0], [50.0]], 1.0, 0.1)([0.0]).item() == 0.0

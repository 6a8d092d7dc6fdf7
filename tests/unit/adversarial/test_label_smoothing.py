"""The best discriminator for smoothed labels, against a search point by point and against its field."""

import math

import pytest
import torch
from scipy.optimize import minimize_scalar

from course_lib.adversarial import smoothed_optimal_discriminator


@pytest.mark.parametrize(("alpha", "beta"), [(0.0, 0.0), (0.1, 0.0), (0.3, 0.2), (0.0, 0.25)])
def test_it_is_where_the_value_is_largest(alpha, beta):
    p, q = [0.3, 0.05, 1.7], [0.2, 0.9, 0.4]
    found = []
    for a, b in zip(p, q, strict=True):
        yes, no = (1 - alpha) * a + beta * b, alpha * a + (1 - beta) * b
        value = lambda d, yes=yes, no=no: -(yes * math.log(d) + no * math.log(1 - d))  # noqa: E731
        found.append(
            minimize_scalar(value, bounds=(1e-9, 1 - 1e-9), method="bounded", options={"xatol": 1e-12}).x
        )
    got = smoothed_optimal_discriminator(p, q, alpha, beta)
    torch.testing.assert_close(got, torch.tensor(found, dtype=torch.float64), rtol=0, atol=1e-6)


def test_one_sided_smoothing_leaves_the_field_and_two_sided_kills_it():
    x = torch.tensor([4.0, 5.0], dtype=torch.float64, requires_grad=True)

    def field(alpha, beta):
        p, q = torch.exp(-(x**2) / 2), torch.exp(-((x - 4) ** 2) / 2)
        return torch.autograd.grad(smoothed_optimal_discriminator(p, q, alpha, beta).log().sum(), x)[0]

    torch.testing.assert_close(field(0.2, 0.0), field(0.0, 0.0), rtol=1e-12, atol=0)
    assert field(0.0, 0.0)[0] == pytest.approx(-4 / (1 + math.exp(-8)), rel=1e-12)
    assert abs(field(0.1, 0.1)[0]) < 0.02


def test_far_out_where_both_densities_are_tiny():
    got = smoothed_optimal_discriminator([1e-300, 1e-320], [1e-300, 0.0], 0.1)
    torch.testing.assert_close(got, torch.tensor([0.45, 0.9], dtype=torch.float64), rtol=1e-12, atol=0)


def test_where_neither_lives_nothing_is_determined():
    with pytest.raises(ValueError, match="p_data, p_model: expected a positive density"):
        smoothed_optimal_discriminator([0.0, 1.0], [0.0, 1.0], 0.1)

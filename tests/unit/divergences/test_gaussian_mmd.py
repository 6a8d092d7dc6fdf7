"""The closed form of MMD^2 between Gaussians against quadrature, samples and exact arithmetic."""

import math
from fractions import Fraction

import pytest
import torch
from scipy import integrate

from course_lib.divergences import gaussian_kernel, gaussian_mmd2, mmd2


def normal(x, mean, std):
    return math.exp(-((x - mean) ** 2) / (2 * std**2)) / (std * math.sqrt(2 * math.pi))


@pytest.mark.parametrize(("m", "s", "h"), [(0.0, 2.0, 1.0), (1.0, 1.0, 0.4), (-2.0, 0.5, 3.0)])
def test_it_is_the_double_integral_of_the_definition(m, s, h):
    def integrand(y, x):
        gap = [normal(t, 0, 1) - normal(t, m, s) for t in (x, y)]
        return gap[0] * gap[1] * math.exp(-((x - y) ** 2) / (2 * h**2))

    value, _ = integrate.dblquad(integrand, -12, 12, -12, 12, epsabs=1e-9)
    assert gaussian_mmd2(0.0, 1.0, m, s, h).item() == pytest.approx(
        value, abs=1e-7
    )  # the quadrature's own error


def test_it_is_the_norm_of_the_witness_in_the_kernels_space():
    # |mu_p - mu_q|^2 = E_p w - E_q w for the witness w = mu_p - mu_q, whose values are Gaussian integrals.
    t = torch.linspace(-15, 15, 6001, dtype=torch.float64)
    m, s, h = 1.5, 0.6, 0.8
    p = torch.exp(-(t**2) / 2) / math.sqrt(2 * math.pi)
    q = torch.exp(-(((t - m) / s) ** 2) / 2) / (s * math.sqrt(2 * math.pi))
    witness = sum(
        sign * h / math.sqrt(h**2 + v) * torch.exp(-((t - mean) ** 2) / (2 * (h**2 + v)))
        for sign, mean, v in ((1, 0.0, 1.0), (-1, m, s**2))
    )
    assert torch.trapezoid((p - q) * witness, t).item() == pytest.approx(
        gaussian_mmd2(0.0, 1.0, m, s, h).item(), rel=1e-10
    )


def test_samples_agree_in_the_plane_with_unequal_deviations():
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(3000, 2, generator=generator, dtype=torch.float64) * torch.tensor([1.0, 0.5])
    y = torch.randn(3000, 2, generator=generator, dtype=torch.float64) * 1.5 + torch.tensor([1.0, -1.0])
    exact = gaussian_mmd2([0.0, 0.0], [1.0, 0.5], [1.0, -1.0], 1.5, 1.2)
    # The U-statistic of 3,000 points has a standard error of about 0.006 here.
    assert mmd2(x, y, gaussian_kernel(1.2)).item() == pytest.approx(exact.item(), abs=0.02)


def test_close_distributions_keep_their_digits():
    # For equal deviations MMD^2 = 2 c (1 - e^(-s)), about 2 c s for a tiny shift.
    exact = 2 / math.sqrt(3) * float(Fraction(1, 10**16)) / 6
    assert gaussian_mmd2(0.0, 1.0, 1e-8, 1.0, 1.0).item() == pytest.approx(exact, rel=1e-9)
    # A tiny change of the deviation, against the second derivative in it by exact differences of a larger one.
    small, large = (gaussian_mmd2(0.0, 1.0, 0.0, 1 + e, 1.0).item() / e**2 for e in (1e-8, 1e-4))
    assert small == pytest.approx(large, rel=1e-3)
    assert gaussian_mmd2(0.0, 1.0, 1.0, 1.0, 1e6).item() == pytest.approx(1e-12, rel=1e-9)


def test_point_masses_and_batches():
    assert gaussian_mmd2(0.0, 0.0, 3.0, 0.0, 1.0).item() == pytest.approx(2 - 2 * math.exp(-4.5))
    batch = gaussian_mmd2(torch.tensor([[0.0], [1.0]]), 1.0, 2.0, [[1.0], [0.5]], 1.0)
    single = [gaussian_mmd2(0.0, 1.0, 2.0, 1.0, 1.0), gaussian_mmd2(1.0, 1.0, 2.0, 0.5, 1.0)]
    assert batch.tolist() == pytest.approx([one.item() for one in single])
    assert gaussian_mmd2(1.0, 2.0, 1.0, 2.0, 0.3).item() == 0.0


def test_gradients_are_those_of_differences():
    inputs = tuple(
        torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in ([0.3], [1.2], [1.0], [0.7])
    )
    assert torch.autograd.gradcheck(lambda *parts: gaussian_mmd2(*parts, 0.9), inputs)

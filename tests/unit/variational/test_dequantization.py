"""Cells of densities against SciPy's distribution functions and quadrature, and what the bound promises."""

import math

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from torch.distributions import (
    Beta,
    Categorical,
    Cauchy,
    Gamma,
    Gumbel,
    Laplace,
    LogNormal,
    MixtureSameFamily,
    Normal,
    StudentT,
    Uniform,
)

from course_lib.variational import cell_log_prob, uniform_dequantization_bound


def t(value):
    return torch.tensor(value, dtype=torch.float64)


PAIRS = [
    (Normal(t(0.8), t(0.4)), stats.norm(0.8, 0.4)),
    (Laplace(t(0.3), t(0.2)), stats.laplace(0.3, 0.2)),
    (Cauchy(t(0.0), t(0.01)), stats.cauchy(0, 0.01)),
    (StudentT(t(3.0), t(0.2), t(0.3)), stats.t(3, 0.2, 0.3)),
    (Gumbel(t(0.0), t(0.5)), stats.gumbel_r(0, 0.5)),
    (LogNormal(t(0.0), t(0.5)), stats.lognorm(0.5)),
    (Gamma(t(3.0), t(1.0)), stats.gamma(3)),
    (Uniform(t(0.2), t(1.7)), stats.uniform(0.2, 1.5)),
]
IDS = [type(law).__name__ for law, _ in PAIRS]
MIXTURE = MixtureSameFamily(Categorical(t([0.3, 0.7])), Normal(t([0.2, 3.4]), t([0.05, 0.6])))


def log_mass(peer, x):
    # To the right of the median the upper tails, which keep their digits.
    mass = peer.sf(x) - peer.sf(x + 1) if peer.cdf(x) > 0.5 else peer.cdf(x + 1) - peer.cdf(x)
    return math.log(mass) if mass > 0 else -math.inf


@pytest.mark.parametrize(("law", "peer"), PAIRS, ids=IDS)
def test_the_mass_of_a_cell_is_a_difference_of_the_distribution_function(law, peer):
    cells = [-1.0, 0.0, 0.37, 1.0, 3.0]
    for x, found in zip(cells, cell_log_prob(law, cells).tolist(), strict=True):
        assert found == pytest.approx(log_mass(peer, x), abs=1e-9) or found == log_mass(peer, x)


@pytest.mark.parametrize(("law", "peer"), PAIRS[:-1], ids=IDS[:-1])
def test_the_bound_is_the_mean_log_density(law, peer):
    for x in (0.0, 0.37, 3.0):
        points = [p - x for p in (0.0, 0.3, 0.8) if x < p < x + 1] or None
        found = integrate.quad(lambda u, x=x: float(peer.logpdf(x + u)), 0, 1, limit=200, points=points)[0]
        assert uniform_dequantization_bound(law, x).item() == pytest.approx(found, abs=1e-6)


def test_a_singular_density_keeps_most_digits():
    # x^-0.6 at 0: what the panels do not reach next to the pole is some 1e-9 of the mass.
    assert cell_log_prob(Gamma(t(0.4), t(1.0)), 0.0).item() == pytest.approx(
        log_mass(stats.gamma(0.4), 0), abs=1e-7
    )
    assert cell_log_prob(Beta(t(0.5), t(2.0)), 0.0).item() == pytest.approx(0, abs=1e-7)


def test_mixtures_add_their_masses():
    for x in (-2.0, 0.0, 2.5, 3.0):
        direct = (
            0.3 * cell_log_prob(Normal(t(0.2), t(0.05)), x).exp()
            + 0.7 * cell_log_prob(Normal(t(3.4), t(0.6)), x).exp()
        )
        assert cell_log_prob(MIXTURE, x).exp().item() == pytest.approx(direct.item(), rel=1e-12)
    bound = integrate.quad(lambda u: float(MIXTURE.log_prob(t(u))), 0, 1, points=[0.2], limit=200)[0]
    assert uniform_dequantization_bound(MIXTURE, 0.0).item() == pytest.approx(bound, abs=1e-8)


@pytest.mark.parametrize("x", [3.0, -9.0, 40.0])
def test_far_cells_of_a_gaussian_do_not_underflow(x):
    # mpmath's erfc is exact at any distance.
    mpmath = pytest.importorskip("mpmath")
    with mpmath.workdps(60):
        low, high = (x, x + 1) if x < 0 else (-x - 1, -x)
        below = [mpmath.erfc(-mpmath.mpf(y) / mpmath.mpf("0.1") / mpmath.sqrt(2)) / 2 for y in (low, high)]
        exact = float(mpmath.log(below[1] - below[0]))
    assert cell_log_prob(Normal(t(0.0), t(0.1)), x).item() == pytest.approx(exact, rel=1e-13)


@pytest.mark.parametrize("law", [law for law, _ in PAIRS] + [MIXTURE], ids=[*IDS, "mixture"])
def test_the_bound_is_a_bound_and_cells_add_up(law):
    cells = torch.arange(-40.0, 60.0, dtype=torch.float64)
    mass, bound = cell_log_prob(law, cells), uniform_dequantization_bound(law, cells)
    assert bool((bound <= mass + 1e-9).all())
    missing = 2e-4 if isinstance(law, Cauchy) else 1e-3 if isinstance(law, StudentT) else 1e-9
    assert mass.exp().sum().item() == pytest.approx(1, abs=missing)


def test_a_density_that_is_flat_on_the_cell_attains_it():
    law = Uniform(t(-3.0), t(5.0))
    assert uniform_dequantization_bound(law, 1.0).item() == pytest.approx(-math.log(8), abs=1e-12)
    assert cell_log_prob(law, 1.0).item() == pytest.approx(-math.log(8), abs=1e-12)
    assert uniform_dequantization_bound(law, 4.5).item() == -math.inf
    assert cell_log_prob(law, 9.0).item() == -math.inf


def test_gradients_are_finite_differences():
    def value(mean, std):
        law = Normal(mean, std)
        return (
            cell_log_prob(law, [0.0, 5.0, -7.0]) + uniform_dequantization_bound(law, [0.0, 5.0, -7.0])
        ).sum()

    assert torch.autograd.gradcheck(value, (t(0.5).requires_grad_(), t(0.8).requires_grad_()))


def test_draws_with_noise_have_the_mean_log_density_of_the_bound():
    law, random = Normal(t(0.8), t(0.4)), np.random.default_rng(0)
    draws = law.log_prob(torch.from_numpy(random.random(200_000)))
    error = float(draws.std()) / math.sqrt(len(draws))
    assert uniform_dequantization_bound(law, 0.0).item() == pytest.approx(float(draws.mean()), abs=5 * error)

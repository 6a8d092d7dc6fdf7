"""What the text of lesson 02 says of thirty data sets, of the parts of a variance, and of two modes."""

import itertools
import math
from functools import lru_cache

import numpy as np
import pytest
from scipy import optimize

from course_lib.variational import clutter_posterior, variational_linear_regression


def draw(seed, n):
    """The lesson's data: a sensor at 2, about half clutter."""
    rng = np.random.default_rng(seed)
    clutter = rng.random(n) < 0.5
    return np.where(clutter, rng.normal(0, math.sqrt(10), n), rng.normal(2.0, 1, n))


@lru_cache
def ratios(n):
    """EP (NaN where it does not converge), best Gaussian, product over the exact variance; (30, 3)."""
    rows = []
    for seed in range(30):
        exact, ep, *others = (
            clutter_posterior(draw(seed, n), method, damping=0.5)
            for method in ("exact", "ep", "gaussian", "mean_field")
        )
        row = [float(fit.variance / exact.variance) for fit in (ep, *others)]
        rows.append([row[0] if ep.converged else math.nan, *row[1:]])
    return np.array(rows)


@pytest.mark.parametrize("n", [3, 5, 10, 20, 50])
def test_from_three_readings_on_ep_is_wider_than_the_best_gaussian_and_the_product_compact(n):
    ep, gaussian, product = ratios(n).T
    assert (ep[np.isfinite(ep)] > gaussian[np.isfinite(ep)]).all()
    assert (product < 1).all()


def test_with_one_reading_the_order_is_reversed():
    ep, gaussian, _ = ratios(1).T
    # One factor: EP is exact, up to rounding and its stopping rule.
    assert ep == pytest.approx(1.0, abs=1e-9)
    assert np.median(gaussian) > 1.05


def test_below_ten_readings_ep_has_mostly_a_fraction_of_the_variance():
    for n in (3, 5):
        assert np.nanmedian(ratios(n)[:, 0]) < 0.5
    for n in (20, 50):
        assert np.nanmedian(ratios(n)[:, 0]) == pytest.approx(1.0, abs=0.02)
    assert np.median(ratios(50)[:, 1]) > 0.99


@pytest.mark.parametrize("seed", range(4))
def test_the_product_has_nothing_of_the_variance_between_the_cases(seed):
    y = draw(seed, 10)
    labels = np.array(list(itertools.product([0, 1], repeat=10)))
    precision, shift = 0.01 + labels.sum(1), labels @ y
    signal, clutter = -0.5 * y**2, -0.5 * (y**2 / 10 + math.log(10))
    log_mass = labels @ signal + (1 - labels) @ clutter + 0.5 * (shift**2 / precision - np.log(precision))
    mass = np.exp(log_mass - log_mass.max())
    mass /= mass.sum()
    means = shift / precision
    within, between = mass @ (1 / precision), mass @ (means - mass @ means) ** 2
    assert float(clutter_posterior(y, "exact").variance) == pytest.approx(within + between, rel=1e-9)
    assert float(clutter_posterior(y, "mean_field").variance) < within


def test_ep_s_evidence_lies_on_both_sides():
    signs = set()
    for seed in range(12):
        y = draw(seed, 10)
        ep, exact = clutter_posterior(y, "ep", damping=0.5), clutter_posterior(y, "exact")
        if ep.converged:
            signs.add(float(ep.log_evidence - exact.log_evidence) > 0)
    assert signs == {True, False}


Z = np.linspace(-9, 9, 2001)
WEIGHTS = np.exp(-0.5 * Z**2) / np.exp(-0.5 * Z**2).sum()


def deepest(s):
    """Mean of the Gaussian with the smallest KL(q‖p) for two modes at ±s, from a covering start and one on a mode."""

    def divergence(v):
        theta = v[0] + math.exp(min(v[1], 3.0)) * Z
        return -v[1] - WEIGHTS @ np.logaddexp(-0.5 * (theta - s) ** 2, -0.5 * (theta + s) ** 2)

    starts = ([0.0, 0.5 * math.log(1 + s * s)], [s, 0.0])
    fits = [optimize.minimize(divergence, start, method="Nelder-Mead") for start in starts]
    return abs(min(fits, key=lambda fit: fit.fun).x[0])


def test_the_best_gaussian_jumps_at_2_80_and_the_product_leaves_0_at_1():
    assert deepest(2.75) < 0.1
    assert deepest(2.85) > 2.5

    def settled(s):
        m = s
        for _ in range(50_000):
            m = s * math.tanh(m * s)
        return m

    assert settled(0.99) < 1e-6
    assert settled(1.02) > 0.1


def test_more_weights_than_responses_cost_half_a_nat_at_a_prior_of_one():
    for seed in range(3):
        rng = np.random.default_rng(seed)
        X, beta = rng.normal(size=(3, 10)), rng.normal(size=10)
        y = X @ beta + rng.normal(size=3) / 2
        fit = variational_linear_regression(X, y, noise_precision=4.0, shape=1.0, rate=1.0)
        assert 0.4 < float(fit.log_evidence - fit.elbo) < 0.6

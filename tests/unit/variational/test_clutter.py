"""The clutter problem against enumeration, quadrature, an optimiser, and expectation propagation on a grid."""

import itertools
import math

import numpy as np
import pytest
import torch
from scipy import integrate, optimize, stats

from course_lib.variational import clutter_posterior

METHODS = ("exact", "ep", "mean_field", "gaussian")
SETTINGS = [{}, {"weight": 0.2, "clutter_variance": 30.0, "prior_variance": 4.0}]


def draw(seed, n, theta=2.0):
    rng = np.random.default_rng(seed)
    clutter = rng.random(n) < 0.5
    return np.where(clutter, rng.normal(0, math.sqrt(10), n), rng.normal(theta, 1, n))


def settings_of(weight=0.5, clutter_variance=10.0, prior_variance=100.0):
    return weight, clutter_variance, prior_variance


def enumerated(y, weight, clutter_variance, prior_variance):
    """All 2^n cases: log weight, mean and variance of each Gaussian."""
    rows = []
    for signal in itertools.product([0, 1], repeat=len(y)):
        signal = np.array(signal)
        precision, shift = 1 / prior_variance + signal.sum(), signal @ y
        log_mass = np.where(
            signal,
            math.log1p(-weight) - 0.5 * (y**2 + math.log(2 * math.pi)),
            math.log(weight) + stats.norm(0, math.sqrt(clutter_variance)).logpdf(y),
        ).sum()
        log_mass += 0.5 * (shift**2 / precision - math.log(precision * prior_variance))
        rows.append((log_mass, shift / precision, 1 / precision))
    return np.array(rows).T


def log_normal(x, mean, variance):
    return -0.5 * ((x - mean) ** 2 / variance + np.log(2 * math.pi * variance))


def log_factors(y, theta, weight, clutter_variance):
    """Each factor of the likelihood, shape (n, points)."""
    signal = math.log1p(-weight) + log_normal(y[:, None], theta, 1.0)
    clutter = math.log(weight) + log_normal(y[:, None], 0.0, clutter_variance)
    return np.logaddexp(signal, clutter)


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("seed", [0, 1])
def test_exact_is_the_sum_over_all_cases(seed, settings):
    y = draw(seed, 9)
    log_mass, means, variances = enumerated(y, *settings_of(**settings))
    share = np.exp(log_mass - log_mass.max())
    share /= share.sum()
    mean = share @ means
    exact = clutter_posterior(y, "exact", **settings)
    # Both are sums in double precision: a few hundred roundings.
    assert float(exact.mean) == pytest.approx(mean, rel=1e-12, abs=1e-12)
    assert float(exact.variance) == pytest.approx(share @ (variances + (means - mean) ** 2), rel=1e-12)
    assert float(exact.log_evidence) == pytest.approx(np.logaddexp.reduce(log_mass), abs=1e-12)


@pytest.mark.parametrize(
    ("y", "settings"),
    [
        ([40.0, 41.0], {}),
        ([1.0, 2.0, 8.0], {"clutter_variance": 1e6, "prior_variance": 1e8}),
        ([1.0, 2.0, 8.0], {"clutter_variance": 1e-2}),
        ([0.0], {"prior_variance": 1e-4}),
        ([3.0, -3.0], {"weight": 1e-12}),
    ],
)
def test_exact_where_scales_differ_wildly(y, settings):
    log_mass, means, variances = enumerated(np.array(y), *settings_of(**settings))
    share = np.exp(log_mass - log_mass.max())
    share /= share.sum()
    mean = share @ means
    exact = clutter_posterior(y, "exact", **settings)
    assert float(exact.mean) == pytest.approx(mean, rel=1e-10, abs=1e-12)
    assert float(exact.variance) == pytest.approx(share @ (variances + (means - mean) ** 2), rel=1e-10)
    assert float(exact.log_evidence) == pytest.approx(np.logaddexp.reduce(log_mass), rel=1e-12)


def propagate_on_a_grid(y, damping, weight, clutter_variance, prior_variance, sweeps=300):
    """EP whose tilted moments are sums over a grid; None when a cavity is improper."""
    theta = np.linspace(-120, 120, 6_001)
    step = theta[1] - theta[0]
    factors = log_factors(y, theta, weight, clutter_variance)
    sites = np.zeros((len(y), 2))
    prior = np.array([1 / prior_variance, 0.0])
    for _ in range(sweeps):
        log_masses, parts = 0.0, 0.0
        for i in range(len(y)):
            cavity = prior + sites.sum(0) - sites[i]
            if cavity[0] <= 0:
                return None
            log_cavity = log_normal(theta, cavity[1] / cavity[0], 1 / cavity[0])
            tilted = np.exp(log_cavity + factors[i])
            mass = tilted.sum() * step
            mean = tilted @ theta * step / mass
            variance = tilted @ (theta - mean) ** 2 * step / mass
            wanted = np.array([1 / variance, mean / variance]) - cavity
            sites[i] += damping * (wanted - sites[i])
            log_masses += math.log(mass)
            parts += 0.5 * (cavity[1] ** 2 / cavity[0] - math.log(cavity[0]))
            parts -= 0.5 * (mean**2 / variance + math.log(variance))
    precision, shift = prior + sites.sum(0)
    log_evidence = log_masses + parts + 0.5 * (shift**2 / precision - math.log(precision * prior_variance))
    return shift / precision, 1 / precision, log_evidence


@pytest.mark.parametrize(
    ("y", "damping", "settings"),
    [
        (draw(0, 20), 1.0, {}),
        (draw(3, 6), 1.0, {"weight": 0.2, "clutter_variance": 30.0, "prior_variance": 4.0}),
        (np.array([2.5, 2.4, 2.1, -1.6, -2.0]), 0.7, {}),
    ],
)
def test_ep_is_the_fixed_point_that_a_grid_finds(y, damping, settings):
    sweeps = 30 if damping == 1.0 else 300
    expected = propagate_on_a_grid(y, damping, *settings_of(**settings), sweeps=sweeps)
    found = clutter_posterior(y, "ep", damping=damping, **settings)
    assert found.converged
    # The grid's sums lose digits in the far tail, and 30 or 300 sweeps leave an error of 1e-8.
    assert [float(value) for value in found[:3]] == pytest.approx(expected, rel=1e-6)


def test_ep_of_one_datum_is_exact():
    for settings in SETTINGS:
        exact, ep = (clutter_posterior([1.3], method, **settings) for method in ("exact", "ep"))
        for name in ("mean", "variance", "log_evidence"):
            assert float(getattr(ep, name)) == pytest.approx(float(getattr(exact, name)), rel=1e-12)


def test_damping_decides_whether_ep_converges():
    y = [2.5, 2.4, 2.1, -1.6, -2.0]
    assert not clutter_posterior(y, "ep").converged
    damped = [clutter_posterior(y, "ep", damping=damping) for damping in (0.7, 0.4)]
    assert all(found.converged for found in damped)
    assert float(damped[0].variance) == pytest.approx(float(damped[1].variance), rel=1e-8)


def test_standing_still_with_a_skipped_site_is_no_fixed_point():
    """Two sites make the third cavity improper: nothing moves any more, and the evidence does not exist."""
    found = clutter_posterior([-7.7, 5.7, 2.3], "ep")
    assert found.sweeps < 50
    assert not found.converged
    assert math.isnan(float(found.log_evidence))
    assert clutter_posterior([-7.7, 5.7, 2.3], "ep", damping=0.5).converged


def labelled_divergence(parameters, y, weight, clutter_variance, prior_variance):
    """KL(q(theta) q(c) || p(theta, c | y)) less log p(y), with all 2^n values of c written out."""
    mean, variance = parameters[0], math.exp(parameters[1])
    probability = 1 / (1 + np.exp(-parameters[2:]))
    signal = np.array(list(itertools.product([0, 1], repeat=len(y))))
    share = np.where(signal, probability, 1 - probability)
    expected_signal = math.log1p(-weight) + log_normal(y, mean, 1.0) - 0.5 * variance
    expected_clutter = math.log(weight) + log_normal(y, 0.0, clutter_variance)
    log_likelihood = np.where(signal, expected_signal, expected_clutter).sum(1)
    total = -0.5 * math.log(2 * math.pi * math.e * variance)
    total += 0.5 * ((mean**2 + variance) / prior_variance + math.log(2 * math.pi * prior_variance))
    return total + share.prod(1) @ (np.log(share).sum(1) - log_likelihood)


@pytest.mark.parametrize("settings", SETTINGS)
def test_mean_field_is_the_minimum_over_products(settings):
    y = draw(5, 4)
    arguments = (y, *settings_of(**settings))
    starts = [np.r_[mean, 0.0, np.zeros(4)] for mean in (*y, 0.0)]
    options = {"gtol": 1e-9}
    best = min(
        (
            optimize.minimize(labelled_divergence, s, arguments, method="BFGS", options=options)
            for s in starts
        ),
        key=lambda result: result.fun,
    )
    found = clutter_posterior(y, "mean_field", **settings)
    assert found.converged
    # BFGS differentiates by differences of 1e-8.
    assert float(found.log_evidence) == pytest.approx(-best.fun, abs=1e-9)
    assert float(found.mean) == pytest.approx(best.x[0], abs=1e-5)
    assert float(found.variance) == pytest.approx(math.exp(best.x[1]), rel=1e-5)


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("n", [3, 20])
def test_gaussian_is_the_minimum_of_the_divergence_that_quadrature_gives(n, settings):
    y = draw(1, n)
    weight, clutter_variance, prior_variance = settings_of(**settings)

    def negative_bound(parameters):
        mean, std = parameters[0], math.exp(parameters[1])
        theta = mean + std * np.linspace(-9, 9, 801)
        log_q = log_normal(theta, mean, std**2)
        log_joint = log_factors(y, theta, weight, clutter_variance).sum(0) + log_normal(
            theta, 0.0, prior_variance
        )
        return np.trapezoid(np.exp(log_q) * (log_q - log_joint), theta)

    starts = [(mean, log_std) for mean in (-2.0, 0.0, 2.0) for log_std in (-0.5, 1.5)]
    best = min(
        (optimize.minimize(negative_bound, start, method="BFGS") for start in starts), key=lambda r: r.fun
    )
    found = clutter_posterior(y, "gaussian", **settings)
    assert found.converged
    assert float(found.log_evidence) == pytest.approx(-best.fun, abs=1e-9)
    assert float(found.mean) == pytest.approx(best.x[0], abs=1e-4)
    assert float(found.variance) == pytest.approx(math.exp(2 * best.x[1]), rel=1e-4)


@pytest.mark.parametrize(
    ("y", "settings"),
    [
        (draw(2, 10), {}),
        # Rare clutter: where q has mass, data turn from signal to clutter within a fifth of its standard deviation.
        (np.array([0.0, 9.5]), {"weight": 1e-10}),
    ],
)
def test_the_gap_of_the_bound_is_the_divergence_from_the_exact_posterior(y, settings):
    weight, clutter_variance, prior_variance = settings_of(**settings)
    exact, found = (clutter_posterior(y, method, **settings) for method in ("exact", "gaussian"))
    mean, variance = float(found.mean), float(found.variance)

    def integrand(theta):
        log_joint = log_factors(y, theta, weight, clutter_variance).sum() + log_normal(
            theta, 0.0, prior_variance
        )
        log_q = log_normal(theta, mean, variance)
        return math.exp(log_q) * (log_q - log_joint + float(exact.log_evidence))

    reach = 12 * math.sqrt(variance)
    divergence, _ = integrate.quad(integrand, mean - reach, mean + reach, epsabs=1e-11, limit=500)
    assert float(exact.log_evidence - found.log_evidence) == pytest.approx(divergence, abs=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_bounds_stay_below_the_evidence_and_the_larger_family_is_closer(seed):
    y = draw(seed, 8)
    exact, factorised, gaussian = (clutter_posterior(y, m) for m in ("exact", "mean_field", "gaussian"))
    assert float(factorised.log_evidence) < float(gaussian.log_evidence) < float(exact.log_evidence)


@pytest.mark.parametrize("method", METHODS)
def test_without_clutter_and_without_signal_every_method_is_exact(method):
    y = np.array([1.0, 2.0, 4.0])
    only_signal = clutter_posterior(y, method, weight=0.0, prior_variance=5.0)
    joint = stats.multivariate_normal(np.zeros(3), np.eye(3) + 5.0)
    assert float(only_signal.log_evidence) == pytest.approx(joint.logpdf(y), rel=1e-12)
    assert float(only_signal.variance) == pytest.approx(1 / (3 + 1 / 5), rel=1e-14)
    only_clutter = clutter_posterior(y, method, weight=1.0, prior_variance=5.0)
    assert float(only_clutter.mean) == 0.0
    assert float(only_clutter.variance) == 5.0
    assert float(only_clutter.log_evidence) == pytest.approx(stats.norm(0, math.sqrt(10)).logpdf(y).sum())
    # The general case comes near to both.
    near = clutter_posterior(y, method, weight=1e-13, prior_variance=5.0)
    assert float(near.log_evidence) == pytest.approx(float(only_signal.log_evidence), abs=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_lists_arrays_and_integer_tensors_are_data(method):
    expected = clutter_posterior([1.0, 2.0, 8.0], method)
    for y in ([1, 2, 8], np.array([1, 2, 8]), torch.tensor([1, 2, 8]), torch.tensor([1.0, 2.0, 8.0])):
        assert clutter_posterior(y, method) == expected
    assert expected.mean.shape == expected.variance.shape == expected.log_evidence.shape == ()
    assert expected.mean.dtype == torch.float64


@pytest.mark.parametrize(
    ("argument", "bad"),
    [
        ("y", []),
        ("y", [[1.0]]),
        ("y", [1.0, math.nan]),
        ("y", [1.0, math.inf]),
        ("y", "abc"),
        ("y", [1e9]),
        ("method", "vb"),
        ("method", None),
        ("weight", -0.1),
        ("weight", 1.1),
        ("weight", "half"),
        ("clutter_variance", 0.0),
        ("clutter_variance", math.inf),
        ("prior_variance", -1.0),
        ("damping", 0.0),
        ("damping", 1.5),
    ],
)
def test_refusals_name_the_argument(argument, bad):
    arguments = {"y": [1.0, 2.0], "method": "exact"} | {argument: bad}
    with pytest.raises(ValueError, match=rf"^{argument}: expected"):
        clutter_posterior(**arguments)

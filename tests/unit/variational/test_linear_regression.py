"""Variational linear regression against quadrature over weights and precision, and against densities of scipy."""

import math

import numpy as np
import pytest
import torch
from scipy import integrate, optimize, stats

from course_lib.variational import variational_linear_regression


def draw(seed, n, d, noise=0.5):
    rng = np.random.default_rng(seed)
    X, weights = rng.normal(size=(n, d)), rng.normal(size=d)
    return X, X @ weights + noise * rng.normal(size=n)


def log_marginal(X, y, tau, precision):
    """log p(y | lambda): the weights integrated out, y is Gaussian with this covariance."""
    covariance = np.eye(len(y)) / tau + X @ X.T / precision
    return stats.multivariate_normal(np.zeros(len(y)), covariance).logpdf(y)


@pytest.mark.parametrize(("n", "d"), [(12, 1), (8, 3), (3, 5)])
@pytest.mark.parametrize(("shape", "rate"), [(1.0, 1.0), (2.5, 0.3), (40.0, 10.0)])
def test_the_evidence_is_the_integral_over_the_precision(n, d, shape, rate):
    X, y = draw(n + d, n, d)
    fit = variational_linear_regression(X, y, noise_precision=4.0, shape=shape, rate=rate)
    prior = stats.gamma(shape, scale=1 / rate)
    ratio, _ = integrate.quad(
        lambda p: math.exp(log_marginal(X, y, 4.0, p) - float(fit.log_evidence)) * prior.pdf(p),
        *prior.ppf([1e-13, 1 - 1e-13]),
        epsabs=1e-10,
        limit=200,
    )
    # The ends that are cut off hold 1e-13 of the prior.
    assert ratio == pytest.approx(1, abs=1e-8)


def test_evidence_of_a_vague_prior_by_brute_force_in_the_logarithm():
    X, y = draw(1, 3, 1)
    fit = variational_linear_regression(X, y, noise_precision=4.0, shape=0.01, rate=0.01)
    u = np.linspace(-60, 8, 6801)
    tau, x = 4.0, X[:, 0]
    s, pull = tau * x @ x, tau * x @ y
    log_likelihood = 0.5 * (len(y) * math.log(tau / 2 / math.pi) + u - np.log(s + np.exp(u)) - tau * y @ y)
    log_likelihood += 0.5 * pull**2 / (s + np.exp(u))
    log_prior = 0.01 * math.log(0.01) - math.lgamma(0.01) + 0.01 * u - 0.01 * np.exp(u)
    total = math.log(np.trapezoid(np.exp(log_likelihood + log_prior), u))
    # Below u = -60 lies exp(-30) of the integral.
    assert float(fit.log_evidence) == pytest.approx(total, abs=1e-8)


@pytest.mark.parametrize(("shape", "rate"), [(1.0, 1.0), (0.3, 2.0)])
def test_the_gap_is_the_divergence_from_the_posterior_on_a_grid(shape, rate):
    """One weight: KL(q || p(beta, lambda | y)) summed over a grid of (beta, log lambda), with densities of scipy."""
    X, y = draw(4, 6, 1)
    fit = variational_linear_regression(X, y, noise_precision=4.0, shape=shape, rate=rate)
    mean, std = float(fit.mean), math.sqrt(float(fit.covariance))
    beta = np.linspace(mean - 9 * std, mean + 9 * std, 401)[:, None]
    u = np.linspace(-40, 6, 1501)[None, :]
    precision = np.exp(u)
    log_q = stats.norm(mean, std).logpdf(beta)
    log_q = log_q + stats.gamma(float(fit.shape), scale=1 / float(fit.rate)).logpdf(precision)
    log_joint = stats.norm(X @ beta.T, 0.5).logpdf(y[:, None]).sum(0)[:, None]
    log_joint = log_joint + stats.norm(0, 1 / np.sqrt(precision)).logpdf(beta)
    log_joint = log_joint + stats.gamma(shape, scale=1 / rate).logpdf(precision)
    cell = (beta[1, 0] - beta[0, 0]) * (u[0, 1] - u[0, 0]) * precision
    bound = (np.exp(log_q) * (log_joint - log_q) * cell).sum()
    # Beyond 9 standard deviations and below u = -40 less than exp(-20) of q is left.
    assert float(fit.elbo) == pytest.approx(bound, abs=1e-6)
    assert float(fit.log_evidence - fit.elbo) > 1e-4


@pytest.mark.parametrize("d", [1, 2])
def test_no_other_product_of_a_gaussian_and_a_gamma_has_a_higher_bound(d):
    X, y = draw(7, 9, d)
    tau, shape, rate = 4.0, 1.5, 0.7
    fit = variational_linear_regression(X, y, noise_precision=tau, shape=shape, rate=rate)

    def negative_bound(parameters):
        """Expectations term by term, in torch; the gradient by autograd."""
        free = torch.tensor(parameters, requires_grad=True)
        mean, root = free[:d], torch.tril(free[d : d + d * d].reshape(d, d))
        a, b = free[-2].exp(), free[-1].exp()
        root = root - torch.diag(root.diagonal()) + torch.diag(root.diagonal().exp())
        q, precision = (
            torch.distributions.MultivariateNormal(mean, scale_tril=root),
            torch.distributions.Gamma(a, b),
        )
        Xt, yt = torch.from_numpy(X), torch.from_numpy(y)
        covariance = root @ root.T
        errors = (yt - Xt @ mean).square().sum() + torch.trace(Xt @ covariance @ Xt.T)
        log_precision = torch.digamma(a) - b.log()
        value = 0.5 * (len(y) * math.log(tau / (2 * math.pi)) - tau * errors)
        value = value + 0.5 * (
            d * (log_precision - math.log(2 * math.pi)) - a / b * (mean @ mean + covariance.trace())
        )
        value = value - torch.distributions.kl_divergence(
            precision, torch.distributions.Gamma(*torch.tensor([shape, rate], dtype=torch.float64))
        )
        value = -(value + q.entropy())
        value.backward()
        return value.item(), free.grad.numpy()

    start = np.zeros(d + d * d + 2)
    found = optimize.minimize(negative_bound, start, jac=True, method="BFGS", options={"gtol": 1e-9})
    assert float(fit.elbo) == pytest.approx(-found.fun, abs=1e-9)
    assert fit.mean.numpy() == pytest.approx(found.x[:d], abs=1e-5)
    assert float(fit.shape) == pytest.approx(math.exp(found.x[-2]), rel=1e-5)
    assert float(fit.rate) == pytest.approx(math.exp(found.x[-1]), rel=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_each_factor_is_the_best_for_the_other(seed):
    X, y = draw(seed, 10, 3)
    fit = variational_linear_regression(X, y, noise_precision=2.0, shape=0.5, rate=0.2)
    expected = float(fit.shape / fit.rate)
    covariance = np.linalg.inv(2.0 * X.T @ X + expected * np.eye(3))
    assert fit.converged
    assert fit.covariance.numpy() == pytest.approx(covariance, rel=1e-9)
    assert fit.mean.numpy() == pytest.approx(2.0 * covariance @ X.T @ y, rel=1e-9)
    assert float(fit.shape) == 0.5 + 3 / 2
    second = float(fit.mean @ fit.mean + fit.covariance.trace())
    assert float(fit.rate) == pytest.approx(0.2 + second / 2, rel=1e-9)


def test_the_gap_is_small_for_a_firm_prior_and_large_for_a_vague_one():
    X, y = draw(1, 3, 1)
    gaps = []
    for number in (0.01, 1.0, 100.0):
        fit = variational_linear_regression(X, y, noise_precision=4.0, shape=number, rate=number)
        gaps.append(float(fit.log_evidence - fit.elbo))
    assert gaps[0] > 0.2
    assert gaps[0] > gaps[1] > gaps[2] > 0


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_units_do_not_matter(scale):
    """Weights in other units: lambda scales with their square, the evidence stays."""
    X, y = draw(3, 6, 2)
    plain = variational_linear_regression(X, y, noise_precision=4.0, shape=1.0, rate=1.0)
    scaled = variational_linear_regression(X / scale, y, noise_precision=4.0, shape=1.0, rate=scale**2)
    assert float(scaled.log_evidence) == pytest.approx(float(plain.log_evidence), abs=1e-9)
    assert float(scaled.elbo) == pytest.approx(float(plain.elbo), abs=1e-9)
    assert (scaled.mean / scale).numpy() == pytest.approx(plain.mean.numpy(), rel=1e-9)


@pytest.mark.parametrize("X", [[[0.0, 0.0]], [[1.0, 1.0], [2.0, 2.0]], [[1.0, 2.0, 3.0]]])
def test_data_that_do_not_determine_the_weights(X):
    """A column of zeros, a column twice, and more weights than data."""
    y = [0.7] if len(X) == 1 else [0.7, 1.1]
    fit = variational_linear_regression(X, y, noise_precision=4.0, shape=3.0, rate=2.0)
    array = np.array(X)
    prior = stats.gamma(3.0, scale=1 / 2.0)
    evidence, _ = integrate.quad(
        lambda p: math.exp(log_marginal(array, np.array(y), 4.0, p)) * prior.pdf(p), 0, 40, epsabs=1e-13
    )
    assert float(fit.log_evidence) == pytest.approx(math.log(evidence), abs=1e-8)
    assert torch.isfinite(fit.elbo)
    assert fit.elbo < fit.log_evidence


def test_lists_arrays_and_integer_tensors_are_taken():
    expected = variational_linear_regression([[1, 2], [3, 4]], [1, 2], noise_precision=1, shape=1, rate=1)
    for convert in (np.array, torch.tensor):
        fit = variational_linear_regression(
            convert([[1, 2], [3, 4]]), convert([1, 2]), noise_precision=1.0, shape=1.0, rate=1.0
        )
        assert torch.equal(fit.mean, expected.mean)
        assert torch.equal(fit.log_evidence, expected.log_evidence)
    assert expected.mean.shape == (2,)
    assert expected.covariance.shape == (2, 2)


@pytest.mark.parametrize(
    ("argument", "bad"),
    [
        ("X", [1.0, 2.0]),
        ("X", []),
        ("X", [[math.nan], [1.0]]),
        ("y", [1.0, 2.0, 3.0]),
        ("y", [1.0, math.inf]),
        ("y", None),
        ("noise_precision", 0.0),
        ("noise_precision", "one"),
        ("shape", -1.0),
        ("rate", 0.0),
        ("rate", math.nan),
    ],
)
def test_refusals_name_the_argument(argument, bad):
    arguments = {"X": [[1.0], [2.0]], "y": [1.0, 2.0], "noise_precision": 1.0, "shape": 1.0, "rate": 1.0}
    with pytest.raises(ValueError, match=rf"^{argument}: expected"):
        variational_linear_regression(**(arguments | {argument: bad}))

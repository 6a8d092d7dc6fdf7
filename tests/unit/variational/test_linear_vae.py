"""The linear VAE's optimum against an optimiser that knows nothing of it, probabilistic PCA, and torch's KL."""

import math

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from torch import distributions as td

from course_lib.data.digits import load_digits
from course_lib.variational import linear_vae_optimum


def covariance(size=5, seed=0):
    factor = torch.randn(size, size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return factor @ factor.T / size


def average_elbo(weight, encoder, log_variance, cov, sigma):
    """The average ELBO of data with mean 0 and this covariance: p(x|z) = N(Wz, sigma² I), q(z|x) = N(Ax, diag v)."""
    size, variance = len(cov), log_variance.exp()
    miss = torch.eye(size, dtype=torch.float64) - weight @ encoder
    squares = torch.trace(miss @ cov @ miss.T) + (weight.square().sum(0) * variance).sum()
    each = 0.5 * (variance + torch.diagonal(encoder @ cov @ encoder.T) - 1 - log_variance)
    reconstruction = -0.5 * squares / sigma**2 - 0.5 * size * math.log(2 * math.pi * sigma**2)
    return reconstruction - each.sum(), each


def best_by_search(cov, sigma, latent, seed):
    """L-BFGS over decoder, encoder and variances from a random start: the ELBO, and the KL of each dimension."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64).mul_(0.3).requires_grad_()

    parameters = draw(len(cov), latent), draw(latent, len(cov)), draw(latent)
    search = torch.optim.LBFGS(
        parameters, max_iter=4000, tolerance_grad=1e-12, tolerance_change=1e-15, line_search_fn="strong_wolfe"
    )

    def loss():
        search.zero_grad()
        value = -average_elbo(*parameters, cov, sigma)[0]
        value.backward()
        return value

    search.step(loss)
    value, each = average_elbo(*parameters, cov, sigma)
    return value.item(), each.detach().sort(descending=True).values


@pytest.mark.parametrize("sigma", [0.2, 0.6, 0.9, 1.6])
def test_an_optimiser_from_a_random_start_ends_at_the_optimum(sigma):
    cov = covariance()
    optimum = linear_vae_optimum(torch.linalg.eigvalsh(cov), sigma, 3)
    value, each = best_by_search(cov, sigma, 3, seed=1)
    # The search stops at a gradient of 1e-12 or where the line search sees no change: the value is then good to 1e-8.
    assert value == pytest.approx(float(optimum.elbo), abs=1e-6)
    # A dimension whose gain is quadratically small near the optimum is found to the root of that.
    assert torch.allclose(each, optimum.kl, atol=1e-3)


def test_no_other_linear_vae_is_better():
    cov, generator = covariance(), torch.Generator().manual_seed(2)

    def draw(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    best = float(linear_vae_optimum(torch.linalg.eigvalsh(cov), 0.7, 2).elbo)
    assert all(float(average_elbo(draw(5, 2), draw(2, 5), draw(2), cov, 0.7)[0]) < best for _ in range(200))


def test_the_elbo_is_the_score_of_probabilistic_pca():
    x = load_digits().train.double().numpy()
    n, size = x.shape
    pca = PCA(n_components=10, svd_solver="full").fit(x)
    # scikit-learn divides the covariance by n - 1 when it fits and by n when it scores: D / (2n) nats.
    eigenvalues = np.linalg.eigvalsh(np.cov(x.T))
    assert pca.noise_variance_ == pytest.approx(np.sort(eigenvalues)[:-10].mean(), rel=1e-9)
    optimum = linear_vae_optimum(eigenvalues.clip(0), math.sqrt(pca.noise_variance_), 10)
    assert float(optimum.elbo) + size / (2 * n) == pytest.approx(pca.score(x), abs=1e-8)


def test_the_kl_is_torchs_average_over_the_data():
    x = torch.randn(40, 3, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    x = (x - x.mean(0)) * torch.tensor([2.0, 1.0, 0.3]).double()
    eigenvalues, directions = torch.linalg.eigh(x.T @ x / 40)
    sigma, order = 0.7, [2, 1]
    kept, axes = eigenvalues[order], directions[:, order]
    weight = axes * (kept - sigma**2).clamp_min(0).sqrt()
    posterior_cov = torch.linalg.inv(torch.eye(2).double() + weight.T @ weight / sigma**2)
    means = x @ weight @ posterior_cov / sigma**2
    optimum = linear_vae_optimum(eigenvalues, sigma, 2)
    assert torch.allclose(torch.diag(optimum.posterior_variance), posterior_cov)
    each = td.kl_divergence(td.Normal(means, optimum.posterior_variance.sqrt()), td.Normal(0.0, 1.0)).mean(0)
    assert torch.allclose(each, optimum.kl)
    model = td.MultivariateNormal(
        torch.zeros(3).double(), weight @ weight.T + sigma**2 * torch.eye(3).double()
    )
    assert float(model.log_prob(x).mean()) == pytest.approx(float(optimum.elbo), abs=1e-9)


def test_a_dimension_dies_where_its_eigenvalue_meets_the_noise():
    optimum = linear_vae_optimum([0.25, 4.0, 1.0], 1.0, 3)
    assert optimum.active.tolist() == [True, False, False]
    assert optimum.kl.tolist() == pytest.approx([math.log(2), 0.0, 0.0])
    assert optimum.posterior_variance.tolist() == [0.25, 1.0, 1.0]
    assert linear_vae_optimum([0.0, 0.0], 0.5, 1).kl.tolist() == [0.0]


def test_dimensions_beyond_those_of_the_data_are_never_used():
    more, same = linear_vae_optimum([2.0, 1.0], 0.5, 4), linear_vae_optimum([2.0, 1.0], 0.5, 2)
    assert more.active.tolist() == [True, True, False, False]
    assert torch.equal(more.kl[:2], same.kl) and torch.equal(more.elbo, same.elbo)


def test_the_best_noise_is_the_mean_of_the_dropped_eigenvalues():
    eigenvalues = torch.tensor([3.0, 2.0, 0.5, 0.3, 0.1])
    best = math.sqrt(0.3)

    def value(sigma):
        return float(linear_vae_optimum(eigenvalues, sigma, 2).elbo)

    assert value(best) > max(value(best * 0.999), value(best * 1.001))


def test_lists_arrays_and_integers_are_taken():
    wanted = linear_vae_optimum(torch.tensor([3.0, 2.0, 1.0]), 1.2, 2)
    for same in ([3, 2, 1], np.array([1, 3, 2]), torch.tensor([2, 1, 3])):
        assert torch.equal(linear_vae_optimum(same, 1.2, 2).kl, wanted.kl)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (([1.0, -0.1], 0.5, 1), "eigenvalues: expected numbers of at least 0, got -0.1"),
        (([[1.0]], 0.5, 1), "eigenvalues: expected shape"),
        (([], 0.5, 1), "eigenvalues: expected shape"),
        (([1.0, math.nan], 0.5, 1), "eigenvalues: expected numbers"),
        (([1.0], 0.0, 1), "sigma: expected a positive number, got 0.0"),
        (([1.0], "wide", 1), "sigma: expected a positive number"),
        (([1.0], 0.5, 0), "latent_size: expected a positive integer, got 0"),
        (([1.0], 0.5, 1.5), "latent_size: expected a positive integer, got 1.5"),
    ],
)
def test_bad_input_is_refused_by_name(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        linear_vae_optimum(*arguments)

"""The ELBO against closed forms: linear decoders, known posteriors, both likelihoods."""

import math

import pytest
import torch
from torch import distributions as td
from torch import nn

from course_lib.networks import mlp
from course_lib.variational import VAE, AggregatedPosterior, StandardNormal, elbo, fit_posteriors, fit_vae
from course_lib.variational.diagonal import kl_to_standard_normal, reparameterize


def small(likelihood="bernoulli", d=2, sigma=None):
    return VAE(
        mlp((6, 8, 2 * d), seed=1), mlp((d, 8, 6), seed=2), d, likelihood=likelihood, sigma=sigma
    ).double()


def images(n=5):
    return torch.rand(n, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_the_kl_agrees_with_torch_distributions():
    mean, logvar = torch.randn(9, 4, dtype=torch.float64), torch.randn(9, 4, dtype=torch.float64)
    theirs = td.kl_divergence(
        td.Normal(mean, (0.5 * logvar).exp()), td.Normal(torch.zeros(4).double(), 1.0)
    ).sum(-1)
    assert torch.allclose(kl_to_standard_normal(mean, logvar), theirs, atol=1e-12)


def test_reparameterised_draws_have_the_moments_and_let_gradients_through():
    mean = torch.tensor([1.0, -3.0], requires_grad=True)
    logvar = torch.tensor([math.log(4.0), math.log(0.25)], requires_grad=True)
    z = reparameterize(mean, logvar, 100_000, generator=torch.Generator().manual_seed(0))
    # 100,000 draws with standard deviation 2: a standard error of 0.006 for the mean, 0.3 % for the deviation.
    assert torch.allclose(z.mean(0), mean, atol=0.03)
    assert torch.allclose(z.std(0), torch.tensor([2.0, 0.5]), rtol=0.015)
    z.sum().backward()
    assert torch.allclose(mean.grad, torch.full((2,), 100_000.0))


def test_bernoulli_log_likelihood_agrees_with_torch_distributions():
    vae, x = small(), (images() > 0.5).double()
    z = torch.randn(5, 2, dtype=torch.float64)
    theirs = td.Bernoulli(logits=vae.decoder(z)).log_prob(x).sum(-1)
    assert torch.allclose(vae.log_likelihood(x, z), theirs, atol=1e-12)


def test_bernoulli_probabilities_of_all_images_sum_to_one():
    vae = small()
    every = torch.cartesian_prod(*[torch.tensor([0.0, 1.0], dtype=torch.float64)] * 6)
    z = torch.randn(1, 2, dtype=torch.float64)
    assert vae.log_likelihood(every, z).exp().sum().item() == pytest.approx(1, abs=1e-12)


def test_gaussian_log_likelihood_agrees_with_torch_distributions():
    vae, x, z = small("gaussian", sigma=0.2), images(), torch.randn(5, 2, dtype=torch.float64)
    theirs = td.Normal(vae.decoder(z), 0.2).log_prob(x).sum(-1)
    # log_sigma is stored in single precision.
    assert torch.allclose(vae.log_likelihood(x, z), theirs, rtol=1e-6)


def test_sigma_is_learnt_only_when_it_is_not_given():
    assert "log_sigma" in dict(small("gaussian").named_parameters())
    assert "log_sigma" not in dict(small("gaussian", sigma=0.1).named_parameters())
    assert "log_sigma" not in dict(small("bernoulli").named_parameters())


def test_a_general_prior_gives_the_closed_form_on_average():
    class Plain:  # has only log_prob, so that the KL must be estimated
        def log_prob(self, z):
            return StandardNormal(2).log_prob(z)

    vae, x = small(), images()
    closed = elbo(vae, x).kl
    drawn = elbo(vae, x, prior=Plain(), samples=40_000, generator=torch.Generator().manual_seed(0)).kl
    # The terms spread by about sqrt(d / 2) = 1 nat: five standard errors of 40,000 draws are 0.025.
    assert torch.allclose(closed, drawn, atol=0.025)


def test_beta_weighs_the_kl_term_alone():
    vae, x = small(), images()
    terms = elbo(vae, x, beta=3.0, generator=torch.Generator().manual_seed(0))
    one = elbo(vae, x, generator=torch.Generator().manual_seed(0))
    assert torch.equal(terms.reconstruction, one.reconstruction) and torch.equal(terms.kl, one.kl)
    assert torch.allclose(terms.value, one.value - 2 * one.kl)


def test_the_aggregated_prior_raises_the_training_elbo_by_the_marginal_kl():
    from course_lib.variational import elbo_surgery

    vae, x = small(), images(40)
    mean, logvar = (part.detach() for part in vae.encode(x))
    draws = {"samples": 4000}
    before = elbo(vae, x, generator=torch.Generator().manual_seed(0), **draws).value.mean()
    prior = AggregatedPosterior(mean, logvar)
    after = elbo(vae, x, prior=prior, generator=torch.Generator().manual_seed(0), **draws).value.mean()
    # The reconstruction draws are the same; the KL's error is below 1/sqrt(160,000) = 0.0025.
    assert (after - before).item() == pytest.approx(
        elbo_surgery(mean, logvar, grid=300).marginal_kl.item(), abs=0.01
    )


def test_training_repeats_with_a_seed_raises_the_elbo_and_keeps_snapshots():
    x = (images(64) > 0.5).float()

    def run():
        vae = small().float()
        kept = fit_vae(vae, x, 150, batch=32, snapshots=(0, 50, 150), progress=False)
        return vae, kept

    (first, kept), (second, _) = run(), run()
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    assert [step for step, _ in kept] == [0, 50, 150]
    values = []
    for _, state in kept:
        vae = small().float()
        vae.load_state_dict(state)
        values.append(
            elbo(vae, x, samples=50, generator=torch.Generator().manual_seed(0)).value.mean().item()
        )
    assert values[0] < values[1] < values[2]
    assert torch.equal(kept[2][1]["encoder.0.weight"], first.encoder[0].weight)


def test_posteriors_fitted_one_by_one_are_never_worse_and_reach_the_exact_one():
    # Linear decoder: p(z|x) is Gaussian, and diagonal when the decoder's columns are orthogonal.
    vae = VAE(nn.Linear(2, 4), nn.Linear(2, 2, bias=False), 2, likelihood="gaussian", sigma=0.5)
    with torch.no_grad():
        vae.decoder.weight.copy_(torch.eye(2))
    x = torch.tensor([[1.0, -2.0], [0.3, 0.5]])
    mean, logvar = fit_posteriors(vae, x, 800, rate=0.1)
    # p(z|x) = N(x / (1 + 0.25), 0.2): prior precision 1, likelihood precision 4. Stochastic steps leave about 0.02.
    assert torch.allclose(mean, x / 1.25, atol=0.06)
    assert torch.allclose(logvar.exp(), torch.full((2, 2), 0.2), rtol=0.15)


def test_a_second_start_finds_the_better_of_two_modes():
    class Square(nn.Module):
        def forward(self, z):
            return 2 * z.square() + 0.3 * z  # p(z|x = 3) has a larger mode at z > 0 and a lesser one at z < 0

    class Left(nn.Module):
        def forward(self, x):
            return torch.cat([torch.full_like(x, -1.2), torch.full_like(x, -4.0)], -1)

    vae = VAE(Left(), Square(), 1, likelihood="gaussian", sigma=0.3)
    x = torch.full((3, 1), 3.0)
    alone, _ = fit_posteriors(vae, x, 100)
    helped, _ = fit_posteriors(vae, x, 100, starts=[torch.full((3, 1), 1.0)])
    assert (alone < -1).all()
    assert torch.allclose(helped, torch.full((3, 1), 1.15), atol=0.05)  # 2 z² + 0.3 z = 3 at z = 1.152


def test_samples_need_only_the_decoder():
    vae = small()
    vae.encoder = None
    assert vae.sample(3, generator=torch.Generator().manual_seed(0)).shape == (3, 6)


@pytest.mark.parametrize("d", [1, 2, 7])
def test_any_latent_size(d):
    assert elbo(small(d=d), images(), samples=3).value.shape == (5,)


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="likelihood: expected one of bernoulli, gaussian, got 'poisson'"):
        VAE(nn.Identity(), nn.Identity(), 2, likelihood="poisson")
    with pytest.raises(ValueError, match="sigma: expected a positive number, got 0"):
        VAE(nn.Identity(), nn.Identity(), 2, sigma=0)
    with pytest.raises(ValueError, match=r"x: expected shape \(n, D\), got shape \(6,\)"):
        elbo(small(), torch.zeros(6))
    with pytest.raises(ValueError, match="encoder: expected 4 outputs"):
        VAE(nn.Linear(6, 3), nn.Linear(2, 6), 2).encode(torch.zeros(1, 6))

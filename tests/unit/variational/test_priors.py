"""Priors: densities that integrate to one, samples that follow them, and what each may learn."""

import math

import pytest
import torch
from torch import distributions as td

from course_lib.variational import (
    AggregatedPosterior,
    MixturePrior,
    StandardNormal,
    VampPrior,
    elbo_surgery,
    fit_prior,
)


def encode(x):
    """A fixed encoder from 3 pixels to 2 latent dimensions."""
    mean = torch.stack([x[..., 0] * 4 - 2, x[..., 1] * 4 - 2], -1)
    return mean, (x[..., 2:] - 2).expand(*x.shape[:-1], 2)


def images(n, seed=0):
    return torch.rand(n, 3, generator=torch.Generator().manual_seed(seed))


def every_prior():
    mean, logvar = encode(images(7))
    return {
        "standard": StandardNormal(2),
        "mixture": MixturePrior(mean, logvar, learn_weights=True),
        "vamp": VampPrior(encode, images(5)),
        "aggregated": AggregatedPosterior(mean, logvar),
    }


@pytest.mark.parametrize("name", ["standard", "mixture", "vamp", "aggregated"])
def test_a_density_integrates_to_one(name):
    axis = torch.linspace(-8, 8, 401, dtype=torch.float64)
    z = torch.stack(torch.meshgrid(axis, axis, indexing="ij"), -1)
    mass = every_prior()[name].log_prob(z).exp().sum() * (axis[1] - axis[0]) ** 2
    # The weights of the torch modules are single precision: 1e-6.
    assert abs(mass.item() - 1) < 1e-6


@pytest.mark.parametrize("name", ["standard", "mixture", "vamp", "aggregated"])
def test_samples_follow_the_density(name):
    prior = every_prior()[name]
    z = prior.sample(20_000, generator=torch.Generator().manual_seed(1)).double()
    assert z.shape == (20_000, 2)
    # E[z1] and the mass of a half plane, from the samples and from the density on a grid.
    axis = torch.linspace(-8, 8, 401, dtype=torch.float64)
    grid = torch.stack(torch.meshgrid(axis, axis, indexing="ij"), -1)
    weight = prior.log_prob(grid).exp() * (axis[1] - axis[0]) ** 2
    # 20,000 draws: standard errors below 0.012 and 0.0036; four of them, and half a cell of the grid.
    assert abs(z[:, 0].mean() - (weight * grid[..., 0]).sum()) < 0.05
    half = (weight * ((grid[..., 1] > 0).double() + 0.5 * (grid[..., 1] == 0))).sum()
    assert abs((z[:, 1] > 0).double().mean() - half) < 0.015


def test_a_mixture_agrees_with_torch_distributions():
    mean, logvar = (part.double() for part in encode(images(6)))
    mine = MixturePrior(mean, logvar, learn_weights=True)
    with torch.no_grad():
        mine.weight_logits.copy_(torch.arange(6.0))
    theirs = td.MixtureSameFamily(
        td.Categorical(logits=torch.arange(6.0).double()),
        td.Independent(td.Normal(mean, (0.5 * logvar).exp()), 1),
    )
    z = torch.randn(3, 4, 2, dtype=torch.float64)
    assert torch.allclose(mine.log_prob(z), theirs.log_prob(z), atol=1e-12)


def test_a_vamp_prior_whose_pseudo_inputs_are_the_data_is_the_aggregated_posterior():
    x = images(30)
    mean, logvar = encode(x)
    z = torch.randn(100, 2, dtype=torch.float64)
    vamp, aggregated = VampPrior(encode, x), AggregatedPosterior(mean, logvar)
    assert torch.allclose(vamp.log_prob(z), aggregated.log_prob(z), atol=1e-5)
    assert (
        elbo_surgery(mean, logvar, prior=vamp, generator=torch.Generator().manual_seed(0)).marginal_kl.abs()
        < 1e-5
    )


def test_far_apart_components_stay_finite_and_right():
    prior = AggregatedPosterior(torch.tensor([[-40.0], [40.0]]), torch.zeros(2, 1))
    expected = -math.log(2) - 0.5 * math.log(2 * math.pi)
    assert prior.log_prob(torch.tensor([[40.0]])).item() == pytest.approx(expected, abs=1e-12)
    assert prior.log_prob(torch.tensor([[0.0]])).item() == pytest.approx(
        -800 - 0.5 * math.log(2 * math.pi), abs=1e-9
    )


def test_a_vamp_prior_learns_pseudo_inputs_only_and_keeps_them_in_range():
    network = torch.nn.Linear(3, 4)
    before = network.weight.detach().clone()
    prior = VampPrior(lambda u: network(u).chunk(2, -1), images(4))
    assert [name for name, _ in prior.named_parameters()] == ["raw_inputs"]
    start = prior.inputs.detach().clone()
    fit_prior(prior, torch.randn(50, 2) * 3, torch.zeros(50, 2), 20, rate=0.3)
    assert torch.equal(network.weight, before) and network.weight.grad is None
    assert not torch.equal(prior.inputs, start)
    assert prior.raw_inputs.min() >= 0 and prior.raw_inputs.max() <= 1


def test_fitting_one_gaussian_gives_the_moments_of_the_aggregated_posterior():
    generator = torch.Generator().manual_seed(2)
    mean, logvar = torch.randn(200, 2, generator=generator) + 1, torch.full((200, 2), -1.0)
    prior = fit_prior(MixturePrior(torch.zeros(1, 2), torch.zeros(1, 2)), mean, logvar, 600)
    variance = mean.var(0, unbiased=False) + logvar.exp().mean(0)
    # Minibatches of 512 draws: errors of about 0.05 shrink along the falling rate; 0.05 is still three of them.
    assert torch.allclose(prior.mean[0], mean.mean(0), atol=0.05)
    assert torch.allclose(prior.logvar[0].exp(), variance, rtol=0.06)


def test_no_prior_beats_the_aggregated_posterior_on_its_own_data():
    mean, logvar = (part.double() for part in encode(images(60)))
    best = elbo_surgery(mean, logvar, prior=AggregatedPosterior(mean, logvar), grid=300).average_kl
    rivals = [StandardNormal(2), MixturePrior(mean[:20], logvar[:20])]
    rivals.append(fit_prior(MixturePrior(mean[:20], logvar[:20]), mean, logvar, 200))
    for rival in rivals:
        assert elbo_surgery(mean, logvar, prior=rival, grid=300).average_kl > best + 1e-3


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="size: expected a positive integer, got 0"):
        StandardNormal(0)
    with pytest.raises(ValueError, match=r"inputs: expected shape \(K, ...\)"):
        VampPrior(encode, torch.zeros(3))
    with pytest.raises(ValueError, match="logvar: expected the shape of mean"):
        MixturePrior(torch.zeros(2, 2), torch.zeros(2, 3))
    with pytest.raises(ValueError, match="z: expected a last axis of 2 numbers"):
        AggregatedPosterior(torch.zeros(4, 2), torch.zeros(4, 2)).log_prob(torch.zeros(5, 3))

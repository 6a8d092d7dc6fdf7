"""log p(x) three ways: closed form of a linear-Gaussian model, a grid, importance weights."""

import math

import numpy as np
import pytest
import torch
from torch import distributions as td
from torch import nn

from course_lib.networks import mlp
from course_lib.variational import (
    VAE,
    elbo,
    evidence_on_grid,
    fit_posteriors,
    fit_vae,
    importance_weighted_bound,
)

SIGMA = 0.6


class Constant(nn.Module):
    """An encoder that answers N(mean(x), sd²) with a mean linear in x."""

    def __init__(self, weight, logvar):
        super().__init__()
        self.weight, self.logvar = weight, logvar

    def forward(self, x):
        return torch.cat([x @ self.weight.T, self.logvar.expand(*x.shape[:-1], -1)], -1)


def linear_gaussian(scale=1.0):
    """x = W z + b + noise with orthogonal columns of W, so that the exact posterior is diagonal.

    scale = 1 gives the exact posterior; other values widen its standard deviations.
    """
    weight = torch.tensor([[1.5, 0.0], [0.0, 0.7], [0.0, 0.0]], dtype=torch.float64)
    decoder = nn.Linear(2, 3, bias=False).double()
    with torch.no_grad():
        decoder.weight.copy_(weight)
    precision = 1 + (weight**2).sum(0) / SIGMA**2
    encoder = Constant((weight / SIGMA**2 / precision).T, -precision.log() + 2 * math.log(scale))
    vae = VAE(encoder, decoder, 2, likelihood="gaussian", sigma=SIGMA).double()
    evidence = td.MultivariateNormal(
        torch.zeros(3).double(), weight @ weight.T + SIGMA**2 * torch.eye(3).double()
    )
    return vae, evidence


def points(n=6):
    return torch.randn(n, 3, generator=torch.Generator().manual_seed(4), dtype=torch.float64)


def gap(scale):
    """KL(N(m, (scale s)²) ‖ N(m, s²)) of two dimensions."""
    return scale**2 - 1 - 2 * math.log(scale)


def test_the_exact_posterior_makes_every_weight_equal_to_the_evidence():
    vae, evidence = linear_gaussian()
    x = points()
    one = importance_weighted_bound(vae, x, 1, generator=torch.Generator().manual_seed(0))
    many = importance_weighted_bound(vae, x, 20, generator=torch.Generator().manual_seed(0))
    # sigma is stored in single precision.
    assert torch.allclose(one.value, evidence.log_prob(x), atol=1e-5)
    assert torch.allclose(many.value, evidence.log_prob(x), atol=1e-5)
    assert many.error.max() < 1e-6


@pytest.mark.parametrize("scale", [0.5, 1.5])
def test_the_grid_gives_evidence_and_gap_of_the_linear_gaussian_model(scale):
    vae, evidence = linear_gaussian(scale)
    x = points()
    result = evidence_on_grid(vae, x, points=400)
    assert torch.allclose(result.log_evidence, evidence.log_prob(x), atol=1e-5)
    assert torch.allclose(result.posterior_kl, torch.full((6,), gap(scale), dtype=torch.float64), atol=1e-5)
    # The posterior's mode is its mean; the grid knows it to half its spacing of 0.03.
    assert (result.mode - vae.encode(x)[0]).abs().max() < 0.016


@pytest.mark.parametrize("scale", [0.7, 1.3])
def test_evidence_minus_elbo_is_the_gap(scale):
    vae, evidence = linear_gaussian(scale)
    x = points()
    bound = elbo(vae, x, samples=50_000, generator=torch.Generator().manual_seed(0)).value
    # 50,000 draws of a term that spreads by about 2 nats: four standard errors are 0.04.
    assert torch.allclose(
        evidence.log_prob(x) - bound, torch.full((6,), gap(scale), dtype=torch.float64), atol=0.04
    )


def test_the_bound_rises_with_the_number_of_samples_and_stays_below_on_average():
    vae, evidence = linear_gaussian(1.5)
    x = points(200)
    truth = evidence.log_prob(x).mean()
    g = torch.Generator().manual_seed(0)
    values = [
        torch.stack(
            [importance_weighted_bound(vae, x, k, generator=g).value.mean() for _ in range(20)]
        ).mean()
        for k in (1, 3, 10, 100)
    ]
    assert values == sorted(values)
    assert truth - values[0] == pytest.approx(gap(1.5), abs=0.05)
    assert -0.005 < truth - values[-1] < 0.05


def test_the_stated_error_is_the_spread_of_repeats():
    vae, _ = linear_gaussian(1.3)
    x = points(3)
    runs = [
        importance_weighted_bound(vae, x, 200, generator=torch.Generator().manual_seed(s)) for s in range(300)
    ]
    spread = torch.stack([run.value for run in runs]).std(0)
    stated = torch.stack([run.error for run in runs]).mean(0)
    # A spread from 300 runs is known to 4 %; the delta method is first order in 1/200.
    assert torch.allclose(stated, spread, rtol=0.2)


def test_chunks_change_nothing(monkeypatch):
    from course_lib.variational import evidence

    vae, _ = linear_gaussian(1.3)
    x = points()
    whole = importance_weighted_bound(vae, x, 64, generator=torch.Generator().manual_seed(0))
    monkeypatch.setattr(evidence, "_DECODED_AT_ONCE", 6 * 8)
    parts = importance_weighted_bound(vae, x, 64, generator=torch.Generator().manual_seed(0))
    # The same generator gives the same stream of noise in pieces of eight draws.
    assert torch.allclose(whole.value, parts.value) and torch.allclose(whole.error, parts.error)


def test_the_bernoulli_table_agrees_with_one_by_one():
    vae = VAE(mlp((6, 8, 4), seed=1), mlp((2, 8, 6), seed=2), 2).double()
    x = (torch.rand(4, 6, generator=torch.Generator().manual_seed(0)) > 0.5).double()
    result = evidence_on_grid(vae, x, points=300)
    bound = elbo(vae, x, samples=40_000, generator=torch.Generator().manual_seed(1)).value.detach()
    # ELBO by draws, its gap by quadrature: the sum is log p(x). Four standard errors of 40,000 draws: 0.03.
    assert torch.allclose(bound + result.posterior_kl, result.log_evidence, atol=0.03)
    bound = importance_weighted_bound(vae, x, 40_000, generator=torch.Generator().manual_seed(2))
    assert ((bound.value - result.log_evidence).abs() < 5 * bound.error + 1e-4).all()


def test_other_posteriors_can_take_the_encoders_place():
    vae, _ = linear_gaussian(1.5)
    x = points()
    exact = linear_gaussian(1.0)[0].encode(x)
    assert evidence_on_grid(vae, x, points=400, posteriors=exact).posterior_kl.abs().max() < 1e-5


def test_a_prior_may_end_where_the_posterior_has_no_mass():
    class Square:
        def log_prob(self, z):
            return torch.where(z.abs().amax(-1) < 5, -math.log(100.0), -math.inf)

    vae, _ = linear_gaussian()
    x = 0.3 * points(3)
    precision = torch.tensor([1.5, 0.7], dtype=torch.float64).square() / SIGMA**2  # of the likelihood alone
    centre = x[:, :2] / torch.tensor([1.5, 0.7], dtype=torch.float64)
    mean, logvar = centre + 0.1, torch.full((3, 2), 2 * math.log(0.1), dtype=torch.float64)
    result = evidence_on_grid(vae, x, points=600, prior=Square(), posteriors=(mean, logvar))
    q, p = td.Normal(mean, 0.1), td.Normal(centre, precision.rsqrt())
    # The second one is cut off at 5, where its wider coordinate has 1e-7 of its mass.
    torch.testing.assert_close(result.posterior_kl, td.kl_divergence(q, p).sum(-1), rtol=0, atol=1e-4)


def test_a_small_sigma_costs_no_digits():
    # Squared distances of 1e-6 between numbers of size 300, divided by a variance of 1e-6: a product in single
    # precision would be off by 1e4 nats.
    vae, _ = linear_gaussian()
    with torch.no_grad():
        vae.decoder.weight.mul_(1e-3)
        vae.log_sigma.fill_(math.log(1e-3))
    vae.decoder.bias = nn.Parameter(torch.full((3,), 300.0))
    vae = vae.float()
    x = 300 + 1e-3 * points().float()
    mean = torch.zeros(6, 2)
    result = evidence_on_grid(vae, x, posteriors=(mean, mean))
    weight = vae.decoder.weight.detach().double()
    cov = weight @ weight.T + vae.log_sigma.double().exp().square() * torch.eye(3).double()
    exact = td.MultivariateNormal(torch.full((3,), 300.0).double(), cov).log_prob(x.double())
    # Pixels and the decoder's outputs are rounded to 3e-5 there, 0.03 of a sigma.
    assert torch.allclose(result.log_evidence.double(), exact, atol=0.3)


NOT_IMAGES = [
    (torch.tensor([[0.0, 255.0, 3.0]]), "x: expected numbers from 0 to 1, .*Bernoulli.*got 255"),
    (torch.tensor([[0.5, -0.01, 1.0]]), "x: expected numbers from 0 to 1, .*got -0.01"),
    (torch.tensor([[0.5, math.nan, 1.0]]), "x: expected numbers, got 1 NaN"),
    (torch.tensor([[0.5, math.inf, 1.0]]), "x: expected finite numbers, got 1 infinite"),
    ("pixels", "x: expected numbers, got 'pixels'"),
    (torch.zeros(2, 5), "x: expected what the encoder takes"),
]


@pytest.mark.parametrize(("x", "sentence"), NOT_IMAGES)
@pytest.mark.parametrize(
    "function",
    [
        elbo,
        lambda vae, x: importance_weighted_bound(vae, x, 3),
        lambda vae, x: evidence_on_grid(vae, x, points=20),
        lambda vae, x: fit_posteriors(vae, x, 1),
        lambda vae, x: fit_vae(vae, x, 1, progress=False),
    ],
    ids=["elbo", "importance_weighted_bound", "evidence_on_grid", "fit_posteriors", "fit_vae"],
)
def test_what_is_no_image_for_a_bernoulli_decoder_is_named_before_anything_is_computed(function, x, sentence):
    vae = VAE(mlp((3, 4), seed=1), mlp((2, 3), seed=2), 2)
    before = [p.clone() for p in vae.parameters()]
    with pytest.raises(ValueError, match=sentence):
        function(vae, x)
    assert all(torch.equal(a, b) for a, b in zip(before, vae.parameters(), strict=True))


def test_a_bernoulli_likelihood_names_pixels_a_gaussian_takes_any_and_rounding_is_forgiven():
    bernoulli, gaussian = (
        VAE(mlp((3, 4), seed=1), mlp((2, 3), seed=2), 2, likelihood=kind)
        for kind in ("bernoulli", "gaussian")
    )
    x, z = torch.full((1, 3), 255.0), torch.zeros(1, 2)
    with pytest.raises(ValueError, match="x: expected numbers from 0 to 1"):
        bernoulli.log_likelihood(x, z)
    assert gaussian.log_likelihood(x, z).isfinite().all()
    assert elbo(bernoulli, torch.full((1, 3), 1 + 1e-7)).value.isfinite().all()


def test_lists_arrays_doubles_and_whole_numbers_are_images():
    vae = VAE(mlp((3, 4), seed=1), mlp((2, 3), seed=2), 2)
    rows = [[0, 1, 1], [1, 0, 0]]
    expected = elbo(vae, torch.tensor(rows, dtype=torch.float32), generator=torch.Generator().manual_seed(0))
    for x in (rows, np.array(rows), torch.tensor(rows), torch.tensor(rows, dtype=torch.float64)):
        value = elbo(vae, x, generator=torch.Generator().manual_seed(0))
        assert torch.equal(value.value, expected.value)
        bound = importance_weighted_bound(vae, x, 4).value
        assert bound.shape == (2,)


def test_one_sample_has_no_error_and_bad_arguments_are_refused():
    vae, _ = linear_gaussian()
    assert importance_weighted_bound(vae, points(), 1).error.isnan().all()
    with pytest.raises(ValueError, match="samples: expected a positive integer, got 0"):
        importance_weighted_bound(vae, points(), 0)
    with pytest.raises(ValueError, match=r"x: expected shape \(n, D\)"):
        importance_weighted_bound(vae, torch.zeros(3), 5)
    with pytest.raises(ValueError, match="vae: expected a latent space of 2 dimensions, got 1"):
        evidence_on_grid(VAE(nn.Linear(3, 2), nn.Linear(1, 3), 1), points())

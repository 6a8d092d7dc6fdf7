"""log p(x) three ways: closed form of a linear-Gaussian model, a grid, importance weights."""

import math

import pytest
import torch
from torch import distributions as td
from torch import nn

from course_lib.networks import mlp
from course_lib.variational import VAE, elbo, evidence_on_grid, importance_weighted_bound

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


def test_one_sample_has_no_error_and_bad_arguments_are_refused():
    vae, _ = linear_gaussian()
    assert importance_weighted_bound(vae, points(), 1).error.isnan().all()
    with pytest.raises(ValueError, match="samples: expected a positive whole number, got 0"):
        importance_weighted_bound(vae, points(), 0)
    with pytest.raises(ValueError, match=r"x: expected shape \(n, D\)"):
        importance_weighted_bound(vae, torch.zeros(3), 5)
    with pytest.raises(ValueError, match="vae: expected a latent space of 2 dimensions, got 1"):
        evidence_on_grid(VAE(nn.Linear(3, 2), nn.Linear(1, 3), 1), points())

"""The toy laws: what is drawn is what the density says, and modes are counted rightly."""

import math

import pytest
import torch

from course_lib.data.toy import ring, segment, spiral, two_blobs
from course_lib.divergences import divergence

EVERY = [
    two_blobs(),
    ring(),
    spiral(arms=2),
    segment(0.5),
    segment(0.5, noise=0.1),
]


@pytest.mark.parametrize("toy", EVERY, ids=lambda toy: toy.name)
def test_draws_have_their_shape_and_repeat(toy):
    first, again = (toy.sample(100, torch.Generator().manual_seed(3)) for _ in range(2))
    assert first.shape == (100, 2)
    assert first.dtype == torch.float64
    assert torch.equal(first, again)
    assert toy.sample((3, 4)).shape == (3, 4, 2)
    assert toy.sample().shape == (2,)
    assert toy.sample(0).shape == (0, 2)
    state = torch.get_rng_state()
    toy.sample(5, torch.Generator().manual_seed(0))
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize("toy", EVERY[:2], ids=lambda toy: toy.name)
def test_draws_follow_the_density(toy):
    x = toy.sample(20_000, torch.Generator().manual_seed(0))
    law = toy.distribution
    # Four standard errors of each moment.
    assert torch.allclose(x.mean(0), law.mean, atol=4 * law.stddev.max().item() / 141)
    assert torch.allclose(x.var(0), law.variance, rtol=0.06)
    logs = toy.log_prob(x)
    fresh = law.log_prob(law.sample((20_000,)))
    assert logs.mean().item() == pytest.approx(
        fresh.mean().item(), abs=4 * math.sqrt(2) * logs.std().item() / 141
    )


def test_the_density_of_a_ring_is_known_to_the_quadrature():
    # Far apart modes: the entropy of the mixture is that of one mode plus log 8, so KL to N(0, s^2) is known.
    toy, wide = (
        ring(8, 2.0, 0.1),
        torch.distributions.MultivariateNormal(torch.zeros(2).double(), 4 * torch.eye(2).double()),
    )
    entropy = math.log(8) + math.log(2 * math.pi * math.e * 0.01)
    exact = -entropy + math.log(2 * math.pi * 4) + (4 + 2 * 0.01) / 8
    # At the middle between two modes, 7.6 standard deviations away, they share e^-29 of their mass.
    assert divergence(toy.distribution, wide, "kl").item() == pytest.approx(exact, rel=1e-7)


def test_curves_lie_where_they_should():
    arm = spiral(1.5, 1, 0.0).sample(500)
    radius = arm.norm(dim=1)
    assert radius.max() <= 2
    assert torch.allclose(arm[:, 0], radius * torch.cos(1.5 * math.pi * radius))
    line = segment(-0.7).sample(500)
    assert (line[:, 0] == -0.7).all()
    assert 0 <= line[:, 1].min() < 0.05
    assert 0.95 < line[:, 1].max() <= 1


def test_weights_of_the_blobs():
    left = (
        (two_blobs(6.0, 0.5, 0.2).sample(10_000, torch.Generator().manual_seed(0))[:, 0] < 0).double().mean()
    )
    assert left.item() == pytest.approx(0.2, abs=4 * 0.4 / 100)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: ring(0), r"modes: .*got 0"),
        (lambda: ring(8, std=-1.0), r"std: .*got -1"),
        (lambda: two_blobs(weight=1.5), r"weight: .*got 1.5"),
        (lambda: spiral(noise=float("nan")), r"noise: .*got nan"),
        (lambda: segment(math.inf), r"theta: .*got inf"),
        (lambda: segment(0.0).log_prob(torch.zeros(2)), r"segment: .*density"),
        (lambda: ring().sample(-1), r"shape: .*-1"),
        (lambda: ring().sample("many"), r"shape: .*'many'"),
    ],
)
def test_bad_input_is_named(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()

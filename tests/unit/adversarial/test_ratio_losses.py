"""The losses for a density ratio against the f-divergences that they bound, and where exponentials would overflow."""

import math

import pytest
import torch
from torch.distributions import Normal
from torch.nn.functional import binary_cross_entropy_with_logits

from course_lib.adversarial import ADVERSARIAL_LOSSES, RATIO_LOSSES, RatioLoss
from course_lib.divergences import F_DIVERGENCES, divergence

KINDS = [name[2:] for name in RATIO_LOSSES if name.startswith("f:")]
GRID = torch.linspace(-14, 14, 8001, dtype=torch.float64)
P, Q = Normal(0.0, 1.0), Normal(0.5, 0.9)


def exact(loss, log_r):
    """E_q price - E_p gain by the trapezoidal rule."""
    p, q = P.log_prob(GRID).exp(), Q.log_prob(GRID).exp()
    return torch.trapezoid(q * loss.price(log_r) - p * loss.gain(log_r), GRID).item()


def test_every_divergence_has_its_loss():
    assert set(KINDS) == set(F_DIVERGENCES) and len(RATIO_LOSSES) == len(KINDS) + 2


@pytest.mark.parametrize("kind", KINDS)
def test_gain_and_price_are_those_of_the_row(kind):
    loss, row = RATIO_LOSSES[f"f:{kind}"], F_DIVERGENCES[kind]
    log_r = torch.linspace(-3, 3, 25, dtype=torch.float64)
    slope = row.f_prime(log_r.exp())
    assert torch.allclose(loss.gain(log_r), slope, atol=1e-12)
    assert torch.allclose(loss.price(log_r), row.conjugate(slope), atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_the_smallest_loss_is_minus_the_divergence_at_the_true_ratio(kind):
    loss = RATIO_LOSSES[f"f:{kind}"]
    truth = P.log_prob(GRID) - Q.log_prob(GRID)
    best = exact(loss, truth)
    assert best == pytest.approx(-divergence(P, Q, kind).item(), abs=1e-6)  # the trapezoidal rule's own error
    for other in (truth + 0.1, truth - 0.2 * torch.tanh(GRID), 0 * truth):
        assert exact(loss, other) > best or kind == "total_variation"


def test_three_names_of_one_loss_and_twice_another():
    real, fake = torch.randn(2, 50, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    logistic = RATIO_LOSSES["class_probability"].ratio_loss(real, fake).item()
    labels = [binary_cross_entropy_with_logits(real, torch.ones_like(real))]
    labels += [binary_cross_entropy_with_logits(fake, torch.zeros_like(fake))]
    assert logistic == pytest.approx(sum(labels).item(), rel=1e-12)
    assert logistic == pytest.approx(ADVERSARIAL_LOSSES["minimax"].ratio_loss(real, fake).item(), rel=1e-12)
    assert RATIO_LOSSES["f:gan"].ratio_loss(real, fake).item() == pytest.approx(logistic, rel=1e-12)
    js = RATIO_LOSSES["f:jensen_shannon"].ratio_loss(real, fake).item()
    assert 2 * js == pytest.approx(logistic - math.log(4), rel=1e-10)
    squares, r, s = RATIO_LOSSES["least_squares"].ratio_loss(real, fake).item(), real.exp(), fake.exp()
    assert squares == pytest.approx((s.square().mean() / 2 - r.mean()).item(), rel=1e-12)
    assert RATIO_LOSSES["f:pearson_chi2"].ratio_loss(real, fake).item() == pytest.approx(2 * squares + 1)


@pytest.mark.parametrize("name", RATIO_LOSSES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("size", [50.0, 1000.0])
def test_a_confident_network_gets_finite_losses_and_gradients(name, dtype, size):
    log_r = torch.tensor([-size, size], dtype=dtype, requires_grad=True)
    value = RATIO_LOSSES[name].ratio_loss(log_r, log_r)
    value.backward()
    assert value.isfinite() and log_r.grad.isfinite().all() and log_r.grad.square().isfinite().all()


def test_exponentials_are_exact_below_their_bend_and_convex_across_it():
    log_r = torch.tensor([-100.0, 0.0, 41.0], dtype=torch.float32)
    assert torch.equal(RATIO_LOSSES["f:kl"].price(log_r), log_r.exp())
    line = torch.linspace(340, 360, 101, dtype=torch.float64)
    price = RATIO_LOSSES["f:kl"].price(line)
    assert bool((price.diff().diff() >= -1e-12 * price.max()).all())


def test_a_loss_of_ones_own_and_what_is_refused():
    own = RatioLoss("squares of logs", lambda l: l, lambda l: l.square())
    assert own.ratio_loss([1.0], [2.0]).item() == 3.0
    for real, fake, name in (
        ([math.nan], [0.0], "log_r_real"),
        ([0.0], [], "log_r_fake"),
        ("a", [0.0], "log_r_real"),
    ):
        with pytest.raises(ValueError, match=name):
            own.ratio_loss(real, fake)

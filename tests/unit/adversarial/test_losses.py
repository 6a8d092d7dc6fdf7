import math

import pytest
import torch
from torch.nn.functional import logsigmoid

from course_lib.adversarial import ADVERSARIAL_LOSSES, AdversarialLoss, game_value
from course_lib.divergences.family import F_DIVERGENCES

SCORES = torch.linspace(-6, 6, 25, dtype=torch.float64)


def gradient(function, *scores):
    scores = [s.clone().requires_grad_(True) for s in scores]
    return torch.autograd.grad(function(*scores), scores)


def test_one_pair_for_each_f_divergence_and_the_three_of_the_lectures():
    expected = {"minimax", "non_saturating", "wgan"} | {f"f_gan:{kind}" for kind in F_DIVERGENCES}
    assert set(ADVERSARIAL_LOSSES) == expected
    assert all(isinstance(loss, AdversarialLoss) for loss in ADVERSARIAL_LOSSES.values())


def test_minimax_is_minus_the_value_written_with_probabilities():
    real, fake = SCORES, SCORES.flip(0) * 0.7
    d_real, d_fake = torch.sigmoid(real), torch.sigmoid(fake)
    value = d_real.log().mean() + (1 - d_fake).log().mean()
    loss = ADVERSARIAL_LOSSES["minimax"]
    assert torch.allclose(loss.ratio_loss(real, fake), -value)
    assert torch.allclose(game_value(real, fake), value)
    assert torch.allclose(loss.generative_loss(fake), (1 - d_fake).log().mean())


def test_minimax_generator_descends_exactly_the_value():
    (of_loss,) = gradient(ADVERSARIAL_LOSSES["minimax"].generative_loss, SCORES)
    (of_value,) = gradient(lambda fake: game_value(torch.zeros(1, dtype=torch.float64), fake), SCORES)
    assert torch.allclose(of_loss, of_value)


def test_the_gradients_at_one_logit_are_minus_sigma_and_sigma_minus_one():
    sigma = torch.sigmoid(SCORES)
    (saturating,) = gradient(ADVERSARIAL_LOSSES["minimax"].generative_loss, SCORES)
    (strong,) = gradient(ADVERSARIAL_LOSSES["non_saturating"].generative_loss, SCORES)
    assert torch.allclose(saturating * len(SCORES), -sigma)
    assert torch.allclose(strong * len(SCORES), sigma - 1)


def test_non_saturating_loss_is_minus_log_d():
    loss = ADVERSARIAL_LOSSES["non_saturating"].generative_loss(SCORES)
    assert torch.allclose(loss, -logsigmoid(SCORES).mean())


@pytest.mark.parametrize("name", sorted(ADVERSARIAL_LOSSES))
def test_the_discriminator_wants_real_up_and_fake_down_and_the_generator_wants_fake_up(name):
    loss = ADVERSARIAL_LOSSES[name]
    v = torch.linspace(-1.9, 1.9, 13, dtype=torch.float64)  # Pearson's conjugate is flat below -2
    real, fake = gradient(loss.ratio_loss, v, v)
    (generated,) = gradient(loss.generative_loss, v)
    assert (real < 0).all() and (fake > 0).all() and (generated < 0).all()


@pytest.mark.parametrize("name", sorted(ADVERSARIAL_LOSSES))
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("size", [40.0, 200.0, 10_000.0])
def test_losses_and_gradients_stay_finite_for_very_sure_discriminators(name, dtype, size):
    loss, scores = ADVERSARIAL_LOSSES[name], torch.tensor([-size, size], dtype=dtype)
    values = [loss.ratio_loss(scores, scores), loss.generative_loss(scores)]
    gradients = [*gradient(loss.ratio_loss, scores, scores), *gradient(loss.generative_loss, scores)]
    assert all(torch.isfinite(x).all() for x in [*values, *gradients])


@pytest.mark.parametrize("name", ["minimax", "non_saturating", "f_gan:gan"])
def test_a_sure_discriminator_has_the_exact_limit(name):
    scores = torch.tensor([10_000.0])
    # softplus(10000) is 10000 to every digit of float32
    assert ADVERSARIAL_LOSSES[name].ratio_loss(-scores, scores).item() == 20_000.0
    assert ADVERSARIAL_LOSSES[name].ratio_loss(scores, -scores).item() == 0.0


@pytest.mark.parametrize("kind", sorted(F_DIVERGENCES))
def test_f_gan_is_the_variational_bound_of_its_row(kind):
    row, loss = F_DIVERGENCES[kind], ADVERSARIAL_LOSSES[f"f_gan:{kind}"]
    real, fake = SCORES, 0.5 * SCORES - 1
    bound = row.output_activation(real).mean() - row.conjugate(row.output_activation(fake)).mean()
    # 1e-8: the composed row subtracts numbers that the activation has rounded
    assert torch.allclose(loss.ratio_loss(real, fake), -bound, rtol=1e-8, atol=1e-10)
    conjugate = row.conjugate(row.output_activation(fake)).mean()
    assert torch.allclose(loss.generative_loss(fake), -conjugate, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("kind", sorted(set(F_DIVERGENCES) - {"total_variation"}))
def test_the_best_critic_turns_the_ratio_loss_into_minus_the_divergence(kind):
    p = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64)
    q = torch.tensor([0.2, 0.2, 0.6], dtype=torch.float64)
    row, loss = F_DIVERGENCES[kind], ADVERSARIAL_LOSSES[f"f_gan:{kind}"]
    v = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    rule = torch.optim.LBFGS([v], lr=0.5, max_iter=500, tolerance_grad=1e-12, tolerance_change=1e-14)

    def objective():
        # Expectations over three atoms: each atom's score weighed by its probability.
        rule.zero_grad()
        total = sum(
            p[i] * loss.ratio_loss(v[i : i + 1], v[i : i + 1])
            + (p[i] - q[i]) * loss.generative_loss(v[i : i + 1])
            for i in range(3)
        )
        total.backward()
        return total

    best = rule.step(objective)
    exact = (q * row.f(p / q)).sum()
    assert math.isclose(-objective().item(), exact.item(), rel_tol=1e-6), (best, exact)


def test_the_gan_row_is_the_minimax_game():
    one, other = ADVERSARIAL_LOSSES["f_gan:gan"], ADVERSARIAL_LOSSES["minimax"]
    assert torch.allclose(one.ratio_loss(SCORES, -SCORES), other.ratio_loss(SCORES, -SCORES))
    assert torch.allclose(one.generative_loss(SCORES), other.generative_loss(SCORES))


def test_wgan_is_the_gap_between_the_means():
    loss = ADVERSARIAL_LOSSES["wgan"]
    assert loss.ratio_loss(torch.tensor([3.0, 5.0]), torch.tensor([1.0])).item() == -3.0
    assert loss.generative_loss(torch.tensor([1.0, 2.0])).item() == -1.5

"""Feature matching against closed forms, and what its value and gradient do when the means agree."""

import pytest
import torch

from course_lib.adversarial import feature_matching_loss


def normal(*shape, seed):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_two_gaussians_with_first_and_second_moments():
    mu, s, n = -0.4, 0.6, 400_000
    x, y = normal(n, seed=0), mu + s * normal(n, seed=1)
    got = feature_matching_loss(torch.stack([x, x**2], 1), torch.stack([y, y**2], 1))
    # Means over 400,000 points are right to 0.0023 and 0.0027 (one standard error); the distances are 0.4 and 0.48.
    assert float(got) == pytest.approx(mu**2 + (mu**2 + s**2 - 1) ** 2, abs=0.015)


def test_the_excess_of_small_minibatches_is_that_of_the_two_variances():
    x, y = normal(20_000, 4, 3, seed=2), 2 * normal(20_000, 5, 3, seed=3) + 1
    losses = torch.func.vmap(lambda a, b: (a.mean(0) - b.mean(0)).square().sum())(x, y)
    ours = torch.stack([feature_matching_loss(a, b) for a, b in zip(x[:50], y[:50], strict=True)])
    torch.testing.assert_close(ours, losses[:50], rtol=1e-12, atol=0)
    # 3 (1 + 1/4 + 4/5); the losses' standard deviation is about 4.5, so the mean's is 0.03
    assert float(losses.mean()) == pytest.approx(3 * (1 + 1 / 4 + 4 / 5), abs=0.15)


def test_its_gradient_moves_all_points_of_a_kind_alike():
    real, fake = normal(6, 2, 4, seed=4).requires_grad_(), normal(3, 2, 4, seed=5).requires_grad_()
    on_real, on_fake = torch.autograd.grad(feature_matching_loss(real, fake), (real, fake))
    difference = (fake.mean(0) - real.mean(0)).detach()
    torch.testing.assert_close(on_fake, (2 / 3 * difference).expand(3, 2, 4), rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(on_real, (-2 / 6 * difference).expand(6, 2, 4), rtol=1e-12, atol=1e-14)


def test_the_type_of_the_features_stays():
    assert feature_matching_loss(torch.ones(2, 3), torch.zeros(2, 3)).dtype == torch.float32

import math

import pytest
import torch

from course_lib.adversarial import (
    clip_weights,
    gradient_penalty,
    input_gradient,
    lipschitz_estimate,
    zero_centred_penalty,
)
from course_lib.networks import mlp

DIRECTION = torch.tensor([3.0, 4.0], dtype=torch.float64)


def linear(x):
    return x @ DIRECTION[: x.shape[1]]


def points(seed, n=200):
    return torch.randn(n, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def test_a_linear_critic_pays_the_square_of_its_excess_slope():
    assert math.isclose(gradient_penalty(linear, points(0), points(1)).item(), (5 - 1) ** 2)
    assert gradient_penalty(linear, points(0), points(1), target=5.0).item() < 1e-20
    assert math.isclose(zero_centred_penalty(linear, points(0)).item(), 25.0)


def test_a_constant_critic_pays_one():
    assert gradient_penalty(lambda x: torch.zeros(len(x)), points(0), points(1)).item() == 1.0


def test_the_penalty_is_taken_between_the_pair_not_beyond_it():
    # |x|^2 / 2 has gradient x: between 1 and 3 on a line, E (x - 1)^2 over U[1, 3] = 4/3
    real, fake = torch.full((200_000, 1), 1.0).double(), torch.full((200_000, 1), 3.0).double()
    value = gradient_penalty(
        lambda x: x.square().sum(1) / 2, real, fake, generator=torch.Generator().manual_seed(0)
    )
    assert math.isclose(value.item(), 4 / 3, rel_tol=0.01)  # Monte Carlo with 2e5 draws: about 0.3 %


def test_each_pair_gets_one_position_so_that_points_stay_on_its_line():
    seen = []

    def critic(x):
        seen.append(x.detach())
        return x.sum(1)

    real, fake = torch.zeros(50, 3), torch.ones(50, 3)
    gradient_penalty(critic, real, fake)
    assert torch.equal(seen[0][:, 0], seen[0][:, 1]) and seen[0][:, 0].std() > 0.1


def between(critic, real, fake):
    return gradient_penalty(critic, real, fake, generator=torch.Generator().manual_seed(0))


def at_real(critic, real, fake):
    return zero_centred_penalty(critic, real)


@pytest.mark.parametrize("penalty", [between, at_real])
def test_the_gradient_with_respect_to_the_weights_matches_finite_differences(penalty):
    critic = mlp((2, 5, 1), "tanh", seed=0, dtype=torch.float64)
    real, fake = points(0, 20), points(1, 20)
    weight = critic[0].weight
    penalty(critic, real, fake).backward()
    step = 1e-5
    with torch.no_grad():
        weight[1, 0] += step
        up = penalty(critic, real, fake).item()
        weight[1, 0] -= 2 * step
        down = penalty(critic, real, fake).item()
    assert math.isclose(weight.grad[1, 0].item(), (up - down) / (2 * step), rel_tol=1e-5)


def test_the_penalty_leaves_the_points_without_gradients():
    real = points(0).requires_grad_(True)
    zero_centred_penalty(linear, real)
    assert real.grad is None


def test_points_of_images_count_as_one_vector_each():
    def critic(x):
        return x.flatten(1).sum(1)

    images = torch.randn(5, 1, 4, 4)
    assert math.isclose(zero_centred_penalty(critic, images).item(), 16.0)


def test_clipping_bounds_every_parameter_in_place():
    critic = mlp((2, 16, 1), seed=0)
    kept = critic[0].weight.clone()
    clip_weights(critic, 0.05)
    assert all(p.abs().max() <= 0.05 for p in critic.parameters())
    inside = kept.abs() <= 0.05
    assert torch.equal(critic[0].weight[inside], kept[inside])


def test_the_estimate_is_exact_for_a_linear_critic_and_a_lower_bound_otherwise():
    assert math.isclose(lipschitz_estimate(linear, points(0)).item(), 5.0)
    sine = lipschitz_estimate(lambda x: torch.sin(3 * x[:, 0]), points(0, 2000)).item()
    assert 2.99 < sine <= 3.0


def test_the_estimate_sees_a_jump_that_no_gradient_shows():
    steps = torch.tensor([[0.0], [0.1]])
    assert lipschitz_estimate(lambda x: (x[:, 0] > 0.05).float(), steps).item() == pytest.approx(10.0)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="real, fake: expected the same shape"):
        gradient_penalty(linear, points(0), points(1, 3))
    with pytest.raises(ValueError, match="critic: expected one score"):
        input_gradient(lambda x: x, points(0))
    with pytest.raises(ValueError, match="bound: expected a positive"):
        clip_weights(mlp((1, 1)), 0)

"""The fast critic step is the textbook's step: the same loss, the same gradients, the same weights afterwards."""

import copy

import pytest
import torch
from torch import nn

from course_lib.adversarial import gradient_penalty
from course_lib.networks import mlp
from tests.benchmarks.critic_loop import CriticLoop, critic_gradients, critic_loss


def critics(dtype=torch.float64):
    return {
        "3 x 128, leaky ReLU": mlp((2, 128, 128, 128, 1), "leaky_relu", seed=1, dtype=dtype),
        "2 x 16, ReLU": mlp((3, 16, 16, 1), "relu", seed=2, dtype=dtype),
        "a plane": mlp((4, 1), seed=3, dtype=dtype),
        "two kinds": nn.Sequential(
            nn.Linear(2, 9), nn.ReLU(), nn.Linear(9, 7), nn.LeakyReLU(0.5), nn.Linear(7, 1)
        ).to(dtype),
    }


BY_HAND = tuple(critics())


def batch(d, n=40, seed=0, dtype=torch.float64):
    random = torch.Generator().manual_seed(seed)
    real, fake = (torch.randn(n, d, generator=random, dtype=dtype) for _ in range(2))
    return real, fake + 1, torch.rand(n, 1, generator=random, dtype=dtype)


def textbook(critic, real, fake, position, gp):
    """Gulrajani et al. 2017, algorithm 1, line by line."""
    points = ((1 - position) * real + position * fake).requires_grad_(True)
    (slope,) = torch.autograd.grad(critic(points).sum(), points, create_graph=True)
    norms = slope.square().sum(1).sqrt()
    return critic(fake).mean() - critic(real).mean() + gp * ((norms - 1) ** 2).mean()


@pytest.mark.parametrize("name", BY_HAND)
@pytest.mark.parametrize("gp", [0.0, 10.0])
def test_gradients_by_hand_are_those_of_automatic_differentiation(name, gp):
    torch.manual_seed(0)
    critic = critics()[name]
    real, fake, position = batch(critic[0].in_features)
    expected = textbook(critic, real, fake, position, gp)
    slopes = torch.autograd.grad(
        expected, list(critic.parameters()), allow_unused=True, materialize_grads=True
    )
    loss, gradients = critic_gradients(critic, real, fake, position, gp)
    # 1e-12 and 1e-10: float64 rounding in sums of at most 128 products and 120 points.
    assert loss.item() == pytest.approx(expected.item(), rel=1e-12)
    for by_hand, parameter, slope in zip(gradients, critic.parameters(), slopes, strict=True):
        assert by_hand.shape == parameter.shape
        torch.testing.assert_close(by_hand, slope, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("activation", ["leaky_relu", "tanh", "silu"])
def test_the_loss_in_one_pass_is_the_textbooks(activation):
    critic = mlp((2, 16, 16, 1), activation, seed=4, dtype=torch.float64)
    drawn = batch(2)
    loss, expected = critic_loss(critic, *drawn, 10.0), textbook(critic, *drawn, 10.0)
    parameters = list(critic.parameters())
    # The last bias shifts all scores alike: it has the slope zero.
    slopes = torch.autograd.grad(loss, parameters, allow_unused=True, materialize_grads=True)
    wanted = torch.autograd.grad(expected, parameters, allow_unused=True, materialize_grads=True)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-12)
    torch.testing.assert_close(slopes, wanted, rtol=1e-10, atol=1e-12)


def test_a_critic_with_batch_statistics_scores_real_and_fake_points_apart():
    torch.manual_seed(0)
    critic = nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 1)).double()
    drawn = batch(2)
    assert critic_loss(critic, *drawn, 0.0).item() == pytest.approx(
        textbook(critic, *drawn, 0.0).item(), rel=1e-12
    )


def test_the_penalty_is_that_of_the_course():
    critic = mlp((2, 16, 16, 1), seed=5, dtype=torch.float64)
    real, fake, _ = batch(2)
    position = torch.rand(40, 1, generator=torch.Generator().manual_seed(7), dtype=torch.float64)
    penalty = gradient_penalty(critic, real, fake, generator=torch.Generator().manual_seed(7))
    with_penalty, _ = critic_gradients(critic, real, fake, position, 10.0)
    without, _ = critic_gradients(critic, real, fake, position, 0.0)
    assert (with_penalty - without).item() == pytest.approx(10 * penalty.item(), rel=1e-10)


@pytest.mark.parametrize(("activation", "by_hand"), [("leaky_relu", True), ("tanh", False)])
def test_steps_with_the_same_draws_lead_to_the_same_weights(activation, by_hand):
    # In float64, since Adam's first steps hang on the signs of gradients, however small these are.
    data = torch.randn(300, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    generator = mlp((2, 16, 2), seed=0, dtype=torch.float64)
    critic = mlp((2, 32, 32, 32, 1), activation, seed=1, dtype=torch.float64)
    plain = copy.deepcopy(critic)
    loop = CriticLoop(generator, critic, data, noise_size=2, batch_size=64, seed=3)
    twin = CriticLoop(generator, copy.deepcopy(critic), data, noise_size=2, batch_size=64, seed=3)
    assert loop.by_hand is by_hand
    rule = torch.optim.Adam(plain.parameters(), lr=1e-3, betas=(0.5, 0.9), fused=False)
    for _ in range(5):
        rule.zero_grad()
        loss = textbook(plain, *twin.draw(), 10.0)
        loss.backward()
        rule.step()
        assert loop.step().item() == pytest.approx(loss.item(), rel=1e-9)
        for ours, theirs in zip(critic.parameters(), plain.parameters(), strict=True):
            # 1e-9: rounding, which five steps of Adam of the length 1e-3 each hardly amplify.
            torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-9)


def test_one_step_in_single_precision_is_the_textbooks_to_float_tolerance():
    critic = critics(torch.float32)["3 x 128, leaky ReLU"]
    real, fake, position = batch(2, 256, dtype=torch.float32)
    expected = textbook(critic, real, fake, position, 10.0)
    slopes = torch.autograd.grad(expected, list(critic.parameters()))
    loss, gradients = critic_gradients(critic, real, fake, position, 10.0)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    for by_hand, slope in zip(gradients, slopes, strict=True):
        # 2e-6 of the largest entry: sums of 768 products in float32.
        torch.testing.assert_close(by_hand, slope, rtol=0, atol=2e-6 * (1 + slope.abs().max().item()))


def test_a_run_repeats_and_learns_a_gap():
    def trained(seed):
        data = torch.randn(500, 2, generator=torch.Generator().manual_seed(0)) + 3
        loop = CriticLoop(
            mlp((2, 8, 2), seed=0), mlp((2, 32, 32, 1), "leaky_relu", seed=1), data, noise_size=2, seed=seed
        )
        return loop.run(60)

    losses = trained(0)
    assert losses.shape == (60,)
    assert not losses.requires_grad
    assert torch.equal(losses, trained(0))
    assert not torch.equal(losses, trained(1))
    # The clouds are about 4 apart, and a critic of slope one scores their gap: -4 + 0.
    assert losses[-1] < -2 < losses[0]


def test_draws_come_from_the_data_the_generator_and_the_segment_between():
    data = torch.arange(6.0)[:, None].repeat(1, 2)
    generator = mlp((3, 2), seed=0)
    real, fake, position = CriticLoop(generator, mlp((2, 4, 1)), data, noise_size=3, batch_size=500).draw()
    assert set(real[:, 0].tolist()) == set(range(6))
    assert fake.shape == (500, 2)
    assert not fake.requires_grad
    assert position.shape == (500, 1)
    assert 0 <= position.min() < 0.1
    assert 0.9 < position.max() <= 1


def test_a_critic_that_is_flat_gives_finite_gradients():
    critic = mlp((2, 8, 1), seed=0, dtype=torch.float64)
    with torch.no_grad():
        for parameter in critic.parameters():
            parameter.zero_()
    loss, gradients = critic_gradients(critic, *batch(2), 10.0)
    assert loss.item() == 10
    assert all(gradient.isfinite().all() for gradient in gradients)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda data: critic_gradients(mlp((2, 4, 1), "tanh"), *batch(2)),
            "critic: expected .*got Sequential",
        ),
        (lambda data: critic_gradients(mlp((2, 4, 2)), *batch(2)), "critic: expected .*one output"),
        (
            lambda data: CriticLoop(mlp((2, 2)), mlp((2, 1)), data[0], noise_size=2),
            r"data: .*got shape \(2,\)",
        ),
        (
            lambda data: CriticLoop(mlp((2, 2)), mlp((2, 1)), data, noise_size=2, batch_size=0),
            "batch_size: .*got 0",
        ),
        (
            lambda data: CriticLoop(mlp((2, 2)), mlp((2, 1)), data, noise_size=2, graph=True),
            "graph: expected data on CUDA, got data on cpu",
        ),
    ],
)
def test_bad_input_is_named(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call(torch.zeros(5, 2))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="CUDA graphs need a GPU")
def test_a_recorded_step_draws_anew_and_keeps_to_the_plain_steps():
    data = torch.randn(300, 2, dtype=torch.float64).cuda()
    generator = mlp((2, 16, 2), seed=0, dtype=torch.float64, device="cuda")
    losses = []
    for graph in (False, True):
        critic = mlp((2, 32, 32, 1), "leaky_relu", seed=1, dtype=torch.float64, device="cuda")
        losses.append(CriticLoop(generator, critic, data, noise_size=2, graph=graph).run(20))
    torch.testing.assert_close(losses[0], losses[1], rtol=1e-6, atol=1e-9)
    assert len(losses[1].unique()) == 20

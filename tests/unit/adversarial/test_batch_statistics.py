"""Real and fake points never share the statistics of one batch; looking at a game changes nothing in it."""

import copy
import functools

import pytest
import torch
from torch import nn

from course_lib.adversarial import ADVERSARIAL_LOSSES, AdversarialGame, fit, update_discriminator
from course_lib.adversarial.scoring import has_batch_statistics
from course_lib.networks import mlp

LOSS = ADVERSARIAL_LOSSES["non_saturating"]


def normalised(seed=0, layer=nn.BatchNorm1d):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(2, 8), layer(8), nn.LeakyReLU(0.2), nn.Linear(8, 1)).double()


def minibatches():
    random = torch.Generator().manual_seed(1)
    real = torch.randn(40, 2, generator=random, dtype=torch.float64) + 3
    return real, torch.randn(30, 2, generator=random, dtype=torch.float64)


def by_hand(discriminator, generator, real, noise, joint):
    """The gradients of -log D(x) - log(1 - D(G(z))), with normalisation written out for a batch of our choice."""
    first, norm, _, last = discriminator
    fake = generator(noise).detach()

    def scores(points, batch):
        hidden, whole = first(points), first(batch)
        centred = (hidden - whole.mean(0)) / (whole.var(0, unbiased=False) + norm.eps).sqrt()
        return last(nn.functional.leaky_relu(norm.weight * centred + norm.bias, 0.2))

    both = torch.cat([real, fake])
    on_real, on_fake = (scores(part, both if joint else part) for part in (real, fake))
    loss = -(torch.sigmoid(on_real).log().mean() + (1 - torch.sigmoid(on_fake)).log().mean())
    return loss.detach(), torch.autograd.grad(loss, list(discriminator.parameters()))


def step(discriminator, **options):
    generator = mlp((2, 4, 2), seed=3, dtype=torch.float64)
    real, noise = minibatches()
    # A rate of zero leaves the weights, so that the gradients can be compared.
    rule = torch.optim.SGD(discriminator.parameters(), lr=0.0)
    loss = update_discriminator(generator, discriminator, rule, real, noise, LOSS, **options)
    return loss, [p.grad for p in discriminator.parameters()], generator, real, noise


@pytest.mark.parametrize(
    ("options", "joint"), [({}, False), ({"joint": False}, False), ({"joint": True}, True)]
)
def test_a_normalised_discriminator_sees_one_kind_of_points_at_a_time(options, joint):
    discriminator = normalised()
    loss, gradients, *drawn = step(discriminator, **options)
    expected, slopes = by_hand(discriminator, *drawn, joint=joint)
    other, _ = by_hand(discriminator, *drawn, joint=not joint)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-12)
    torch.testing.assert_close(gradients, list(slopes), rtol=1e-9, atol=1e-12)
    assert abs(loss.item() - other.item()) > 0.1  # the two games differ by much more than rounding


@pytest.mark.parametrize(
    "discriminator",
    [
        mlp((2, 8, 1), "tanh", seed=0, dtype=torch.float64),
        normalised(layer=lambda size: nn.LayerNorm(size)),
        normalised().eval(),
    ],
)
def test_without_statistics_of_the_batch_one_pass_and_two_are_the_same(discriminator):
    assert not has_batch_statistics(discriminator)
    results = [
        step(copy.deepcopy(discriminator), **options)[:2]
        for options in ({}, {"joint": False}, {"joint": True})
    ]
    for loss, gradients in results[1:]:
        torch.testing.assert_close(loss, results[0][0], rtol=1e-12, atol=0)
        torch.testing.assert_close(gradients, results[0][1], rtol=1e-10, atol=1e-13)


class OwnBatchNorm(nn.Module):
    def forward(self, x):
        return (x - x.mean(0)) / x.std(0)


@pytest.mark.parametrize(
    ("network", "found"),
    [
        (nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)), True),
        (nn.Sequential(nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))), True),
        (nn.Sequential(nn.BatchNorm1d(2)).eval(), False),
        (nn.BatchNorm1d(2, track_running_stats=False).eval(), True),
        (nn.SyncBatchNorm(2), True),
        (nn.LazyBatchNorm1d(), True),
        (nn.Sequential(OwnBatchNorm()), True),
        (nn.InstanceNorm2d(2), False),
        (nn.GroupNorm(1, 2), False),
        (mlp((2, 3, 1)), False),
    ],
)
def test_which_networks_have_statistics_of_the_batch(network, found):
    assert has_batch_statistics(network) is found


def game(**settings):
    data, _ = minibatches()
    generator = nn.Sequential(nn.Linear(2, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 2)).double()
    torch.manual_seed(0)
    for parameter in generator.parameters():
        nn.init.normal_(parameter, std=0.5)
    return AdversarialGame(generator, normalised(), data, noise_size=2, batch_size=16, **settings)


def test_a_game_plays_normalised_networks_in_separate_passes():
    plain, apart, together = (
        game(update_d=update)
        for update in (
            update_discriminator,
            functools.partial(update_discriminator, joint=False),
            functools.partial(update_discriminator, joint=True),
        )
    )
    histories = [fit(one, 5, progress=False)["ratio_loss"] for one in (plain, apart, together)]
    assert torch.equal(histories[0], histories[1])
    assert (histories[0] - histories[2]).abs().min() > 1e-3


def test_penalties_at_real_and_at_fake_points_take_separate_passes_too():
    both, nearly = game(r1=0.5, r2=0.5), game(r1=0.5, r2=0.5 + 1e-12)
    one, two = both.discriminator_step()["ratio_loss"], nearly.discriminator_step()["ratio_loss"]
    assert one.item() == pytest.approx(two.item(), rel=1e-9)


def test_looking_leaves_no_trace_and_a_score_does_not_hang_on_its_neighbours():
    one, other = game(seed=1), game(seed=1)
    for _ in range(4):
        one.step()
        one.samples(50), one.scores(one.data)
        other.step()
    for network in ("generator", "discriminator"):
        states = [getattr(g, network).state_dict() for g in (one, other)]
        torch.testing.assert_close(*states, rtol=0, atol=0)  # running means included
        assert all(module.training for module in getattr(one, network).modules())
    torch.testing.assert_close(one.scores(one.data[:3]), one.scores(one.data)[:3], rtol=1e-12, atol=1e-12)

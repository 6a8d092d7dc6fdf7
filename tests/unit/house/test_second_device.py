"""What trains runs on ``get_device()``, and what is looked at comes back to the CPU."""

import pytest
import torch
from torch import nn

from course_lib.adversarial import AdversarialGame, fit
from course_lib.networks import mlp
from course_lib.variational import VAE, MixturePrior, fit_posteriors, fit_prior, fit_vae
from tests.unit.second_device import META, second_device

CPU = torch.device("cpu")
SETTINGS = [
    {},
    {"r1": 0.1, "r2": 0.1},
    {"loss": "wgan", "gp": 10.0},
    {"loss": "wgan", "clip": 0.1},
    {"input_noise": 0.2},
    {"optimizer": "sgd"},
]


def test_the_second_device_refuses_what_a_gpu_refuses():
    with second_device():
        there = torch.zeros(3, device=META)
        with pytest.raises(RuntimeError, match="device"):
            there + torch.zeros(3)
        with pytest.raises(TypeError, match="numpy"):
            there.numpy()
        assert there.cpu().numpy().sum() == there.sum().item() == float(there[0]) == 0


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"r1": 0.1, "r2": 0.1},
        {"loss": "wgan", "gp": 10.0},
        {"loss": "wgan", "clip": 0.1},
        {"input_noise": 0.2},
        {"optimizer": "sgd"},
    ],
)
def test_a_game(settings):
    with second_device():
        game = AdversarialGame(
            mlp((2, 8, 2)), mlp((2, 8, 1)), torch.rand(50, 2).double(), noise_size=2, **settings
        )
        fit(game, 3, progress=False)
        assert {p.device for net in (game.generator, game.discriminator) for p in net.parameters()} == {META}
        assert game.samples(10).device == game.scores(torch.rand(4, 2)).device == CPU
        assert game.history.numpy("value").shape == (3,)
        game.reset()


def test_a_vae_its_prior_and_single_posteriors_come_back():
    x = torch.rand(40, 6).round()
    with second_device():
        vae = VAE(mlp((6, 8, 4), dtype=torch.float32), mlp((2, 8, 6), dtype=torch.float32), 2)
        kept = fit_vae(vae, x, 3, snapshots=[0, 3], progress=False)
        assert (
            {p.device for p in vae.parameters()}
            == {weight.device for _, w in kept for weight in w.values()}
            == {CPU}
        )
        mean, logvar = vae.encode(x)
        assert mean.device == CPU
        prior = fit_prior(MixturePrior(mean[:3].detach(), logvar[:3].detach()), mean, logvar, 3)
        assert {p.device for p in prior.parameters()} == {CPU}
        assert {part.device for part in fit_posteriors(vae, x[:5], 3, samples=2)} == {CPU}


def test_a_forgotten_move_is_found():
    class Left(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer, self.shift = nn.Linear(2, 1), torch.ones(1)  # no buffer: it stays where it is

        def forward(self, x):
            return self.layer(x) + self.shift

    with second_device(), pytest.raises(ValueError, match="not on the expected device"):
        AdversarialGame(mlp((2, 8, 2), dtype=torch.float32), Left(), torch.rand(50, 2), noise_size=2)

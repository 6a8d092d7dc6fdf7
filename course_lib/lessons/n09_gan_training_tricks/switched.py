"""A DCGAN on small images whose tricks are switches: what the lesson trains on the screen and in its runs."""

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from course_lib.adversarial import HistoricalAverage
from course_lib.data.digits import load_digits
from course_lib.device import get_device
from course_lib.networks import conv_discriminator, conv_generator

__all__ = ["BATCH_NORMS", "NOISE", "SwitchedGan"]

NOISE = 16  # numbers of a latent code
#: Where batch normalisation stands, and what it is taken over.
BATCH_NORMS = ("separate batches", "one joint batch", "joint for D only", "also at D's input", "none")


def discriminator_loss(real: Tensor, fake: Tensor, alpha: float) -> Tensor:
    """Cross-entropy from logits; real points have the label 1 - alpha, generated ones 0."""
    return ((1 - alpha) * softplus(-real) + alpha * softplus(real)).mean() + softplus(fake).mean()


def generator_loss(fake: Tensor) -> Tensor:
    """-log D(G(z)) from logits."""
    return softplus(-fake).mean()


def matching_loss(real_features: Tensor, fake_features: Tensor) -> Tensor:
    """Feature matching, without the library's questions, for which a GPU would have to wait at each step."""
    return (real_features.mean(0) - fake_features.mean(0)).square().sum()


@torch.no_grad()
def pooling_discriminator(seed: int) -> nn.Sequential:
    """As DCGAN's for the digits, but each convolution has stride 1 and mean pooling halves its maps."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        single = {"dtype": torch.float32}
        network = nn.Sequential(
            nn.Conv2d(1, 32, 3, 1, 1, bias=False, **single), nn.LeakyReLU(0.2), nn.AvgPool2d(2),
            nn.Conv2d(32, 64, 3, 1, 1, bias=False, **single), nn.BatchNorm2d(64, **single), nn.LeakyReLU(0.2),
            nn.AvgPool2d(2), nn.Flatten(), nn.Linear(256, 1, **single),
        )  # fmt: skip
        for layer in network:
            if isinstance(layer, nn.Linear | nn.Conv2d):
                layer.weight.normal_(0, 0.02)
    return network


class SwitchedGan:
    """A DCGAN that learns step by step. What its networks are made of is read at each reset, all else at each step.

    Args:
        images: shape (n, 1, side, side), values in [-1, 1]; without it, the training digits.
        smoothed_loss: D's loss ``(real scores, fake scores, alpha)``.
        matching: the loss of feature matching ``(real features, fake features)``.
        seed: of the networks, the minibatches and the noise.
        device: where it trains; ``get_device`` decides without it.
        switches: first values of the attributes.

    Attributes:
        batch_norm: one of ``BATCH_NORMS``; a change starts anew.
        feature_matching: the generator matches D's last features and does not look at D's score.
        alpha: the label of real images is 1 - alpha.
        momentum, rate: Adam's beta_1 and learning rate, of both players.
        average: weight of historical averaging in both losses.
        batch: images of each kind in a minibatch.
        std: of the first weights; None is torch's own start.
        pooling: D averages where it would stride.
        widths: feature maps of the generator; the discriminator has them in the other order.
        steps: since the start.
        losses: (D's, G's) at each step, kept on the device.
    """

    batch_norm, feature_matching = "separate batches", False
    alpha, momentum, rate, average = 0.0, 0.5, 1e-3, 0.0
    batch, std, pooling, widths = 64, 0.02, False, (64, 32)

    def __init__(
        self,
        images: Tensor | None = None,
        *,
        smoothed_loss: Callable = discriminator_loss,
        matching: Callable = matching_loss,
        seed: int = 0,
        device: str | None = None,
        **switches,
    ):
        self.device = get_device(device)
        if images is None:
            images = 2 * load_digits().train.reshape(-1, 1, 8, 8) - 1
        self.images = images.to(self.device, torch.float32)
        self.smoothed_loss, self.matching, self.seed = smoothed_loss, matching, seed
        for name, value in switches.items():
            if not hasattr(type(self), name):
                raise ValueError(f"switches: expected those of SwitchedGan, got {name!r}")
            setattr(self, name, value)
        self.reset()

    def reset(self) -> None:
        """Back to the first weights and the first minibatch; the switches stay."""
        shape = tuple(self.images.shape[1:])
        shared = {"batch_norm": self.batch_norm != "none", "std": self.std, "dtype": torch.float32}
        self.generator = conv_generator(NOISE, shape, self.widths, seed=2 * self.seed, **shared)
        if self.pooling:
            self.discriminator = pooling_discriminator(2 * self.seed + 1)
        else:
            self.discriminator = conv_discriminator(
                shape, self.widths[::-1], seed=2 * self.seed + 1, **shared
            )
        if self.batch_norm == "also at D's input":
            self.discriminator.insert(0, nn.BatchNorm2d(shape[0]))
        self._built = self.batch_norm
        self._players = [net.to(self.device, torch.float32) for net in (self.generator, self.discriminator)]
        options = {"lr": self.rate, "betas": (self.momentum, 0.999)}
        self._rules = [torch.optim.Adam(net.parameters(), **options) for net in self._players]
        self._histories = [HistoricalAverage(list(net.parameters())) for net in self._players]
        self._random = torch.Generator().manual_seed(self.seed)
        self.last = torch.zeros(2, device=self.device)
        self.losses: list[Tensor] = []
        self.steps = 0

    def scores(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """D's scores of both minibatches, normalised apart or together."""
        if self.batch_norm.startswith(("one joint", "joint")):
            return self.discriminator(torch.cat([real, fake])).split([len(real), len(fake)])
        return self.discriminator(real), self.discriminator(fake)

    def step(self) -> None:
        """A minibatch and a step of Adam for each player; nothing once a number was not finite."""
        if self.batch_norm != self._built:
            self.reset()
        if not self.is_finite():
            return
        rows = torch.randint(len(self.images), (self.batch,), generator=self._random)
        real = self.images[rows.to(self.device)]
        fake = self.generator(self._noise(self.batch, self._random))
        d_loss = self.smoothed_loss(*self.scores(real, fake.detach()), self.alpha).reshape(())
        self._descend(1, d_loss)
        features = self.discriminator[:-1]
        if self.feature_matching:
            g_loss = self.matching(features(real).detach(), features(fake)).reshape(())
        elif self.batch_norm == "one joint batch":
            g_loss = generator_loss(self.scores(real, fake)[1])
        else:
            g_loss = generator_loss(self.discriminator(fake))
        self._descend(0, g_loss)
        self.last = torch.stack([d_loss.detach(), g_loss.detach()])
        self.losses.append(self.last)
        self.steps += 1

    def _noise(self, n: int, random: torch.Generator) -> Tensor:
        return torch.randn(n, NOISE, generator=random, dtype=torch.float32).to(self.device)

    def _descend(self, player: int, loss: Tensor) -> None:
        rule, history = self._rules[player], self._histories[player]
        for group in rule.param_groups:
            group["lr"], group["betas"] = self.rate, (self.momentum, 0.999)
        if self.average > 0:
            loss = loss + self.average * history.penalty()
        slopes = torch.autograd.grad(loss, history.parameters)
        for parameter, slope in zip(history.parameters, slopes, strict=True):
            parameter.grad = slope
        rule.step()
        if self.average > 0:
            history.update()

    @torch.no_grad()
    def pictures(self, codes: Tensor) -> Tensor:
        """Generated images on the CPU, shape (n, pixels), in [0, 1], from codes of shape (n, 16).

        Batch normalisation takes the statistics of this very batch, as in training.
        """
        generator = copy.deepcopy(self.generator)  # so that the running means of the one that learns stay
        return ((generator(codes.to(self.device, torch.float32)) + 1) / 2).flatten(1).cpu()

    def is_finite(self) -> bool:
        """Whether the last losses are finite numbers (this waits for the device)."""
        return bool(torch.isfinite(self.last).all())

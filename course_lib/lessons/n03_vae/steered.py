"""A small VAE that learns on the screen, by whatever loss it is given."""

from collections.abc import Callable

import torch
from torch import Tensor

from course_lib.data.digits import DigitSplit
from course_lib.device import get_device
from course_lib.lessons.n03_vae.runs import build
from course_lib.variational.diagonal import kl_to_standard_normal

__all__ = ["SteeredVae"]

BATCH, EVERY = 128, 10  # images a step; steps from one look at the held-out digits to the next


class SteeredVae:
    """A VAE with two latent numbers; ``sigma``, ``beta`` and ``rate`` may change between any two steps.

    Args:
        digits: grey digits.
        loss: ``loss(x, mean, logvar, decode, noise, sigma, beta)``, one number to be minimised.
        shown: rows of the held-out digits that the pictures show.

    Attributes:
        steps: since the start or the last reset.
        when: the steps at which the held-out digits were looked at.
        price: their mean KL there, in nats.
        error: the root mean squared error of their mean reconstructions there, in grey levels.
    """

    sigma, beta, rate = 0.2, 1.0, 3e-3

    def __init__(self, digits: DigitSplit, loss: Callable, shown: list[int]):
        self.device = get_device()
        self.images = digits.train.to(self.device, torch.float32)
        self.held = digits.held_out.to(self.device, torch.float32)
        self.loss, self.shown = loss, shown
        self.reset()

    def reset(self) -> None:
        """Back to the first weights and the first minibatch; the settings stay."""
        # The loss has its own sigma, so the model's is not used.
        self.vae = build(2, sigma=1.0).to(self.device, torch.float32)
        self.rule = torch.optim.Adam(self.vae.parameters(), lr=self.rate)
        self.random = torch.Generator().manual_seed(0)
        self.last = torch.zeros((), device=self.device)
        self.when: list[int] = []
        self.price: list[float] = []
        self.error: list[float] = []
        self.steps = 0
        self._seen = self._pictures()

    def step(self) -> None:
        """One minibatch, one draw for each of its images, one step of Adam; nothing once a number was not finite."""
        if not self.is_finite():
            return
        rows = torch.randint(len(self.images), (BATCH,), generator=self.random).to(self.device)
        x = self.images[rows]
        mean, logvar = self._encode(x)
        noise = torch.randn(mean.shape, generator=self.random, dtype=torch.float32).to(self.device)
        try:
            value = self.loss(x, mean, logvar, self.vae.decoder, noise, self.sigma, self.beta)
        except ValueError:
            # A loss that is made of torch.distributions raises where formulas give what is not finite.
            if self._is_in_range(mean, logvar, noise):
                raise
            self.last = torch.full_like(self.last, torch.nan)
            return
        self.rule.param_groups[0]["lr"] = self.rate
        self.rule.zero_grad()
        value.backward()
        self.rule.step()
        self.last, self.steps = value.detach(), self.steps + 1
        if self.steps % EVERY == 1 and self.is_finite():
            self._look()

    def _encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        # The networks themselves: what overflows is no mistake of the caller's here, and ``is_finite`` sees it.
        return self.vae.encoder(x).chunk(2, -1)

    @torch.no_grad()
    def _is_in_range(self, mean: Tensor, logvar: Tensor, noise: Tensor) -> bool:
        std = torch.exp(0.5 * logvar)
        numbers = (mean, std, 1 / std, self.vae.decoder(mean + std * noise))
        return all(bool(torch.isfinite(part).all()) for part in numbers)

    @torch.no_grad()
    def _look(self) -> None:
        mean, logvar = self._encode(self.held)
        self.when.append(self.steps)
        self.price.append(float(kl_to_standard_normal(mean, logvar).mean()))
        self.error.append(float((self.held - self.vae.decoder(mean)).square().mean().sqrt()))

    def pictures(self) -> tuple[Tensor, Tensor]:
        """On the CPU: images, shape (3 n, 64), and the mean codes of all held-out digits, shape (360, 2).

        The images are the n shown digits, their mean reconstructions, and n decoded draws of the prior (always the
        same ones).
        """
        made = self._pictures()
        if all(bool(torch.isfinite(part).all()) for part in made):
            self._seen = made
        return self._seen  # after a divergence: the last that there was to be seen

    @torch.no_grad()
    def _pictures(self) -> tuple[Tensor, Tensor]:
        x = self.held[self.shown]
        noise = torch.randn(len(x), 2, generator=torch.Generator().manual_seed(1), dtype=torch.float32)
        made = [self.vae.decoder(self._encode(x)[0]), self.vae.decoder(noise.to(self.device))]
        return torch.cat([x, *made]).cpu(), self._encode(self.held)[0].cpu()

    def is_finite(self) -> bool:
        """Whether the last loss and all weights are finite numbers (this waits for the device)."""
        return all(bool(torch.isfinite(part).all()) for part in (self.last, *self.vae.parameters()))

"""A small VAE of sprites that learns on the screen, with beta and with a penalty on the covariance of its codes."""

from collections.abc import Callable

import torch
from torch import Tensor

from course_lib.data.sprite_images import Sprites
from course_lib.device import get_device
from course_lib.evaluation import mig
from course_lib.lessons.n06_disentanglement.runs import BATCH, RATE, Stack, bernoulli_loss

__all__ = ["GuidedVae"]

EVERY = 50  # steps from one look at all sprites to the next
REACH = (-2.0, -1.0, 0.0, 1.0, 2.0)  # values of one latent, the others at 0


class GuidedVae:
    """A VAE with six latents; ``beta`` and ``weight`` (of the penalty) may change between any two steps.

    Args:
        data: all sprites.
        penalty: ``penalty(mean, logvar, off, diagonal)``, one number that is added to the loss.

    Attributes:
        steps: since the start or the last reset.
        seen: one row for each look at all sprites: step, reconstruction, KL, off-diagonal square sum of C, MIG.
        covariance: C at the last look, shape (6, 6), on the CPU.
    """

    beta, weight = 1.0, 0.0

    def __init__(self, data: Sprites, penalty: Callable):
        self.device = get_device()
        self.images = data.images.flatten(1).to(self.device, torch.float32)
        self.factors, self.penalty = data.factors, penalty
        self.reset()

    def reset(self) -> None:
        """Back to the first weights and the first minibatch; the settings stay."""
        self.stack = Stack([1])
        self.rule = torch.optim.Adam(self.stack.weights, lr=RATE)
        self.random = torch.Generator().manual_seed(0)
        self.last = torch.zeros((), device=self.device)
        self.steps, self.seen = 0, []
        self._look()

    def step(self) -> None:
        """One minibatch, one draw for each of its images, one step of Adam; nothing once a number was not finite."""
        if not self.is_finite():
            return
        rows = torch.randint(len(self.images), (BATCH,), generator=self.random).to(self.device)
        x = self.images[rows]
        mean, logvar = (part[0] for part in self.stack.encode(x))
        noise = torch.randn(mean.shape, generator=self.random, dtype=torch.float32).to(self.device)
        logits = self.stack.decode((mean + (logvar / 2).exp() * noise)[None])[0]
        reconstruction, kl = bernoulli_loss(logits, x, mean, logvar)
        value = reconstruction + self.beta * kl
        if self.weight > 0:
            value = value + self.penalty(mean, logvar, self.weight, self.weight)
        self.rule.zero_grad()
        value.backward()
        self.rule.step()
        self.last, self.steps = value.detach(), self.steps + 1
        if self.steps % EVERY == 0 and self.is_finite():
            self._look()

    @torch.no_grad()
    def _look(self) -> None:
        mean, logvar = (part[0] for part in self.stack.encode(self.images))
        noise = torch.randn(mean.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float32)
        logits = self.stack.decode((mean + (logvar / 2).exp() * noise.to(self.device))[None])[0]
        reconstruction, kl = bernoulli_loss(logits, self.images, mean, logvar)
        mean, logvar = mean.cpu().double(), logvar.cpu().double()
        centred = mean - mean.mean(0)
        self.covariance = centred.T @ centred / len(mean) + torch.diag(logvar.exp().mean(0))
        off = self.covariance.square().sum() - self.covariance.diagonal().square().sum()
        row = (reconstruction, kl, off, mig(mean, self.factors))
        self.seen.append((self.steps, *(float(part) for part in row)))

    @torch.no_grad()
    def traversals(self) -> Tensor:
        """Decoded codes on the CPU, shape (6, 5, 16, 16): row j moves latent j, the others stay at 0."""
        z = torch.zeros(
            self.stack.latent, len(REACH), self.stack.latent, device=self.device, dtype=torch.float32
        )
        for j in range(self.stack.latent):
            z[j, :, j] = torch.tensor(REACH, device=self.device, dtype=torch.float32)
        return self.stack.decode(z.flatten(0, 1)[None])[0].sigmoid().cpu().view(self.stack.latent, -1, 16, 16)

    def is_finite(self) -> bool:
        """Whether the last loss is a finite number (this waits for the device)."""
        return bool(torch.isfinite(self.last))

"""A flow posterior that learns on the screen, made of whatever coupling it is given."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from course_lib.device import get_device, normal
from course_lib.lessons.n05_flows_in_vaes.targets import TARGETS, plane
from course_lib.networks import mlp

__all__ = ["LiveFlow"]

BATCH, EVERY, PIXELS = 256, 5, 48


class LiveFlow:
    """q(z|x), the distribution of couplings applied to N(0, I), which climbs the ELBO by draws of itself.

    ``target``, ``couplings`` and ``rate`` may change between any two steps; another number of couplings starts anew.

    Args:
        forward: ``forward(z, network)`` gives (x, log_det), a coupling that keeps the first half of z.
        inverse: the same backwards.

    Attributes:
        steps: since the start or the last reset.
        when, gap: the steps at which the gap log p(x) - ELBO was noted, and the gap there (nats, of 5 x 256 draws).
    """

    target, couplings, rate = "banana", 4, 5e-3

    def __init__(self, forward: Callable, inverse: Callable):
        self.device = get_device()
        self.forward, self.inverse = forward, inverse
        self.evidence = {name: one.log_evidence() for name, one in TARGETS.items()}
        self.reset()

    def reset(self) -> None:
        """Back to the first weights and the first draws; the settings stay."""
        self.networks = torch.nn.ModuleList(
            mlp((1, 32, 32, 2), "silu", seed=index, dtype=torch.float32) for index in range(self.couplings)
        ).to(self.device)
        self.rule = torch.optim.Adam(self.networks.parameters(), lr=self.rate)
        self.random = torch.Generator().manual_seed(0)
        self.steps, self.last = 0, torch.zeros((), device=self.device)
        self.when: list[int] = []
        self.gap: list[float] = []
        self._recent: list[Tensor] = []
        self._seen = self._density()

    def push(self, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Through all couplings, the coordinates turned round before each: (z, log_det)."""
        total = torch.zeros(noise.shape[:-1], dtype=noise.dtype, device=noise.device)
        for network in self.networks:
            noise, log_det = (part.to(noise) for part in self.forward(noise.flip(-1), network))
            total = total + log_det
        return noise, total

    def step(self) -> None:
        """256 draws, one step of Adam; nothing once a number was not finite."""
        if len(self.networks) != self.couplings:
            self.reset()
        if not self.is_finite():
            return
        target, like = TARGETS[self.target], next(self.networks.parameters())
        noise = normal((BATCH, 2), like, self.random)
        z, log_det = self.push(noise)
        log_q = -noise.square().sum(-1) / 2 - math.log(2 * math.pi) - log_det
        loss = -(target.log_joint(z) - log_q).mean()
        self.rule.param_groups[0]["lr"] = self.rate
        self.rule.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.networks.parameters(), 10.0)
        self.rule.step()
        self.last, self.steps = loss.detach(), self.steps + 1
        self._recent.append(self.last)
        if self.steps % EVERY == 0:
            self.when.append(self.steps)
            self.gap.append(self.evidence[self.target] + float(torch.stack(self._recent).mean()))
            self._recent = []

    def density(self) -> Tensor:
        """q on the picture's grid, on the CPU, shape (48, 48); after a divergence the last one before it."""
        made = self._density()
        if bool(torch.isfinite(made).all()):
            self._seen = made
        return self._seen

    @torch.no_grad()
    def _density(self) -> Tensor:
        like = next(self.networks.parameters())
        z = plane(PIXELS).reshape(-1, 2).to(like)
        total = torch.zeros(len(z), dtype=z.dtype, device=z.device)
        for network in reversed(self.networks):
            z, log_det = (part.to(z) for part in self.inverse(z, network))
            z, total = z.flip(-1), total + log_det
        log_q = -z.square().sum(-1) / 2 - math.log(2 * math.pi) + total
        return log_q.exp().reshape(PIXELS, PIXELS).cpu()

    @torch.no_grad()
    def draws(self, n: int) -> Tensor:
        """n draws of q, always of the same noise, on the CPU: shape (n, 2)."""
        like = next(self.networks.parameters())
        return self.push(normal((n, 2), like, torch.Generator().manual_seed(1)))[0].cpu()

    def is_finite(self) -> bool:
        """Whether the last loss and all weights are finite numbers (this waits for the device)."""
        return all(bool(torch.isfinite(part).all()) for part in (self.last, *self.networks.parameters()))

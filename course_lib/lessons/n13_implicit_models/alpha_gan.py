"""A small alpha-GAN in the plane that trains while it is steered: decoder, implicit encoder and two discriminators."""

import torch
from torch import Tensor
from torch.nn.functional import softplus

from course_lib.adversarial import count_modes
from course_lib.data.toy import ring
from course_lib.device import get_device, normal
from course_lib.networks import mlp

__all__ = ["AlphaGan"]

DATA = ring(8, std=0.15)
BATCH, WIDTH, RATE, EVERY = 128, 64, 1e-3, 25  # points a step; hidden units; Adam; steps between two looks


class AlphaGan:
    """G decodes z, E(x, noise) encodes x, D tells data from decoded points, C tells the prior from codes.

    E and G descend ``recon`` * E|x - G(E(x))|_1 - log D/(1 - D) at decoded points - log C/(1 - C) at codes.

    Args:
        seed: of the networks and of all draws.
        recon: the weight of the distance from a point to its reconstruction; it may change between any two steps.
        sees_x: whether C is shown x beside the code. It may change, too; C has to learn anew then.

    Attributes:
        steps: since the start or the last reset.
        when: the steps at which it was looked at; error, noise: what was seen, see ``look``.
    """

    def __init__(self, seed: int = 0, recon: float = 0.0, sees_x: bool = False):
        self.seed, self.recon, self.sees_x = seed, recon, sees_x
        self.device = get_device()
        data = DATA.sample(4096, torch.Generator().manual_seed(100))
        self.data = data.to(self.device, torch.float32)
        self.reset()

    def reset(self) -> None:
        """Back to the first weights and the first minibatch; the settings stay."""
        sizes = {"G": (2, 2), "E": (4, 2), "D": (2, 1), "C": (4, 1)}
        for k, (name, (before, after)) in enumerate(sizes.items()):
            network = mlp((before, WIDTH, WIDTH, after), "silu", seed=4 * self.seed + k)
            setattr(self, name, network.to(self.device, torch.float32))
        players = (self.G, self.E), (self.D, self.C)
        self.parameters = [[p for net in side for p in net.parameters()] for side in players]
        self.rules = [torch.optim.Adam(side, lr=RATE, betas=(0.5, 0.99)) for side in self.parameters]
        self.random = torch.Generator().manual_seed(self.seed)
        self.last = torch.zeros((), device=self.device)
        self.steps, self.when, self.error, self.noise = 0, [], [], []

    def step(self) -> None:
        """One step of D and C, one of E and G, on the same minibatch."""
        rows = torch.randint(len(self.data), (BATCH,), generator=self.random).to(self.device)
        x = self.data[rows]
        z, eps = (normal((BATCH, 2), x, self.random) for _ in range(2))
        codes = self.encode(x, eps)
        decoded = self.G(torch.cat([codes, z]))  # reconstructions, then samples
        d = self.D(torch.cat([x, decoded.detach()]))[:, 0]
        c = self._code_logits(torch.cat([z, codes.detach()]), torch.cat([x, x]))
        judges = softplus(-d[:BATCH]).mean() + softplus(d[BATCH:]).mean()
        judges = judges + softplus(-c[:BATCH]).mean() + softplus(c[BATCH:]).mean()
        self._descend(1, judges)
        far = (x - decoded[:BATCH]).abs().sum(1).mean()
        synthetic = self.D(decoded)[:, 0].mean()  # log D/(1 - D): the synthetic likelihood
        self._descend(0, self.recon * far - synthetic - self._code_logits(codes, x).mean())
        self.steps += 1
        if self.steps % EVERY == 1:
            self._look()

    def _descend(self, side: int, loss: Tensor) -> None:
        own = self.parameters[side]
        for parameter, slope in zip(own, torch.autograd.grad(loss, own), strict=True):
            parameter.grad = slope
        self.rules[side].step()
        self.last = loss.detach()

    def encode(self, x: Tensor, eps: Tensor) -> Tensor:
        """Codes of points x, with the encoder's noise eps: both of shape (..., 2)."""
        return self.E(torch.cat([x, eps], -1))

    def _code_logits(self, codes: Tensor, x: Tensor) -> Tensor:
        return self.C(torch.cat([codes, x if self.sees_x else torch.zeros_like(x)], -1))[:, 0]

    @torch.no_grad()
    def look(self, points: int = 400, draws: int = 8) -> dict[str, Tensor]:
        """On the CPU: the first data, one code and reconstruction of each, and samples from the prior.

        Returns ``x``, ``codes``, ``decoded``, ``samples`` of shape (points, 2); ``error``, the mean distance from a
        point to its reconstruction; ``noise``, the mean standard deviation of the codes of one point.
        """
        random = torch.Generator().manual_seed(7)
        x = self.data[:points]
        codes = self.encode(x.expand(draws, -1, -1), normal((draws, points, 2), x, random))
        decoded = self.G(codes)
        made = {
            "x": x,
            "codes": codes[0],
            "decoded": decoded[0],
            "samples": self.G(normal((points, 2), x, random)),
            "error": (decoded - x).norm(dim=-1).mean(),
            "noise": codes.std(0).mean(),
        }
        return {name: value.cpu() for name, value in made.items()}

    def _look(self) -> None:
        seen = self.look(200, 4)
        self.when.append(self.steps)
        self.error.append(float(seen["error"]))
        self.noise.append(float(seen["noise"]))

    def is_finite(self) -> bool:
        """Whether the last loss is a finite number (this waits for the device)."""
        return bool(torch.isfinite(self.last))

    def measure(self) -> dict[str, float]:
        """Modes that 2,000 samples reach, the share of them on a mode, the reconstruction error, the codes' noise."""
        seen = self.look(2000)
        report = count_modes(seen["samples"].double(), DATA.centres, DATA.scale)
        return {
            "modes": report.covered,
            "on a mode": float(report.on_a_mode),
            "error": float(seen["error"]),
            "noise": float(seen["noise"]),
        }

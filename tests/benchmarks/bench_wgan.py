"""Critic steps of WGAN-GP a second: ``CriticLoop`` beside a loop as public collections of GANs write it.

The peer's loop takes minibatches from a shuffling ``DataLoader``, differentiates the textbook's loss, and reads the
loss with ``.item()`` at each step. Both train the same networks (critic 3 x 128, batch 256) from the same start with
the same Adam; they take turns, so that a noisy machine disturbs both alike. The ratio is the median over the pairs of
runs. Where there is a GPU it gets a row of its own; the loop's CUDA graph has not been measured yet.

    python -m tests.benchmarks.bench_wgan
"""

import statistics
import sys
import time
from pathlib import Path

import torch
from torch.utils.data import DataLoader, TensorDataset

if __name__ == "__main__" and not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from course_lib.networks import mlp
from tests.benchmarks.critic_loop import CriticLoop

__all__ = ["measured", "run"]

_BATCH, _NOISE, _GP = 256, 2, 10.0
_TARGETS = {"cpu": 1.6, "cuda": 5.0}
# Leaky ReLUs in the critic and ReLUs in the generator, as is usual; points in the plane.
_SIZES = (2, 128, 128, 128)


def run(pairs: int = 15, steps: int = 60, say=print) -> list[dict]:
    """Measures; one row a device: name, ours, peer (both in steps a second), ratio, target, met."""
    rows = []
    for device in ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]:
        found, target = measured(device, pairs, steps), _TARGETS[device]
        row = {"name": f"critic steps a second, {_place(device)}", **found}
        rows.append(row | {"target": target, "met": found["ratio"] >= target})
        say("{name}: {ours}, public loop {peer}, ratio {ratio} (target {target})".format(**rows[-1]))
    return rows


def measured(device: str, pairs: int, steps: int) -> dict:
    """Steps a second of both loops on one device, and the median of the ratios of the pairs."""
    data = torch.randn(20_000, 2, generator=torch.Generator().manual_seed(0)).to(device)
    loop, peer = CriticLoop(*_networks(device), data, noise_size=_NOISE, gp=_GP), _Peer(device, data)
    loop.run(20), peer.run(20)
    times = [(_rate(loop, steps, device), _rate(peer, steps, device)) for _ in range(pairs)]
    ours, theirs = (statistics.median(side) for side in zip(*times, strict=True))
    ratio = statistics.median(a / b for a, b in times)
    return {"ours": round(ours), "peer": round(theirs), "ratio": round(ratio, 2)}


class _Peer:
    """The loop that is found in public: one line for each line of the algorithm."""

    def __init__(self, device, data):
        self.device = device
        self.generator, self.critic = _networks(device)
        self.loader = DataLoader(TensorDataset(data.cpu()), batch_size=_BATCH, shuffle=True, drop_last=True)
        self.optimizer = torch.optim.Adam(self.critic.parameters(), lr=1e-3, betas=(0.5, 0.9))
        self.losses = []
        self.batches = iter(self.loader)

    def run(self, steps):
        for _ in range(steps):
            batch = next(self.batches, None)
            if batch is None:
                self.batches = iter(self.loader)
                batch = next(self.batches)
            self.losses.append(self.step(batch[0].to(self.device)))

    def step(self, real):
        self.optimizer.zero_grad()
        noise = torch.randn(len(real), _NOISE, device=self.device)
        fake = self.generator(noise).detach()
        loss = self.critic(fake).mean() - self.critic(real).mean()
        loss = loss + _GP * self.penalty(real, fake)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def penalty(self, real, fake):
        alpha = torch.rand(len(real), 1, device=self.device)
        points = (alpha * real + (1 - alpha) * fake).requires_grad_(True)
        scores = self.critic(points)
        gradient = torch.autograd.grad(
            outputs=scores,
            inputs=points,
            grad_outputs=torch.ones_like(scores),
            create_graph=True,
            retain_graph=True,
            only_inputs=True,
        )[0]
        return ((gradient.norm(2, dim=1) - 1) ** 2).mean()


def _networks(device):
    generator = mlp((_NOISE, *_SIZES[1:], _SIZES[0]), seed=0, device=device)
    return generator, mlp((*_SIZES, 1), "leaky_relu", seed=1, device=device)


def _rate(loop, steps, device) -> float:
    start = time.perf_counter()
    loop.run(steps)
    if device == "cuda":
        torch.cuda.synchronize()
    return steps / (time.perf_counter() - start)


def _place(device) -> str:
    if device == "cuda":
        return torch.cuda.get_device_name()
    return f"CPU with {torch.get_num_threads()} threads"


if __name__ == "__main__":
    run()

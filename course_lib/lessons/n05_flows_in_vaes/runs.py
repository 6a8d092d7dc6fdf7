"""The fits of notebook 05 that take longer than it may, and what it shares with them; stores runs.npz.

    python -m course_lib.lessons.n05_flows_in_vaes.runs [levels] [<target>/gaussian] [<target>/<couplings>]

About a minute on one core; with names only these parts are made anew and the rest is kept. Keys of the archive:

- ``levels/<noise>/<components>/...``: a mixture of 1 or 3 Gaussians fitted to eight levels under three objectives (no
  noise but the exact likelihood, uniform noise, logit-normal noise), three starts: ``logits``, ``mean``, ``log_std``
  (3, components), and the noise's own ``noise_mean``, ``noise_log_std`` (3, 8);
- ``<target>/<couplings>/gap`` (3,): log p(x) minus the ELBO, nats, of flows of 2, 4 or 8 couplings, one for each seed,
  from 40,000 fresh draws; ``.../error``: its standard error; ``.../left``: the share of draws with z₁ < 0;
- ``<target>/<couplings>/density`` (3, 64, 64): the fitted density on the picture's grid, in 255ths of the posterior's
  maximum; ``islands/frames`` (3, 8, 64, 64): the same for four couplings after FRAMES steps;
- ``<target>/gaussian``: mean (2,) and Cholesky factor (2, 2) of the best Gaussian, flat; ``<target>/gaussian_gap``;
- ``weights/<name>``: those of the banana's flow of four couplings, seed 0.
"""

import math
import sys
from functools import partial
from pathlib import Path

import numpy as np
import torch

from course_lib.data.stored import load_stored
from course_lib.device import get_device, normal, trained_on
from course_lib.lessons.n05_flows_in_vaes.level_fits import LEVELS, fit_levels, mixture_log_density
from course_lib.lessons.n05_flows_in_vaes.targets import TARGETS, Target, plane
from course_lib.training import minimise, train
from course_lib.variational import AffineCoupling, FlowStack

__all__ = [
    "COUPLINGS",
    "FRAMES",
    "LEVELS",
    "build",
    "draws",
    "fit_flock",
    "fit_flow",
    "fit_levels",
    "mixture_log_density",
    "stored",
]

COUPLINGS, SEEDS = (2, 4, 8), (0, 1, 2)
STEPS, BATCH, FRESH = 600, 128, 40_000
FRAMES = (0, 15, 30, 60, 120, 240, 400, 600)
PIXELS = 64


def stored() -> dict[str, np.ndarray]:
    """What ``main`` stored: arrays by the keys above."""
    return load_stored(Path(__file__).with_name("runs.npz"))


def build(couplings: int, seed: int = 0) -> FlowStack:
    """So many couplings of the plane, every second one flipped, with two hidden layers of 32 units, in float32."""
    return FlowStack(
        [
            AffineCoupling(2, flip=bool(index % 2), seed=100 * seed + index, dtype=torch.float32)
            for index in range(couplings)
        ]
    )


def rate_at(step: int, steps: int) -> float:
    """The learning rate: constant for the first half, then falling to nearly nothing."""
    return 5e-3 * min(1.0, 2 * (1 - step / steps)) + 1e-4


def fit_flow(target: Target, couplings: int, seed: int, steps: int = STEPS, progress=True) -> FlowStack:
    """Maximises the ELBO of q(z|x), the distribution of f(ε) with ε ~ N(0, I), by draws of it."""
    flow = build(couplings, seed)
    random = torch.Generator().manual_seed(seed)
    with trained_on(flow):
        like = next(flow.parameters())
        rule = torch.optim.Adam(flow.parameters(), lr=5e-3)

        def step(index):
            rule.param_groups[0]["lr"] = rate_at(index, steps)
            noise = normal((BATCH, 2), like, random)
            z, log_det = flow(noise)
            loss = -(target.log_joint(z) + log_det).mean()  # the entropy of ε is a constant
            rule.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(flow.parameters(), 10.0)
            rule.step()
            return loss.detach()

        train(step, steps, progress=progress)
    return flow.requires_grad_(False)


class Flock:
    """Flows of so many couplings, one for each seed, trained side by side by batched matrix products.

    Each starts from the weights and sees the noise that ``fit_flow`` would give it.
    """

    def __init__(self, couplings: int):
        self.flows = [build(couplings, seed) for seed in SEEDS]
        device = get_device()
        self.layers = []
        for index in range(couplings):
            each = [list(flow.flows[index].network.parameters()) for flow in self.flows]
            self.layers.append(
                [torch.stack(part).detach().to(device).requires_grad_() for part in zip(*each, strict=True)]
            )
        self.parameters = [part for layer in self.layers for part in layer]

    def push(self, z: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Noise of shape (seeds, n, 2) to codes and log-determinants."""
        total = z.new_zeros(z.shape[:-1])
        for index, (*hidden, weight, bias) in enumerate(self.layers):
            kept, moved = (z[..., 1:], z[..., :1]) if index % 2 else (z[..., :1], z[..., 1:])
            h = kept
            for w, b in zip(hidden[::2], hidden[1::2], strict=True):
                h = torch.nn.functional.silu(torch.baddbmm(b[:, None], h, w.mT))
            shift, raw = torch.baddbmm(bias[:, None], h, weight.mT).chunk(2, -1)
            log_scale = 2 * torch.tanh(raw / 2)
            moved, total = moved * log_scale.exp() + shift, total + log_scale[..., 0]
            z = torch.cat([moved, kept] if index % 2 else [kept, moved], -1)
        return z, total

    def release(self) -> list[FlowStack]:
        """The flows with the weights as they are now."""
        with torch.no_grad():
            for member, flow in enumerate(self.flows):
                for layer, coupling in zip(self.layers, flow.flows, strict=True):
                    for part, own in zip(layer, coupling.network.parameters(), strict=True):
                        own.copy_(part[member])
        return self.flows


def fit_flock(name: str, couplings: int, look=None) -> Flock:
    """Trains the flows of all seeds as ``fit_flow`` trains one; ``look(step, flock)`` is called at FRAMES."""
    flock = Flock(couplings)
    like, randoms = flock.parameters[0], [torch.Generator().manual_seed(seed) for seed in SEEDS]
    rule = torch.optim.Adam(flock.parameters, lr=5e-3)

    def step(index):
        if look is not None and index in FRAMES:
            look(index, flock)
        rule.param_groups[0]["lr"] = rate_at(index, STEPS)
        noise = torch.stack([normal((BATCH, 2), like, random) for random in randoms])
        z, log_det = flock.push(noise)
        losses = -(TARGETS[name].log_joint(z) + log_det).mean(1)
        rule.zero_grad()
        losses.sum().backward()
        norms = torch.stack([part.grad.flatten(1).square().sum(1) for part in flock.parameters]).sum(0).sqrt()
        for part in flock.parameters:
            part.grad *= (10.0 / norms.clamp(min=10.0)).reshape(-1, *[1] * (part.ndim - 1))
        rule.step()
        return losses.sum().detach()

    train(step, STEPS, progress=f"{name}, {couplings} couplings, three seeds")
    if look is not None:
        look(STEPS, flock)
    return flock


@torch.no_grad()
def draws(flow: FlowStack, n: int, seed: int = 0):
    """n draws of q, shape (n, 2), and their log q, shape (n,), in float64."""
    like = next(flow.parameters())
    noise = normal((n, 2), like, torch.Generator().manual_seed(1000 + seed))
    z, log_det = flow(noise)
    log_base = -noise.double().square().sum(1) / 2 - math.log(2 * math.pi)
    return z.double().cpu(), (log_base - log_det.double()).cpu()


@torch.no_grad()
def density(flow: FlowStack) -> torch.Tensor:
    """q on the picture's grid, shape (PIXELS, PIXELS)."""
    return flow.log_prob(plane(PIXELS)).double().exp().cpu()


def fit_gaussian(target: Target, seed: int = 0):
    """Mean (2,), Cholesky factor (2, 2) and ELBO of the best Gaussian of four starts, with 4,096 fixed draws."""
    noise = torch.randn(4096, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    best = None
    for start in ((0.0, 0.0), (1.0, 0.5), (1.7, 0.0), (0.0, 2.0)):
        mean = torch.tensor(start, dtype=torch.float64, requires_grad=True)
        raw = torch.tensor([-1.0, 0.0, -1.0], dtype=torch.float64, requires_grad=True)

        def factor(raw=raw):
            zero = raw.new_zeros(())
            return torch.stack([torch.stack([raw[0].exp(), zero]), torch.stack([raw[1], raw[2].exp()])])

        def loss(mean=mean, raw=raw, factor=factor):
            z = mean + noise @ factor().T
            entropy = raw[0] + raw[2] + 1 + math.log(2 * math.pi)
            return -(target.log_joint(z).mean() + entropy)

        minimise(loss, [mean, raw], 400, lr=2e-2, progress=False)
        value = -float(loss().detach())
        if best is None or value > best[2]:
            best = mean.detach(), factor().detach(), value
    return best


def all_levels() -> dict[str, np.ndarray]:
    """The keys ``levels/...``."""
    return {
        f"levels/{noise}/{components}/{name}": value
        for noise in ("exact", "uniform", "logit-normal")
        for components in (1, 3)
        for name, value in fit_levels(noise, components).items()
    }


def best_gaussian(name: str) -> dict[str, np.ndarray]:
    """The keys ``<target>/gaussian`` and ``<target>/gaussian_gap``."""
    mean, factor, value = fit_gaussian(TARGETS[name])
    return {
        f"{name}/gaussian": np.concatenate([mean, factor.flatten()]),
        f"{name}/gaussian_gap": np.float64(TARGETS[name].log_evidence() - value),
    }


def flows_of(name: str, couplings: int) -> dict[str, np.ndarray]:
    """The keys ``<target>/<couplings>/...``, and the frames and weights that the notebook shows."""
    target, prefix = TARGETS[name], f"{name}/{couplings}"
    evidence, top = target.log_evidence(), float(target.posterior(401).max())
    frames = np.zeros((len(SEEDS), len(FRAMES), PIXELS, PIXELS), dtype=np.uint8)

    def grey(flow):
        return (255 * (density(flow) / top).clamp(max=1)).round().to(torch.uint8).numpy()

    def look(step, flock):
        for seed, flow in enumerate(flock.release()):
            frames[seed, FRAMES.index(step)] = grey(flow)

    shown = (name, couplings) == ("islands", 4)
    flows = fit_flock(name, couplings, look if shown else None).release()
    found = {key: np.zeros(len(SEEDS)) for key in ("gap", "error", "left")}
    for seed, flow in enumerate(flows):
        z, log_q = draws(flow, FRESH, seed)
        gain = target.log_joint(z) - log_q
        found["gap"][seed] = evidence - float(gain.mean())
        found["error"][seed] = float(gain.std()) / math.sqrt(FRESH)
        found["left"][seed] = float((z[:, 0] < 0).double().mean())
    arrays = {f"{prefix}/{key}": value for key, value in found.items()}
    arrays[f"{prefix}/density"] = np.stack([grey(flow) for flow in flows])
    if shown:
        arrays["islands/frames"] = frames
    if (name, couplings) == ("banana", 4):
        arrays |= {f"weights/{key}": one.detach().numpy() for key, one in flows[0].state_dict().items()}
    return arrays


PARTS = {
    "levels": all_levels,
    **{f"{name}/gaussian": partial(best_gaussian, name) for name in TARGETS},
    **{
        f"{name}/{couplings}": partial(flows_of, name, couplings)
        for name in TARGETS
        for couplings in COUPLINGS
    },
}


def main(names: list[str]) -> None:
    torch.set_num_threads(1)
    path = Path(__file__).with_name("runs.npz")
    arrays = stored() if names and path.exists() else {}
    for name in names or PARTS:
        arrays |= PARTS[name]()
    np.savez_compressed(path, **arrays)


if __name__ == "__main__":
    main(sys.argv[1:])

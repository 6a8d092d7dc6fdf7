"""Fits one Gaussian to a mixture of two under five divergences, three seeds each, and stores runs.npz.

    python -m course_lib.lessons.n12_f_gan.runs

About a minute on two cores. The target, the networks and the settings are those of notebook 12. Keys, for each of
the five kinds: "<kind>/learnt" (3, 2), mean and standard deviation for each seed; "<kind>/bound" (3, 2), the bound on
1,000,000 fresh samples from each side and its standard error; "<kind>/exact" (3,), the divergence of the learnt law.
For each of seven kinds, "<kind>/covering" and "<kind>/on_a_mode" (41, 3): mean, standard deviation and divergence of
the Gaussian between the modes, and next to one mode, for an even mixture of N(-h, 1) and N(h, 1) with "h" (41,) from
1.5 to 5.5; NaN where there is no such local minimum.
"""

import math
from pathlib import Path

import numpy as np
import torch
from scipy import optimize
from torch.distributions import Categorical, MixtureSameFamily, Normal

from course_lib.adversarial import ADVERSARIAL_LOSSES
from course_lib.data.stored import load_stored
from course_lib.divergences import F_DIVERGENCES, divergence
from course_lib.networks import mlp
from course_lib.training import train

KINDS = ("kl", "reverse_kl", "jensen_shannon", "jeffreys", "pearson_chi2")
# Neyman's is not among them: it is infinite for every Gaussian with twice the variance of one mode.
SHAPES = (*KINDS, "squared_hellinger", "total_variation")
SEEDS = (0, 1, 2)
STEPS, BATCH, FRESH = 1000, 1024, 1_000_000

WEIGHTS, MEANS = torch.tensor([0.33, 0.67]).double(), torch.tensor([-1.0, 2.0]).double()
STDS = torch.tensor([0.25, math.sqrt(2)]).double()
P = MixtureSameFamily(Categorical(WEIGHTS), Normal(MEANS, STDS))


def sample_p(n: int, random: torch.Generator) -> torch.Tensor:
    """n points of the target, shape (n,)."""
    which = (torch.rand(n, generator=random, dtype=torch.float64) > 0.33).long()
    return MEANS[which] + STDS[which] * torch.randn(n, generator=random, dtype=torch.float64)


def learn(kind: str, seed: int):
    """(mean, standard deviation) of the learnt Gaussian, and the critic."""
    loss, random = ADVERSARIAL_LOSSES[f"f_gan:{kind}"], torch.Generator().manual_seed(seed)
    critic = mlp((1, 32, 32, 1), "tanh", seed=seed, dtype=torch.float64)
    theta = torch.tensor([0.0, math.log(2.0)], dtype=torch.float64, requires_grad=True)
    climb = torch.optim.Adam(critic.parameters(), lr=5e-3, betas=(0.5, 0.99))
    descend = torch.optim.Adam([theta], lr=1e-2, betas=(0.5, 0.99))
    path = []

    def step(index: int) -> None:
        for rule in (climb, descend):  # towards the end the steps shrink to a tenth
            rule.param_groups[0]["lr"] = rule.defaults["lr"] * (1 - 0.9 * index / STEPS)
        fake = theta[0] + theta[1].exp() * torch.randn(BATCH, generator=random, dtype=torch.float64)
        both = torch.cat([sample_p(BATCH, random), fake])[:, None]
        real_scores, fake_scores = critic(both.detach()).split(BATCH)
        climb.zero_grad()
        loss.ratio_loss(real_scores, fake_scores).backward()
        climb.step()
        (theta.grad,) = torch.autograd.grad(loss.generative_loss(critic(fake[:, None])), theta)
        descend.step()
        path.append(theta.detach().clone())

    train(step, STEPS, progress=f"{kind}, seed {seed}")
    mean, log_std = torch.stack(path[-STEPS // 3 :]).mean(0).tolist()
    return mean, math.exp(log_std), critic


def check_on_fresh(kind: str, mean: float, std: float, critic, seed: int):
    """(bound, standard error) from samples that neither player has seen."""
    row, random = F_DIVERGENCES[kind], torch.Generator().manual_seed(1000 + seed)
    with torch.no_grad():
        gain = row.output_activation(critic(sample_p(FRESH, random)[:, None]))
        fake = mean + std * torch.randn(FRESH, 1, generator=random, dtype=torch.float64)
        price = row.activated_conjugate(critic(fake))
    error = ((gain.var() + price.var()) / FRESH).sqrt()
    return (gain.mean() - price.mean()).item(), error.item()


X = torch.linspace(-28, 28, 1793, dtype=torch.float64)


def depth(v: torch.Tensor, h: float, kind: str) -> torch.Tensor:
    """The divergence of N(v[0], exp(v[1])²) from the even mixture, by the trapezoidal rule."""
    log_p = torch.logaddexp(-((X - h) ** 2) / 2, -((X + h) ** 2) / 2) - math.log(2 * math.sqrt(2 * math.pi))
    log_q = -(((X - v[0]) / v[1].exp()) ** 2) / 2 - v[1] - math.log(2 * math.pi) / 2
    return F_DIVERGENCES[kind].density(log_p, log_q).sum() * (X[1] - X[0])


def valley(h: float, kind: str, mean: float, std: float) -> tuple[float, float, float]:
    """Mean, standard deviation and depth of the local minimum below a start."""

    def objective(v):
        v = torch.tensor(v, requires_grad=True)
        value = depth(v, h, kind)
        return value.item(), torch.autograd.grad(value, v)[0].numpy()

    found = optimize.minimize(objective, [mean, math.log(std)], jac=True, method="BFGS", tol=1e-8)
    return abs(float(found.x[0])), math.exp(found.x[1]), float(found.fun)


def valleys(kind: str, distances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The covering minimum on the way up, the one on a mode on the way down; NaN where it slid away."""
    empty = (math.nan,) * 3
    covering, mode = [], []
    start = 1.5
    for h in distances:
        found = valley(h, kind, 0.0, 1.05 * start)
        covering.append(found if found[0] < 1e-3 and found[1] > 0.5 * h else empty)
        start = found[1] + 0.08
    start = (float(distances[-1]), 1.05)
    for h in distances[::-1]:
        found = valley(h, kind, min(start[0], h), start[1])
        there = found[0] > 0.5
        mode.append(found if there else empty)
        start = found[:2] if there else (h, 1.05)
    return np.array(covering), np.array(mode[::-1])


def stored() -> dict[str, np.ndarray]:
    """What ``main`` stored: arrays by the keys above."""
    return load_stored(Path(__file__).with_name("runs.npz"))


def main() -> None:
    arrays = {"h": np.round(np.linspace(1.5, 5.5, 41), 2)}
    for kind in KINDS:
        learnt, bounds, exact = [], [], []
        for seed in SEEDS:
            mean, std, critic = learn(kind, seed)
            learnt.append((mean, std))
            bounds.append(check_on_fresh(kind, mean, std, critic, seed))
            q = Normal(torch.tensor(mean).double(), torch.tensor(std).double())
            exact.append(float(divergence(P, q, kind)))
        arrays |= {f"{kind}/learnt": np.array(learnt), f"{kind}/bound": np.array(bounds)}
        arrays[f"{kind}/exact"] = np.array(exact)
        print(kind, np.round(learnt, 3).tolist(), np.round(bounds, 4).tolist(), np.round(exact, 4).tolist())
    for kind in SHAPES:
        arrays[f"{kind}/covering"], arrays[f"{kind}/on_a_mode"] = valleys(kind, arrays["h"])
        cover, mode = arrays[f"{kind}/covering"][:, 2], arrays[f"{kind}/on_a_mode"][:, 2]
        print(
            kind,
            "the mode is deeper from h =",
            arrays["h"][(mode < cover) | (np.isnan(cover) & ~np.isnan(mode))][:1],
        )
    np.savez_compressed(Path(__file__).with_name("runs.npz"), **arrays)


if __name__ == "__main__":
    main()

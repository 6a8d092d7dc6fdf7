"""The experiments of notebook 12 that take longer than it may, and what it shares with them; stores runs.npz.

    python -m course_lib.lessons.n12_f_gan.runs [fits] [valleys] [critics] [planes]

About four minutes on two cores for all parts; with names only these are made anew and the rest is kept.

fits, for five kinds: "<kind>/learnt" (3, 2), mean and standard deviation of the Gaussian learnt with each of three
seeds; "<kind>/bound" (3, 2), the bound on 1,000,000 fresh samples from each side and its standard error;
"<kind>/exact" (3,), the divergence of the learnt distribution.
valleys, for seven kinds: "<kind>/covering" and "<kind>/on_a_mode" (41, 3), mean, standard deviation and divergence of
the Gaussian between the modes, and next to one mode, for an even mixture of N(-h, 1) and N(h, 1) with "h" (41,) from
1.5 to 5.5; NaN where there is no such local minimum.
critics, for three kinds: "<kind>/network_bound" (4,) and "<kind>/network_critic" (4, 401), the best bound found with
1, 2, 4 and 8 hidden units in twelve starts, and its critic on NODES; Q is N(1, 1.8^2).
planes, for eight losses: "plane/<loss>" (71, 2), mean and standard deviation along x1 after every 20th of 1,400 steps
of ``Blobs``.
"""

import math
import sys
from pathlib import Path

import numpy as np
import torch
from scipy import optimize
from torch.distributions import Categorical, MixtureSameFamily, Normal

from course_lib.adversarial import AdversarialGame, AdversarialLoss, f_gan
from course_lib.data.stored import load_stored
from course_lib.divergences import FDivergence, divergence
from course_lib.divergences.family import get_f_divergence
from course_lib.networks import mlp
from course_lib.training import train

KINDS = ("kl", "reverse_kl", "jensen_shannon", "jeffreys", "pearson_chi2")
# Neyman's is not among them: it is infinite for every Gaussian with twice the variance of one mode.
SHAPES = (*KINDS, "squared_hellinger", "total_variation")
SEEDS = (0, 1, 2)
STEPS, BATCH, FRESH = 1000, 1024, 1_000_000
CLASSES = ("kl", "jensen_shannon", "pearson_chi2")
WIDTHS, STARTS = (1, 2, 4, 8), 12
PLANES = (
    *("f_gan:kl", "f_gan:reverse_kl", "f_gan:squared_hellinger", "f_gan:jensen_shannon", "f_gan:gan"),
    *("f_gan:total_variation", "f_gan:jeffreys", "minimax"),
)
PLANE_STEPS, EVERY = 1400, 20

WEIGHTS, MEANS = torch.tensor([0.33, 0.67]).double(), torch.tensor([-1.0, 2.0]).double()
STDS = torch.tensor([0.25, math.sqrt(2)]).double()
P = MixtureSameFamily(Categorical(WEIGHTS), Normal(MEANS, STDS))


def sample_p(n: int, random: torch.Generator) -> torch.Tensor:
    """n points of the target, shape (n,)."""
    which = (torch.rand(n, generator=random, dtype=torch.float64) > 0.33).long()
    return MEANS[which] + STDS[which] * torch.randn(n, generator=random, dtype=torch.float64)


def learn(kind: str | FDivergence, seed: int, loss: AdversarialLoss | None = None):
    """Mean and standard deviation of the Gaussian that the f-GAN learns from samples, and its critic.

    The critic has two hidden layers of 32 units, the generator two numbers; in each of STEPS rounds first the critic
    moves, then the generator. ``loss`` takes the place of the course's own pair of losses.
    """
    loss = f_gan(get_f_divergence(kind)) if loss is None else loss
    random = torch.Generator().manual_seed(seed)
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

    train(step, STEPS, progress=f"{loss.name}, seed {seed}")
    mean, log_std = torch.stack(path[-STEPS // 3 :]).mean(0).tolist()  # the average of the last third
    return mean, math.exp(log_std), critic


def check_on_fresh(kind: str | FDivergence, mean: float, std: float, critic, seed: int, n: int = FRESH):
    """(bound, standard error) from n samples of each side that neither player has seen."""
    row, random = get_f_divergence(kind), torch.Generator().manual_seed(1000 + seed)
    with torch.no_grad():
        gain = row.output_activation(critic(sample_p(n, random)[:, None]))
        fake = mean + std * torch.randn(n, 1, generator=random, dtype=torch.float64)
        price = row.activated_conjugate(critic(fake))
    error = ((gain.var() + price.var()) / n).sqrt()
    return (gain.mean() - price.mean()).item(), error.item()


X = torch.linspace(-28, 28, 1793, dtype=torch.float64)


def depth(v: torch.Tensor, h: float, kind: str | FDivergence) -> torch.Tensor:
    """The divergence of N(v[0], exp(v[1])²) from the even mixture, by the trapezoidal rule."""
    log_p = torch.logaddexp(-((X - h) ** 2) / 2, -((X + h) ** 2) / 2) - math.log(2 * math.sqrt(2 * math.pi))
    log_q = -(((X - v[0]) / v[1].exp()) ** 2) / 2 - v[1] - math.log(2 * math.pi) / 2
    return get_f_divergence(kind).density(log_p, log_q).sum() * (X[1] - X[0])


def valley(h: float, kind: str | FDivergence, mean: float, std: float) -> tuple[float, float, float]:
    """Mean, standard deviation and depth of the local minimum below a start."""

    def objective(v):
        v = torch.tensor(v, requires_grad=True)
        value = depth(v, h, kind)
        return value.item(), torch.autograd.grad(value, v)[0].numpy()

    found = optimize.minimize(objective, [mean, math.log(std)], jac=True, method="BFGS", tol=1e-8)
    return abs(float(found.x[0])), math.exp(found.x[1]), float(found.fun)


def valleys(kind: str | FDivergence, distances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
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


NODES = torch.linspace(-7.5, 9.5, 401, dtype=torch.float64)
DX = float(NODES[1] - NODES[0])
Q = Normal(torch.tensor(1.0, dtype=torch.float64), torch.tensor(1.8, dtype=torch.float64))


def masses():
    """The masses of P and Q at NODES, shape (401,) each: all expectations over them are sums."""
    return P.log_prob(NODES).exp() * DX, Q.log_prob(NODES).exp() * DX


def best_network(kind: str | FDivergence, width: int, seed: int = 0):
    """(bound, critic on NODES) of the best network with so many hidden units that STARTS random starts lead to.

    The score is a line plus ``width`` units. One start is not enough: most end beside the best.
    """
    row, random, (p, q) = get_f_divergence(kind), torch.Generator().manual_seed(seed), masses()
    z, best = (NODES - 1) / 2, (-math.inf, None)
    for _ in range(STARTS):
        units = torch.randn(3, width, generator=random, dtype=torch.float64)
        units = (units * torch.tensor([[3.0], [3.0], [1.0]])).requires_grad_(True)
        line = torch.zeros(2, dtype=torch.float64, requires_grad=True)
        search = torch.optim.LBFGS(
            [units, line], max_iter=200, line_search_fn="strong_wolfe", tolerance_change=1e-9
        )

        def scores(units=units, line=line):
            return line[0] + line[1] * z + torch.tanh(z[:, None] * units[0] + units[1]) @ units[2]

        def negative(search=search, scores=scores):
            search.zero_grad()
            v = scores()
            loss = q @ row.activated_conjugate(v) - p @ row.output_activation(v)
            loss.backward()
            return loss

        search.step(negative)
        with torch.no_grad():
            v = scores()
            bound = float(p @ row.output_activation(v) - q @ row.activated_conjugate(v))
            if bound > best[0]:
                best = bound, row.output_activation(v)
    return best


class Blobs(AdversarialGame):
    """One Gaussian in the plane against two round modes at (-3, 0) and (3, 0); it starts near the right one.

    Args:
        loss: a name of ``ADVERSARIAL_LOSSES`` or a pair of losses, such as ``f_gan(row)``; it may change on the way.
    """

    def __init__(self, loss: str | AdversarialLoss = "f_gan:kl", seed: int = 0):
        random = torch.Generator().manual_seed(seed)
        data = torch.randn(20_000, 2, generator=random, dtype=torch.float32)
        data[:, 0] += 3.0 * (1 - 2 * torch.randint(2, (20_000,), generator=random))
        generator = mlp((2, 2), seed=seed, dtype=torch.float32)
        with torch.no_grad():
            generator[0].weight.copy_(torch.eye(2))
            generator[0].bias.copy_(torch.tensor([2.0, 0.5]))
        critic = mlp((2, 32, 32, 1), "tanh", seed=seed, dtype=torch.float32)
        rates = {"lr_d": 5e-3, "lr_g": 5e-3, "d_steps": 2}
        super().__init__(generator, critic, data, noise_size=2, loss=loss, seed=seed, **rates)
        self.track = [self.along_x1()]

    def reset(self):
        super().reset()
        self.track = [self.along_x1()]

    def step(self):
        record = super().step()
        self.track.append(self.along_x1())
        return record

    def gaussian(self):
        """Mean (2,) and covariance (2, 2) of the generator."""
        layer = self.generator[0]
        covariance = layer.weight @ layer.weight.T
        return layer.bias.detach().cpu().double(), covariance.detach().cpu().double()

    def along_x1(self):
        """Mean and standard deviation of the first coordinate."""
        mean, cov = self.gaussian()
        return float(mean[0]), math.sqrt(float(cov[0, 0]))


def plane(loss: str | AdversarialLoss) -> np.ndarray:
    """The track of one game after every EVERY-th step."""
    game = Blobs(loss)
    train(lambda _: game.step() and None, PLANE_STEPS, progress=f"two dimensions, {game.loss.name}")
    return np.array(game.track[::EVERY])


def stored() -> dict[str, np.ndarray]:
    """What ``main`` stored: arrays by the keys above."""
    return load_stored(Path(__file__).with_name("runs.npz"))


def fits() -> dict[str, np.ndarray]:
    """Five kinds, three seeds each."""
    arrays = {}
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
    return arrays


def both_valleys() -> dict[str, np.ndarray]:
    """The two valleys of seven kinds over h."""
    arrays = {"h": np.round(np.linspace(1.5, 5.5, 41), 2)}
    for kind in SHAPES:
        cover, mode = valleys(kind, arrays["h"])
        arrays |= {f"{kind}/covering": cover, f"{kind}/on_a_mode": mode}
        deeper = (mode[:, 2] < cover[:, 2]) | (np.isnan(cover[:, 2]) & ~np.isnan(mode[:, 2]))
        print(kind, "the mode is deeper from h =", arrays["h"][deeper][:1])
    return arrays


def critics() -> dict[str, np.ndarray]:
    """The best networks of growing width."""
    arrays = {}
    for kind in CLASSES:
        found = [best_network(kind, width) for width in WIDTHS]
        arrays[f"{kind}/network_bound"] = np.array([bound for bound, _ in found])
        arrays[f"{kind}/network_critic"] = np.array([critic.numpy() for _, critic in found])
        share = arrays[f"{kind}/network_bound"] / float(divergence(P, Q, kind))
        print(kind, "share of the divergence:", np.round(share, 3).tolist())
    return arrays


def planes() -> dict[str, np.ndarray]:
    """Where each loss leads in the plane."""
    arrays = {f"plane/{loss}": plane(loss) for loss in PLANES}
    for name, track in arrays.items():
        print(name, np.round(track[[10, 35, -1]], 2).tolist())
    return arrays


PARTS = {"fits": fits, "valleys": both_valleys, "critics": critics, "planes": planes}


def main(names: list[str]) -> None:
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        raise SystemExit(f"expected parts among {', '.join(PARTS)}, got {unknown[0]!r}")
    arrays = stored() if names else {}
    for name in names or PARTS:
        arrays |= PARTS[name]()
    np.savez_compressed(Path(__file__).with_name("runs.npz"), **arrays)


if __name__ == "__main__":
    main(sys.argv[1:])

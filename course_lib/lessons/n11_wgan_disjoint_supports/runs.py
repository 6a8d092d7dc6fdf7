"""Carries one small generator to a segment that it does not touch, by five games in two regimes; stores runs.npz.

    python -m course_lib.lessons.n11_wgan_disjoint_supports.runs [REGIME/GAME ...]

About five minutes of one processor. Networks, data and settings are those of notebook 11, which plays the same games
live. The judge is exact: W1 between 256 quantiles of the generator's curve and 256 of the segment, by the assignment
problem. For each regime ("few", "near") "<regime>/steps" (n,) holds the generator's steps, and for each game
"<regime>/<game>/<what>" of shape (3, n), for three seeds: "w1"; "seconds" of processor time for training alone, on one
thread; "estimate", the JSD that the discriminator sees, or the critic's gap; "gradient", the norm of the generator's
gradient; and "<regime>/<game>/curve" (3, 64, 2), where the generator ended. All but the seconds repeat. With names only
these games are run, and the others stay as they are stored.
"""

import itertools
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import softplus

from course_lib.adversarial import AdversarialGame
from course_lib.data.stored import load_stored
from course_lib.divergences import emd, pairwise_distances
from course_lib.networks import mlp

SEEDS = (0, 1, 2)
# Before the first generator step of "near" the discriminator is trained alone for `ahead` steps.
REGIMES = {
    "few": {"d_steps": 5, "rounds": 600, "every": 10, "ahead": 0},
    "near": {"d_steps": 60, "rounds": 80, "every": 2, "ahead": 1000},
}
# "spectral": each matrix of the critic is divided by its largest singular value.
GAMES = {
    "minimax": {"loss": "minimax"},
    "non_saturating": {"loss": "non_saturating"},
    "clipping": {"loss": "wgan", "clip": 0.05},
    "penalty": {"loss": "wgan", "gp": 10.0},
    "spectral": {"loss": "wgan", "spectral": True},
}
N = 256
STORE = Path(__file__).with_name("runs.npz")


def build(
    seed: int, *, places: Sequence[float] = (0.0,), spectral: bool = False, **settings
) -> AdversarialGame:
    """The game: data on the segments x1 = place, 0 <= x2 <= 1; a generator whose curve begins near x1 = 1."""
    generator = mlp((1, 32, 32, 2), "tanh", seed=seed, dtype=torch.float32)
    with torch.no_grad():
        generator[-1].weight.mul_(0.5)
        generator[-1].bias.copy_(torch.tensor([1.0, 0.5]))
    sizes = (2, 64, 64, 1)
    critic = mlp(sizes, "leaky_relu", spectral_norm=spectral, seed=seed + 100, dtype=torch.float32)
    random = torch.Generator().manual_seed(seed)
    at = torch.tensor(places, dtype=torch.float32).repeat(-(-20_000 // len(places)))[:20_000]
    data = torch.stack([at, torch.rand(20_000, generator=random, dtype=torch.float32)], dim=1)
    return AdversarialGame(generator, critic, data, noise_size=1, seed=seed, **settings)


def levels(n: int) -> Tensor:
    """The middles of n equal parts of [0, 1], float64, shape (n,)."""
    return (torch.arange(n, dtype=torch.float64) + 0.5) / n


def target(places: Sequence[float] = (0.0,), n: int = N) -> Tensor:
    """About n points that stand for the data, as many on each segment, shape (m, 2)."""
    heights = levels(max(1, n // len(places)))
    return torch.cat([torch.stack([torch.full_like(heights, at), heights], dim=1) for at in places])


@torch.no_grad()
def curve(game: AdversarialGame, n: int = N) -> Tensor:
    """The generator's points at n quantiles of its noise, float64, shape (n, 2)."""
    noise = torch.special.ndtri(levels(n))[:, None]
    return game.generator(noise.to(game.data)).cpu().double()


def exact_w1(game: AdversarialGame, places: Sequence[float] = (0.0,), n: int = N) -> float:
    """W1 between the generator's distribution and the data's, at about n points each."""
    model, data = curve(game, n), target(places, n)
    masses = [torch.full((len(one),), 1 / len(one), dtype=torch.float64) for one in (model, data)]
    return float(emd(*masses, pairwise_distances(model, data))[0])


@torch.no_grad()
def estimate(game: AdversarialGame) -> float:
    """What the discriminator says about the distance: a JSD in nats, or the critic's gap."""
    game.discriminator.eval()  # looking must not turn the vectors by which "spectral" finds its singular values
    real, fake = game.scores(target()), game.scores(curve(game))
    game.discriminator.train()
    if game.loss.name == "wgan":
        return float(real.mean() - fake.mean())
    return float((-softplus(-real).mean() - softplus(fake).mean()) / 2 + np.log(2))


def race(seed: int, regime: dict, settings: dict) -> tuple[list, np.ndarray]:
    """One game: a row (W1, seconds, estimate, gradient) each ``every`` steps, and the curve at the end."""
    game, rows, seconds = build(seed, **settings), [], 0.0
    begin = time.process_time()
    for _ in range(regime["ahead"]):
        game.discriminator_step()
    seconds += time.process_time() - begin
    for step in range(regime["rounds"] + 1):
        if step % regime["every"] == 0:
            w1 = exact_w1(game)
        begin = time.process_time()
        for _ in range(regime["d_steps"]):
            game.discriminator_step()
        seconds += time.process_time() - begin
        # A row: the generator before its step, and what the discriminator that it is about to meet says of it.
        if step % regime["every"] == 0:
            rows.append([w1, seconds, estimate(game)])
        begin = time.process_time()
        gradient = game.generator_step()["gradient_norm"]
        seconds += time.process_time() - begin
        if step % regime["every"] == 0:
            rows[-1].append(float(gradient))
    return rows, curve(game)[::4].numpy().astype(np.float16)


def stored() -> dict[str, np.ndarray]:
    """The stored races: arrays by the keys above."""
    return load_stored(STORE)


def main(names: Sequence[str] = ()) -> None:
    torch.set_num_threads(1)
    every = [f"{regime}/{game}" for regime, game in itertools.product(REGIMES, GAMES)]
    unknown = [name for name in names if name not in every]
    if unknown:
        raise SystemExit(f"expected names among {', '.join(every)}, got {unknown[0]!r}")
    arrays = stored() if names else {}
    for name in names or every:
        regime, settings = REGIMES[name.split("/")[0]], GAMES[name.split("/")[1]]
        found = []
        for seed in SEEDS:
            print(f"{name}, seed {seed}", flush=True)
            found.append(race(seed, regime, settings))
        table = np.array([rows for rows, _ in found])
        for index, key in enumerate(("w1", "seconds", "estimate", "gradient")):
            arrays[f"{name}/{key}"] = table[:, :, index].astype(np.float32)
        arrays[f"{name}/curve"] = np.array([points for _, points in found])
        steps = regime["every"] * np.arange(1 + regime["rounds"] // regime["every"])
        arrays[f"{name.split('/')[0]}/steps"] = steps
        print(name, table[:, -1].round(4).tolist(), flush=True)
    np.savez_compressed(STORE, **arrays)


if __name__ == "__main__":
    main(sys.argv[1:])

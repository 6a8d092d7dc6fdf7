"""Carries one small generator to a segment that it does not touch, by four games in two regimes; stores races_*.npz.

    python -m course_lib.lessons.n11_wgan_disjoint_supports.runs

About four minutes of one processor. Networks, data and settings are those of notebook 11. The judge is exact: W1
between 256 quantiles of the generator's curve and 256 of the segment, by the assignment problem. One file for each
regime, races_few.npz and races_near.npz, with "steps" (n,), the generator's steps, and for each game ("minimax",
"non_saturating", "clipping", "penalty") arrays "<game>/<what>" of shape (3, n), for three seeds: "w1"; "seconds" of
processor time for training alone, on one thread; "estimate", the JSD that the discriminator sees, or the critic's
gap; "gradient", the norm of the generator's gradient; and "<game>/curve" (3, 64, 2), where the generator ended.
"""

import sys
import time
from pathlib import Path

import numpy as np
import torch
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
GAMES = {
    "minimax": {"loss": "minimax"},
    "non_saturating": {"loss": "non_saturating"},
    "clipping": {"loss": "wgan", "clip": 0.05},
    "penalty": {"loss": "wgan", "gp": 10.0},
}
N = 256
LEVELS = (torch.arange(N, dtype=torch.float64) + 0.5) / N
TARGET = torch.stack([torch.zeros(N, dtype=torch.float64), LEVELS], dim=1)
NOISE = torch.special.ndtri(LEVELS).float()[:, None]


def build(seed: int, **settings) -> AdversarialGame:
    """The game: data on the segment x = 0, 0 <= y <= 1; a generator whose curve begins at a distance of one."""
    generator = mlp((1, 32, 32, 2), "tanh", seed=seed, dtype=torch.float32)
    with torch.no_grad():
        generator[-1].weight.mul_(0.5)
        generator[-1].bias.copy_(torch.tensor([1.0, 0.5]))
    discriminator = mlp((2, 64, 64, 1), "leaky_relu", seed=seed + 100, dtype=torch.float32)
    random = torch.Generator().manual_seed(seed)
    data = torch.stack([torch.zeros(20_000), torch.rand(20_000, generator=random)], dim=1)
    return AdversarialGame(generator, discriminator, data, noise_size=1, seed=seed, **settings)


def exact_w1(game: AdversarialGame) -> float:
    """W1 between the generator's law and the segment, at 256 quantiles each."""
    with torch.no_grad():
        points = game.generator(NOISE).double()
    even = torch.full((N,), 1 / N, dtype=torch.float64)
    return float(emd(even, even, pairwise_distances(points, TARGET))[0])


def estimate(game: AdversarialGame) -> float:
    """What the discriminator says about the distance: a JSD in nats, or the critic's gap."""
    with torch.no_grad():
        real, fake = game.scores(TARGET), game.scores(game.generator(NOISE))
    if game.loss.name == "wgan":
        return float(real.mean() - fake.mean())
    return float((-softplus(-real).mean() - softplus(fake).mean()) / 2 + np.log(2))


def race(seed: int, regime: dict, settings: dict) -> tuple[list, np.ndarray]:
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
    with torch.no_grad():
        curve = game.generator(NOISE[::4]).numpy().astype(np.float16)
    return rows, curve


def stored(regime: str) -> dict[str, np.ndarray]:
    """The stored races of one regime, ``"few"`` or ``"near"``: arrays by the keys above."""
    return load_stored(Path(__file__).with_name(f"races_{regime}.npz"))


def main(names: list[str]) -> None:
    torch.set_num_threads(1)
    for regime_name in names or REGIMES:
        regime, arrays = REGIMES[regime_name], {}
        arrays["steps"] = regime["every"] * np.arange(1 + regime["rounds"] // regime["every"])
        for name, settings in GAMES.items():
            runs = [race(seed, regime, settings) for seed in SEEDS]
            table = np.array([rows for rows, _ in runs])
            for index, key in enumerate(("w1", "seconds", "estimate", "gradient")):
                arrays[f"{name}/{key}"] = table[:, :, index].astype(np.float32)
            arrays[f"{name}/curve"] = np.array([curve for _, curve in runs])
            print(regime_name, name, table[:, -1].round(4).tolist(), flush=True)
        np.savez_compressed(Path(__file__).with_name(f"races_{regime_name}.npz"), **arrays)


if __name__ == "__main__":
    main(sys.argv[1:])

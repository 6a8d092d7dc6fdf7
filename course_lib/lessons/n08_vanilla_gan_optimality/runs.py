"""Plays games on a ring of eight Gaussians, three seeds each, and stores runs.npz.

    python -m course_lib.lessons.n08_vanilla_gan_optimality.runs

About three minutes on two cores. The networks and the data are those of notebook 08, which imports them from here.
Keys: "steps" (16,), and for each game of ``GAMES`` "<game>/covered", "<game>/on_a_mode", "<game>/smallest_mass" of
shape (3, n), counted after each part of the game. "plain" and "penalised" also have "<game>/samples" of shape
(3, 1000, 2) after the last step; "rescued" and "minimax" have "<game>/value" (mean V of the last 100 minibatches),
"<game>/best" (2 JSD - log 4 on a grid of cells, the V of the optimal discriminator) and "<game>/norm" (median of the
generator's gradient norm).
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from course_lib.adversarial import AdversarialGame, count_modes, fit
from course_lib.data.stored import load_stored
from course_lib.data.toy import ring
from course_lib.networks import mlp

SEEDS = (0, 1, 2)
RING = ring(8, radius=2.0, std=0.05)
#: Each game: how often its parts are played, of how many steps, and the settings of each.
GAMES = {
    "plain": (16 * [{}], 500),
    "penalised": (16 * [{"penalty": 0.1}], 500),
    "rescued": (4 * [{}] + 4 * [{"penalty": 0.1}], 500),
    "minimax": (4 * [{"loss": "minimax", "d_steps": 5}], 250),
}


def ring_game(seed: int, **settings) -> AdversarialGame:
    """A game on the ring: networks with two hidden layers of 64 units, 20,000 points, noise of dimension 2.

    The networks' seeds follow from the game's. ``settings`` are those of ``AdversarialGame``.
    """
    generator = mlp((2, 64, 64, 2), "relu", seed=seed, dtype=torch.float32)
    discriminator = mlp((2, 64, 64, 1), "leaky_relu", seed=seed + 100, dtype=torch.float32)
    data = RING.sample(20_000, torch.Generator().manual_seed(seed)).float()
    return AdversarialGame(generator, discriminator, data, noise_size=2, seed=seed, **settings)


def cell_shares(points: Tensor, cells: int = 24) -> Tensor:
    """The share of the points (n, 2) in each of cells x cells squares over [-3, 3]^2, shape (cells^2,), float64.

    Points outside count for the squares at the border.
    """
    index = ((points.detach() + 3) / 6 * cells).long().clamp(0, cells - 1)
    return torch.bincount(index[:, 0] * cells + index[:, 1], minlength=cells**2).double() / len(points)


def best_value(p: Tensor, q: Tensor) -> float:
    """V of the optimal discriminator between two vectors of shares: 2 JSD - log 4, in nats."""
    both = p + q
    return float(torch.special.xlogy(p, p / both).nansum() + torch.special.xlogy(q, q / both).nansum())


def stored() -> dict[str, np.ndarray]:
    """What ``main`` stored: arrays by the keys above."""
    return load_stored(Path(__file__).with_name("runs.npz"))


def play(name: str, seed: int) -> tuple[AdversarialGame, list[dict[str, float]]]:
    """One game of ``GAMES``, and what was counted after each part."""
    game, rows = ring_game(seed, device="cpu"), []
    parts, steps = GAMES[name]
    shares = cell_shares(game.data)
    for settings in parts:
        for key, value in settings.items():
            setattr(game, key, value)
        fit(game, steps, progress=f"{name}, seed {seed}")
        samples = game.samples(4096)
        report = count_modes(samples, RING.centres, RING.scale)
        rows.append(
            {
                "covered": report.covered,
                "on_a_mode": report.on_a_mode,
                "smallest_mass": report.smallest_mass,
                "value": game.history.numpy("value")[-100:].mean(),
                "best": best_value(shares, cell_shares(samples)),
                "norm": np.median(game.history.numpy("gradient_norm")[-100:]),
            }
        )
    return game, rows


def main() -> None:
    torch.set_num_threads(1)  # for networks this small a second thread costs more than it saves
    arrays = {"steps": GAMES["plain"][1] * np.arange(1, len(GAMES["plain"][0]) + 1)}
    counts, more = ("covered", "on_a_mode", "smallest_mass"), ("value", "best", "norm")
    for name in GAMES:
        games, tables = zip(*(play(name, seed) for seed in SEEDS), strict=True)
        long = name in ("plain", "penalised")
        for key in counts if long else counts + more:
            arrays[f"{name}/{key}"] = np.array(
                [[row[key] for row in rows] for rows in tables], dtype=np.float32
            )
        if long:
            samples = [game.samples(1000).numpy().astype(np.float16) for game in games]
            arrays[f"{name}/samples"] = np.array(samples)
        print(name, [rows[-1] for rows in tables])
    np.savez_compressed(Path(__file__).with_name("runs.npz"), **arrays)


if __name__ == "__main__":
    main()

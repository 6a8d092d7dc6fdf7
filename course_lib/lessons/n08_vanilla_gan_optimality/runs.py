"""Plays the game on a ring of eight Gaussians, three seeds with and without R1 + R2, and stores runs.npz.

    python -m course_lib.lessons.n08_vanilla_gan_optimality.runs

About two minutes on two cores. The networks, the data and the settings are those of notebook 08. Keys: "steps" (n,);
for each game "plain" and "penalised": "<game>/covered", "<game>/on_a_mode", "<game>/smallest_mass" of shape (3, n) and
"<game>/samples" of shape (3, 1000, 2) after the last step.
"""

from pathlib import Path

import numpy as np
import torch

from course_lib.adversarial import AdversarialGame, count_modes, fit
from course_lib.data.stored import load_stored
from course_lib.data.toy import ring
from course_lib.networks import mlp

SEEDS = (0, 1, 2)
EVERY, ROUNDS = 500, 16
GAMES = {"plain": {}, "penalised": {"r1": 0.1, "r2": 0.1}}
RING = ring(8, radius=2.0, std=0.05)


def build(seed: int, **settings) -> AdversarialGame:
    """The game of the notebook; the networks' seeds follow from the game's."""
    generator = mlp((2, 64, 64, 2), "relu", seed=seed, dtype=torch.float32)
    discriminator = mlp((2, 64, 64, 1), "leaky_relu", seed=seed + 100, dtype=torch.float32)
    data = RING.sample(20_000, torch.Generator().manual_seed(seed)).float()
    return AdversarialGame(generator, discriminator, data, noise_size=2, seed=seed, **settings)


def stored() -> dict[str, np.ndarray]:
    """What ``main`` stored: arrays by the keys above."""
    return load_stored(Path(__file__).with_name("runs.npz"))


def main() -> None:
    torch.set_num_threads(1)  # for networks this small a second thread costs more than it saves
    arrays = {"steps": EVERY * np.arange(1, ROUNDS + 1)}
    for name, settings in GAMES.items():
        rows, samples = [], []
        for seed in SEEDS:
            game, row = build(seed, **settings), []
            for _ in range(ROUNDS):
                fit(game, EVERY, progress=f"{name}, seed {seed}")
                report = count_modes(game.samples(4096), RING.centres, RING.scale)
                row.append((report.covered, report.on_a_mode, report.smallest_mass))
            rows.append(row)
            samples.append(game.samples(1000).numpy().astype(np.float16))
        table = np.array(rows, dtype=np.float32)
        for index, key in enumerate(("covered", "on_a_mode", "smallest_mass")):
            arrays[f"{name}/{key}"] = table[:, :, index]
        arrays[f"{name}/samples"] = np.array(samples)
        print(name, table[:, -1].tolist())
    np.savez_compressed(Path(__file__).with_name("runs.npz"), **arrays)


if __name__ == "__main__":
    main()

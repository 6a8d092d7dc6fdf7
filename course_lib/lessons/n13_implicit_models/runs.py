"""Trains the alpha-GANs of notebook 13 and stores what they came to in runs.npz.

    python -m course_lib.lessons.n13_implicit_models.runs

About two minutes on one core: two weights of the reconstruction, a code discriminator with and without x, three seeds.
Keys: ``<measure>`` of shape (weights, without or with x, seeds), and ``codes``, ``decoded``, ``samples`` of seed 0.
"""

import itertools
from pathlib import Path

import numpy as np
import torch

from course_lib.data.stored import load_stored
from course_lib.lessons.n13_implicit_models.alpha_gan import AlphaGan
from course_lib.training import train

WEIGHTS = (0.0, 1.0)
SEES = (False, True)
SEEDS = (0, 1, 2)
STEPS = 3000
MEASURES = ("modes", "on a mode", "error", "noise")


def stored() -> dict[str, np.ndarray]:
    """What ``main`` stored: arrays by the keys above."""
    return load_stored(Path(__file__).with_name("runs.npz"))


def main() -> None:
    torch.set_num_threads(1)
    shape = (len(WEIGHTS), len(SEES), len(SEEDS))
    arrays = {name: np.zeros(shape) for name in MEASURES}
    clouds: dict[str, list] = {name: [] for name in ("codes", "decoded", "samples")}
    for i, j, k in itertools.product(*map(range, shape)):
        game = AlphaGan(SEEDS[k], WEIGHTS[i], SEES[j])
        train(
            lambda _, game=game: game.step(),
            STEPS,
            progress=f"weight {WEIGHTS[i]}, x {SEES[j]}, seed {SEEDS[k]}",
        )
        for name, value in game.measure().items():
            arrays[name][i, j, k] = value
        if k == 0:
            seen = game.look()
            for name, cloud in clouds.items():
                cloud.append(seen[name].numpy().astype(np.float16))
    arrays |= {name: np.stack(cloud).reshape(*shape[:2], -1, 2) for name, cloud in clouds.items()}
    np.savez_compressed(Path(__file__).with_name("runs.npz"), **arrays)


if __name__ == "__main__":
    main()

"""Trains the VAEs of notebook 04 that the notebook does not train itself, and stores their weights in runs.npz.

    python -m course_lib.lessons.n04_elbo_surgery.runs

About half a minute on two cores. Everything is the notebook's own: the 1,437 training digits at one bit a
pixel, networks of the same shape, 2,500 steps, seed 0. Nine runs differ in beta only (keys "beta 0.5/<weight>"), one
more has eight latent dimensions ("latent 8/<weight>"). The notebook's claims are computed from "beta 1", so that
their numbers do not depend on the processor that trains.
"""

from pathlib import Path

import numpy as np

from course_lib.data.digits import load_digits
from course_lib.data.stored import load_stored
from course_lib.networks import mlp
from course_lib.variational import VAE, fit_vae

BETAS = [0.25 * 2 ** (k / 2) for k in range(9)]  # 0.25 to 4
STEPS = 2500


def build(latent_size: int = 2) -> VAE:
    encoder = mlp((64, 64, 64, 2 * latent_size), "silu", seed=1)
    decoder = mlp((latent_size, 64, 64, 64), "silu", seed=2)
    return VAE(encoder, decoder, latent_size)


def stored() -> dict[str, np.ndarray]:
    """What ``main`` stored: arrays by the keys above."""
    return load_stored(Path(__file__).with_name("runs.npz"))


def main() -> None:
    images = load_digits(binary=True).train
    runs = {f"beta {beta:.3g}": (build(), beta) for beta in BETAS} | {"latent 8": (build(8), 1.0)}
    arrays = {}
    for name, (vae, beta) in runs.items():
        fit_vae(vae, images, STEPS, beta=beta, progress=name)
        weights = {key: value for key, value in vae.state_dict().items() if key != "log_sigma"}
        arrays.update({f"{name}/{key}": value.numpy() for key, value in weights.items()})
    np.savez_compressed(Path(__file__).with_name("runs.npz"), **arrays)


if __name__ == "__main__":
    main()

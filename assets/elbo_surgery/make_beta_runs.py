"""Trains the beta-VAEs behind the beta slider of notebook 04 and stores their weights in beta_runs.npz.

    python assets/elbo_surgery/make_beta_runs.py

About half a minute on two cores. Everything is the notebook's own: the 1,437 training digits at one bit a
pixel, the same networks, 2,500 steps, seed 0. Only beta differs. Keys of the archive: "<beta>/<name of weight>".
"""

from pathlib import Path

import numpy as np

from course_lib.data.digits import load_digits
from course_lib.networks import mlp
from course_lib.variational import VAE, fit_vae

BETAS = (0.1, 0.3, 1.0, 2.0, 4.0, 8.0, 16.0)
STEPS = 2500


def build() -> VAE:
    return VAE(mlp((64, 64, 64, 4), "silu", seed=1), mlp((2, 64, 64, 64), "silu", seed=2), latent_size=2)


def main() -> None:
    digits = load_digits(binary=True)
    arrays = {}
    for beta in BETAS:
        vae = build()
        fit_vae(vae, digits.train, STEPS, beta=beta, progress=f"beta = {beta:g}")
        weights = {k: v for k, v in vae.state_dict().items() if k != "log_sigma"}
        arrays.update({f"{beta:g}/{name}": weight.numpy() for name, weight in weights.items()})
    np.savez_compressed(Path(__file__).with_name("beta_runs.npz"), **arrays)


if __name__ == "__main__":
    main()

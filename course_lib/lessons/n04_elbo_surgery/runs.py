"""Trains the VAEs of notebook 04 that the notebook does not train itself, and stores their weights in runs.npz.

    python -m course_lib.lessons.n04_elbo_surgery.runs

About half a minute on two cores. Everything is the notebook's own: the 1,437 training digits at one bit a
pixel, networks of the same shape, 2,500 steps, seed 0. Nine runs differ in beta only (keys "beta 0.5/<weight>"), one
more has eight latent dimensions ("latent 8/<weight>"), and one learns a VampPrior of 50 pseudo-inputs together with
the VAE ("vamp 50/<weight>"). The notebook's claims are computed from "beta 1", so that their numbers do not depend on
the processor that trains.
"""

from pathlib import Path

import numpy as np
import torch

from course_lib import checks
from course_lib.data.digits import load_digits
from course_lib.data.stored import load_stored
from course_lib.networks import mlp
from course_lib.variational import VAE, VampPrior, elbo, fit_vae

BETAS = [0.25 * 2 ** (k / 2) for k in range(9)]  # 0.25 to 4
STEPS = 2500
PSEUDO_INPUTS = 50


def build(latent_size: int = 2, likelihood: str = "bernoulli") -> VAE:
    encoder = mlp((64, 64, 64, 2 * latent_size), "silu", seed=1)  # 64 pixels to mean and log-variance
    decoder = mlp((latent_size, 64, 64, 64), "silu", seed=2)  # a latent point to 64 logits
    return VAE(encoder, decoder, latent_size, likelihood=likelihood)


def with_vamp_prior(vae: VAE, images: torch.Tensor) -> VAE:
    """The VAE with a VampPrior among its modules, so that an optimiser over the VAE moves the pseudo-inputs too."""
    vae.prior = VampPrior(vae.encode, images)
    return vae


def some_images(images: torch.Tensor, count: int) -> torch.Tensor:
    """Where pseudo-inputs start: ``count`` training images, the same ones always."""
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(5))
    return images[order[:count]]


def loss_with_prior(vae: VAE, images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """The negative ELBO under the prior that the VAE carries."""
    return -elbo(vae, images, prior=vae.prior, generator=generator).value.mean()


def stored() -> dict[str, np.ndarray]:
    """What ``main`` stored: arrays by the keys above."""
    return load_stored(Path(__file__).with_name("runs.npz"))


def load(name: str) -> VAE:
    """One of the stored models, by its key without the weight: "beta 0.25" to "beta 4", "latent 8", "vamp 50"."""
    everything = stored()
    names = list(dict.fromkeys(key.partition("/")[0] for key in everything))
    checks.one_of("name", name, names)
    arrays = {
        key.partition("/")[2]: torch.from_numpy(array)
        for key, array in everything.items()
        if key.startswith(name + "/")
    }
    vae = build(8 if name == "latent 8" else 2)
    if "prior.raw_inputs" in arrays:
        with_vamp_prior(vae, arrays["prior.raw_inputs"])
    vae.load_state_dict(arrays, strict=False)
    return vae.requires_grad_(False)


def main() -> None:
    images = load_digits(binary=True).train
    runs = {f"beta {beta:.3g}": (build(), {"beta": beta}) for beta in BETAS}
    runs["latent 8"] = (build(8), {})
    joint = with_vamp_prior(build(), some_images(images, PSEUDO_INPUTS))
    runs[f"vamp {PSEUDO_INPUTS}"] = (joint, {"loss": loss_with_prior})
    arrays = {}
    for name, (vae, how) in runs.items():
        fit_vae(vae, images, STEPS, progress=name, **how)
        weights = {key: value for key, value in vae.state_dict().items() if key != "log_sigma"}
        arrays.update({f"{name}/{key}": value.numpy() for key, value in weights.items()})
    np.savez_compressed(Path(__file__).with_name("runs.npz"), **arrays)


if __name__ == "__main__":
    main()

"""Trains the VAEs of notebook 03 that the notebook does not train itself, and stores what they came to in runs.npz.

    python -m course_lib.lessons.n03_vae.runs

About two minutes on one core. All models see the 1,437 grey training digits (the Bernoulli one their black and white
form) for 2,000 steps and are measured on the 360 held-out digits too. Keys of the archive:

- ``knob/...``: ten latent dimensions, a decoder with a fixed sigma: seven sigmas, three seeds each;
- ``learned/...``: the same with a learnt sigma, three seeds; ``long/...``: the first of them for 6,000 steps;
- ``compare/<model>/...``: three more shapes at sigma = 0.15, three seeds, with the importance-weighted bound;
- ``sharp/<weight>``, ``blurred/<weight>``, ``bernoulli/<weight>``: the weights of three models of seed 0.
"""

import math
from pathlib import Path

import numpy as np
import torch

from course_lib.data.digits import load_digits
from course_lib.data.stored import load_stored
from course_lib.networks import mlp
from course_lib.variational import VAE, elbo, fit_vae
from course_lib.variational.diagonal import kl_to_standard_normal, log_prob, reparameterize

SIGMAS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6)
SEEDS = (0, 1, 2)
STEPS = 2000
# Name -> (latent size, hidden layers of the encoder). "full" is the knob's own model at sigma = 0.15.
SHAPES = {
    "full": (10, (64, 64)),
    "linear encoder": (10, ()),
    "narrow encoder": (10, (16,)),
    "four dimensions": (4, (64, 64)),
}
DRAWS = tuple(2**k for k in range(13))  # K of the importance-weighted bound


def build(
    latent_size: int = 10,
    *,
    hidden=(64, 64),
    likelihood="gaussian",
    sigma: float | None = None,
    seed: int = 0,
) -> VAE:
    """The model of this notebook: 64 pixels, an encoder with these hidden layers, a decoder of two layers of 64."""
    encoder = mlp((64, *hidden, 2 * latent_size), "silu", seed=2 * seed + 1)
    decoder = mlp((latent_size, 64, 64, 64), "silu", seed=2 * seed + 2)
    return VAE(encoder, decoder, latent_size, likelihood=likelihood, sigma=sigma)


def restore(archive: dict[str, np.ndarray], name: str, **shape) -> VAE:
    """One of the stored models, frozen: ``restore(stored(), "sharp")``."""
    model = build(**shape)
    weights = {
        key.partition("/")[2]: torch.from_numpy(value)
        for key, value in archive.items()
        if key.startswith(name + "/")
    }
    model.load_state_dict(weights)
    return model.requires_grad_(False)


def stored() -> dict[str, np.ndarray]:
    """What ``main`` stored: arrays by the keys above."""
    return load_stored(Path(__file__).with_name("runs.npz"))


@torch.no_grad()
def measure(vae: VAE, digits) -> dict[str, float | np.ndarray]:
    """The ELBO and its two terms on both parts of the data, the KL of each latent dimension, and pictures."""
    out = {}
    for name, images in (("train", digits.train), ("held", digits.held_out)):
        terms = elbo(vae, images, samples=50, generator=torch.Generator().manual_seed(0))
        out |= {
            f"{name}_{part}": float(getattr(terms, part).mean()) for part in ("value", "reconstruction", "kl")
        }
    mean, logvar = vae.encode(digits.train)
    each = kl_to_standard_normal(mean[..., None], logvar[..., None]).mean(0)
    out["kl_each"] = each.sort(descending=True).values.numpy()
    shown = digits.held_out[ten(digits)]
    z = torch.randn(10, vae.latent_size, generator=torch.Generator().manual_seed(3))
    pictures = torch.cat([vae.decode(vae.encode(shown)[0]), vae.decode(z)])
    out["pictures"] = (255 * pictures.clamp(0, 1)).round().to(torch.uint8).numpy()
    return out


def ten(digits) -> list[int]:
    """The rows of one held-out digit of each class."""
    return [int((digits.held_out_labels == label).nonzero()[2]) for label in range(10)]


@torch.no_grad()
def bounds(vae: VAE, x: torch.Tensor, seed: int = 0) -> np.ndarray:
    """The importance-weighted bound for each K of DRAWS and each row of x, from one table of 4,096 draws.

    For K draws the table is cut into 4,096 / K groups and their bounds are averaged: shape (len(DRAWS), n), in nats.
    """
    mean, logvar = vae.encode(x)
    generator = torch.Generator().manual_seed(seed)
    table = []
    for _ in range(DRAWS[-1] // 128):
        z = reparameterize(mean, logvar, 128, generator=generator)
        prior = log_prob(z, z.new_zeros(()), z.new_zeros(()))
        table.append((vae.log_likelihood(x, z) + prior - log_prob(z, mean, logvar)).double())
    log_w = torch.cat(table)
    groups = [torch.logsumexp(log_w.view(-1, k, len(x)), 1).mean(0) - math.log(k) for k in DRAWS]
    return torch.stack(groups).numpy()


def main() -> None:
    torch.set_num_threads(1)
    digits, binary = load_digits(), load_digits(binary=True)
    arrays: dict[str, np.ndarray] = {}

    def trained(label: str, data=digits, steps=STEPS, seed=0, **shape) -> VAE:
        vae = build(seed=seed, **shape)
        fit_vae(vae, data.train, steps, seed=seed, progress=label)
        return vae.requires_grad_(False)

    def keep(prefix: str, rows: list[dict]) -> None:
        for key in rows[0]:
            arrays[f"{prefix}/{key}"] = np.stack([np.asarray(row[key]) for row in rows])

    def keep_weights(name: str, vae: VAE) -> None:
        arrays.update({f"{name}/{key}": value.numpy() for key, value in vae.state_dict().items()})

    knob, compare = {}, {}
    for seed in SEEDS:
        for sigma in SIGMAS:
            vae = trained(f"sigma {sigma}, seed {seed}", sigma=sigma, seed=seed)
            knob[sigma, seed] = measure(vae, digits)
            if sigma == 0.15:
                compare["full", seed] = bounds(vae, digits.held_out)
            if (sigma, seed) == (0.3, 0):
                keep_weights("blurred", vae)
        for name, (latent_size, hidden) in SHAPES.items():
            if name != "full":
                vae = trained(
                    f"{name}, seed {seed}", sigma=0.15, seed=seed, latent_size=latent_size, hidden=hidden
                )
                compare[name, seed] = bounds(vae, digits.held_out)
    for key in knob[SIGMAS[0], 0]:
        arrays[f"knob/{key}"] = np.stack([[np.asarray(knob[s, seed][key]) for seed in SEEDS] for s in SIGMAS])
    arrays["knob/pictures"] = arrays["knob/pictures"][:, 0]  # those of seed 0
    for name in SHAPES:
        arrays[f"compare/{name}"] = np.stack([compare[name, seed] for seed in SEEDS]).mean(-1)
        arrays[f"compare/{name}/last"] = np.stack([compare[name, seed][[0, -1]] for seed in SEEDS]).astype(
            np.float32
        )

    learned = [trained(f"learnt sigma, seed {seed}", seed=seed) for seed in SEEDS]
    keep("learned", [measure(vae, digits) | {"sigma": float(vae.log_sigma.exp())} for vae in learned])
    keep_weights("sharp", learned[0])
    long = trained("learnt sigma, 6,000 steps", steps=3 * STEPS)
    keep("long", [measure(long, digits) | {"sigma": float(long.log_sigma.exp())}])
    keep_weights("bernoulli", trained("Bernoulli", data=binary, likelihood="bernoulli"))
    np.savez_compressed(Path(__file__).with_name("runs.npz"), **arrays)


if __name__ == "__main__":
    main()

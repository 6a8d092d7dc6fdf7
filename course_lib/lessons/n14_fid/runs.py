"""Trains what notebook 14 judges, and what it judges with, and stores the weights in runs.npz.

    python -m course_lib.lessons.n14_fid.runs

About two minutes on two cores. Everything learns from the 1,437 training digits in grey values and never sees a
held-out one: a VAE, a GAN (stored early in its training and at the end), and a classifier from two seeds. Keys of the
archive are "<model>/<name of the weight>"; the weights are rounded to float16.
"""

from pathlib import Path

import numpy as np
import torch

from course_lib.adversarial import AdversarialGame, fit
from course_lib.data.digits import load_digits
from course_lib.data.stored import load_stored
from course_lib.device import trained_on
from course_lib.networks import mlp
from course_lib.training import minimise
from course_lib.variational import VAE, fit_vae

VAE_STEPS, EARLY, LATE = 4000, 300, 6000


def build_vae() -> VAE:
    return VAE(mlp((64, 128, 128, 16), "silu", seed=1), mlp((8, 128, 128, 64), "silu", seed=2), latent_size=8)


def build_generator() -> torch.nn.Module:
    return mlp((16, 128, 128, 64), "silu", "sigmoid", seed=3)


def build_classifier(seed: int) -> torch.nn.Module:
    return mlp((64, 128, 32, 10), "silu", seed=seed)


def train_classifier(seed: int, steps: int = 800) -> torch.nn.Module:
    """On images with noise of standard deviation 0.1."""
    digits = load_digits()
    network, random = build_classifier(seed), torch.Generator().manual_seed(seed)

    with trained_on(network) as device:

        def loss():
            rows = torch.randint(len(digits.train), (128,), generator=random)
            images = digits.train[rows] + 0.1 * torch.randn(128, 64, generator=random)
            found = network(images.to(device))
            return torch.nn.functional.cross_entropy(found, digits.train_labels[rows].to(device))

        minimise(loss, network.parameters(), steps, lr=3e-3, progress=f"classifier {seed}")
    return network


def stored() -> dict[str, np.ndarray]:
    """What ``main`` stored: arrays by the keys above."""
    return load_stored(Path(__file__).with_name("runs.npz"))


def main() -> None:
    torch.set_num_threads(1)
    images = load_digits().train
    vae = build_vae()
    fit_vae(vae, images, VAE_STEPS, progress="VAE")
    generator = build_generator()
    game = AdversarialGame(
        generator, mlp((64, 128, 128, 1), "silu", seed=4), images, noise_size=16, loss="non_saturating",
        lr_d=5e-4, lr_g=5e-4, batch_size=128, r1=0.3, r2=0.3, betas=(0.0, 0.9), seed=0,
    )  # fmt: skip
    stored = {"vae": vae.decoder.state_dict(), "encoder": vae.encoder.state_dict()}
    fit(game, EARLY, progress="GAN, early")
    stored["gan_early"] = {k: v.clone() for k, v in generator.state_dict().items()}
    fit(game, LATE - EARLY, progress="GAN")
    stored["gan"] = generator.state_dict()
    stored["classifier"] = train_classifier(1).state_dict()
    stored["another_seed"] = train_classifier(2).state_dict()
    arrays = {f"{model}/{k}": v.half().numpy() for model, state in stored.items() for k, v in state.items()}
    np.savez_compressed(Path(__file__).with_name("runs.npz"), **arrays)


if __name__ == "__main__":
    main()

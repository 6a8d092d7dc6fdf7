"""Trains the DCGANs of notebook 09 with each trick turned off (or on), three seeds each, and stores runs.npz.

    python -m course_lib.lessons.n09_gan_training_tricks.runs

About six minutes on one core. Keys of the archive:

- ``images/<setting>``, for each of ``SETTINGS``: 500 generated digits of each seed after 400 steps, shape
  (3, 500, 64), in the 17 grey levels of the data, 0 to 16;
- ``paper/<momentum>``, for each of ``MOMENTA``: the same with the paper's learning rate and batch, after 1,000 steps;
- ``judge/<weight>``: a classifier of the digits, which never saw a generated one;
- ``discs/<seed>/<weight>``: generators of discs, 400 steps, in float16.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from course_lib.data.digits import load_digits
from course_lib.data.stored import load_stored
from course_lib.evaluation import fid
from course_lib.lessons.n09_gan_training_tricks.discs import random_discs
from course_lib.lessons.n09_gan_training_tricks.switched import NOISE, SwitchedGan
from course_lib.networks import conv_generator, mlp
from course_lib.training import minimise, train

SEEDS = (0, 1, 2)
STEPS = 400
#: Each setting of the table: which switches it turns.
SETTINGS = {
    "DCGAN": {},
    "feature matching": {"feature_matching": True},
    "one-sided smoothing, α = 0.1": {"alpha": 0.1},
    "historical averaging": {"average": 0.01},
    "mean pooling in D": {"pooling": True},
    "β₁ = 0.9": {"momentum": 0.9},
    "one joint batch": {"batch_norm": "one joint batch"},
    "joint batch for D only": {"batch_norm": "joint for D only"},
    "batch norm at D's input too": {"batch_norm": "also at D's input"},
    "no batch norm": {"batch_norm": "none"},
    "no batch norm, torch's start": {"batch_norm": "none", "std": None},
}
MOMENTA = (0.5, 0.9)
PAPER = {"rate": 2e-4, "batch": 128}
FOUND = 0.02  # a class is found if it has at least this share of the images; each has 0.1 of the data
DISC_WIDTHS = (64, 32, 16)


def codes(n: int, seed: int = 7) -> Tensor:
    """The latent codes that all pictures are made from, shape (n, 16)."""
    return torch.randn(n, NOISE, generator=torch.Generator().manual_seed(seed), dtype=torch.float32)


class Judge:
    """A classifier of the digits: features for the Frechet distance, and which classes a set of images has.

    Args:
        network: maps images of shape (n, 64) with values in [0, 1] to ten logits.
    """

    def __init__(self, network: nn.Sequential):
        self.network = network.requires_grad_(False)
        self.data = self.features(load_digits().train)

    def features(self, images: Tensor) -> Tensor:
        """The last layer but one, shape (n, 32), float64."""
        return self.network[:-1](images.float()).double()

    def labels(self, images: Tensor) -> Tensor:
        """The most probable class of each image."""
        return self.network(images.float()).argmax(1)

    def distance(self, images: Tensor) -> float:
        """The FID to the training digits."""
        return float(fid(self.features(images), self.data))

    def found(self, images: Tensor) -> int:
        """How many classes have at least ``FOUND`` of the images."""
        shares = torch.bincount(self.labels(images), minlength=10) / len(images)
        return int((shares >= FOUND).sum())


def build_judge() -> nn.Sequential:
    return mlp((64, 64, 32, 10), "silu", seed=1, dtype=torch.float32)


def train_judge(steps: int = 800) -> nn.Sequential:
    """On images with noise of standard deviation 0.1."""
    digits, network, random = load_digits(), build_judge(), torch.Generator().manual_seed(1)

    def loss() -> Tensor:
        rows = torch.randint(len(digits.train), (128,), generator=random)
        images = digits.train[rows] + 0.1 * torch.randn(128, 64, generator=random, dtype=torch.float32)
        return nn.functional.cross_entropy(network(images), digits.train_labels[rows])

    minimise(loss, network.parameters(), steps, lr=3e-3, progress="the judge")
    return network


def stored() -> dict[str, np.ndarray]:
    """What ``main`` stored: arrays by the keys above."""
    return load_stored(Path(__file__).with_name("runs.npz"))


def grey(levels: np.ndarray) -> Tensor:
    """Stored images in [0, 1], float32."""
    return torch.from_numpy(levels).float() / 16


def restore(archive: dict[str, np.ndarray], name: str, network: nn.Module) -> nn.Module:
    """A network with its stored weights: ``restore(archive, "judge", build_judge())``."""
    weights = {
        key.removeprefix(name + "/"): torch.from_numpy(value)
        for key, value in archive.items()
        if key.startswith(name + "/")
    }
    network.load_state_dict(weights)
    return network


def disc_generator() -> nn.Sequential:
    """The network whose weights are stored; it normalises by the statistics of the batch it is given."""
    return conv_generator(NOISE, (1, 16, 16), DISC_WIDTHS, dtype=torch.float32)


def trained(label: str, steps: int = STEPS, images: Tensor | None = None, **switches) -> SwitchedGan:
    gan = SwitchedGan(images, device="cpu", **switches)
    train(lambda _: gan.step(), steps, progress=label)
    return gan


def levels(gan: SwitchedGan, n: int = 500) -> np.ndarray:
    return (16 * gan.pictures(codes(n))).round().to(torch.uint8).numpy()


def main() -> None:
    torch.set_num_threads(1)
    judge = train_judge()
    arrays = {f"judge/{key}": value.numpy() for key, value in judge.state_dict().items()}
    critic = Judge(judge)

    def keep(key: str, label: str, **options) -> None:
        made = [levels(trained(f"{label}, seed {seed}", seed=seed, **options)) for seed in SEEDS]
        arrays[key] = np.stack(made)
        print(
            f"{label:32}", *(f"{critic.distance(grey(one)):8.1f} {critic.found(grey(one)):3}" for one in made)
        )

    for name, switches in SETTINGS.items():
        keep(f"images/{name}", name, **switches)
    for momentum in MOMENTA:
        keep(f"paper/{momentum}", f"lr 2e-4, beta_1 {momentum}", steps=1000, momentum=momentum, **PAPER)
    images = random_discs(2000, torch.Generator().manual_seed(0))
    for seed in SEEDS:
        gan = trained(f"discs, seed {seed}", images=images, widths=DISC_WIDTHS, seed=seed)
        for key, value in gan.generator.state_dict().items():
            arrays[f"discs/{seed}/{key}"] = (
                value.half().numpy() if value.is_floating_point() else value.numpy()
            )
    np.savez_compressed(Path(__file__).with_name("runs.npz"), **arrays)


if __name__ == "__main__":
    main()

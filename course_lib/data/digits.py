"""1,797 real handwritten digits of 8x8 pixels, split once into training and held-out images.

The images come with scikit-learn, so nothing is downloaded. Their pixels count 0 to 16 dark dots.
"""

from typing import NamedTuple

import numpy as np
import torch

from course_lib import checks

__all__ = ["DigitSplit", "load_digits"]

# The split never depends on an argument: what is held out in one notebook is held out in all of them.
_SPLIT_SEED = 20240117
_HELD_OUT_PER_CLASS = 36


class DigitSplit(NamedTuple):
    """Images of shape (n, 64) with values in [0, 1], and integer labels of shape (n,)."""

    train: torch.Tensor
    held_out: torch.Tensor
    train_labels: torch.Tensor
    held_out_labels: torch.Tensor


def load_digits(
    *, binary: bool = False, device: torch.device | str | None = None, dtype: torch.dtype = torch.float32
) -> DigitSplit:
    """The digits, as 1,437 training and 360 held-out images (36 of each class).

    Args:
        binary: pixels become 1 where at least 8 of the 16 dots are dark and 0 elsewhere, so that a Bernoulli
            decoder gives the probability of the image itself. Without it pixels are grey values in [0, 1].
        device: where the tensors live; the CPU by default.
        dtype: the floating point type of the images.

    >>> digits = load_digits()
    >>> digits.train.shape, digits.held_out.shape
    (torch.Size([1437, 64]), torch.Size([360, 64]))
    """
    from sklearn.datasets import (
        load_digits as bundled,
    )  # a second of import that most of the course can do without

    checks.flag("binary", binary)
    checks.floating_type("dtype", dtype)
    device = checks.device("device", device)
    images, labels = bundled(return_X_y=True)
    pixels = (images >= 8).astype(np.float64) if binary else images / 16.0
    held_out = _held_out_rows(labels)

    def tensors(rows):
        return (
            torch.as_tensor(pixels[rows], dtype=dtype, device=device),
            torch.as_tensor(labels[rows], dtype=torch.int64, device=device),
        )

    train_images, train_labels = tensors(~held_out)
    held_images, held_labels = tensors(held_out)
    return DigitSplit(train_images, held_images, train_labels, held_labels)


def _held_out_rows(labels: np.ndarray) -> np.ndarray:
    """A boolean mask over the images: a fixed choice, equally many of each class."""
    rng = np.random.default_rng(_SPLIT_SEED)
    mask = np.zeros(len(labels), dtype=bool)
    for label in range(10):
        rows = np.flatnonzero(labels == label)
        mask[rng.choice(rows, _HELD_OUT_PER_CLASS, replace=False)] = True
    return mask

"""Which device the course computes on, and one seed for everything random."""

import os
import random

import numpy as np
import torch

from course_lib import checks

__all__ = ["get_device", "seed_everything"]


def get_device(name: str | None = None) -> torch.device:
    """The device everything in torch runs on: CUDA, else Apple's MPS, else the CPU.

    Args:
        name: asks for one device by name (``"cpu"``, ``"cuda"``, ``"cuda:1"``, ``"mps"``). Without it the
            environment variable ``COURSE_DEVICE`` decides, and without that the best device that is there.

    Raises:
        ValueError: the name is no device, or this machine lacks it.

    >>> get_device("cpu")
    device(type='cpu')
    """
    asked = os.environ.get("COURSE_DEVICE", "").strip() if name is None else name
    if asked == "" and name is None:
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    source = "COURSE_DEVICE" if name is None else "name"
    device = checks.device(source, asked)
    if device.type not in ("cpu", "cuda", "mps"):
        raise ValueError(f"{source}: expected 'cpu', 'cuda', 'cuda:<n>' or 'mps', got {asked!r}")
    return device


def home(value):
    """What lives on Apple's MPS, which has no float64, moved to the CPU; anything else as it is."""
    return value.cpu() if isinstance(value, torch.Tensor) and value.device.type == "mps" else value


def seed_everything(seed: int) -> torch.Generator:
    """Seeds Python, NumPy and torch on every device, so that a run repeats on one machine.

    Args:
        seed: a non-negative integer below 2**32.

    Returns:
        A CPU generator with that seed, for code that passes its randomness on explicitly.
    """
    seed = checks.integer("seed", seed, 0, 2**32 - 1)
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002  (scikit-learn and SciPy still draw from the global state)
    torch.manual_seed(seed)
    return torch.Generator().manual_seed(seed)

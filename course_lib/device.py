"""Which device the course computes on, and one seed for everything random."""

import os
import random

import numpy as np
import torch

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
    asked = name or os.environ.get("COURSE_DEVICE", "").strip()
    if not asked:
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    source = "name" if name else "COURSE_DEVICE"
    try:
        device = torch.device(asked)
    except RuntimeError as error:
        raise ValueError(f"{source}: expected 'cpu', 'cuda', 'cuda:<n>' or 'mps', got {asked!r}") from error
    if not _is_there(device):
        raise ValueError(f"{source}: {asked!r} is not available on this machine; 'cpu' always is")
    return device


def _is_there(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count()
    if device.type == "mps":
        return torch.backends.mps.is_available()
    return device.type == "cpu"


def seed_everything(seed: int) -> torch.Generator:
    """Seeds Python, NumPy and torch on every device, so that a run repeats on one machine.

    Args:
        seed: a non-negative integer below 2**32.

    Returns:
        A CPU generator with that seed, for code that passes its randomness on explicitly.
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise ValueError(f"seed: expected an integer from 0 to 2**32 - 1, got {seed!r}")
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002  (scikit-learn and SciPy still draw from the global state)
    torch.manual_seed(seed)
    return torch.Generator().manual_seed(seed)

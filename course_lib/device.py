"""Which device the course trains on, numbers that are the same on each of them, and one seed for everything random."""

import contextlib
import os
import random
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from course_lib import checks

__all__ = ["get_device", "seed_everything"]


def get_device(name: str | None = None, dtype: torch.dtype | None = None) -> torch.device:
    """The device everything in torch runs on: CUDA, else Apple's MPS, else the CPU.

    Args:
        name: asks for one device by name (``"cpu"``, ``"cuda"``, ``"cuda:1"``, ``"mps"``). Without it the
            environment variable ``COURSE_DEVICE`` decides, and without that the best device that is there.
        dtype: what is computed in: float64, which MPS lacks, stays on the CPU.

    Raises:
        ValueError: the name is no device, or this machine lacks it.

    >>> get_device("cpu")
    device(type='cpu')
    """
    if dtype is not None:
        checks.floating_type("dtype", dtype)
    asked = os.environ.get("COURSE_DEVICE", "").strip() if name is None else name
    if asked == "" and name is None:
        if torch.cuda.is_available():
            return torch.device("cuda")
        has_mps = torch.backends.mps.is_available() and dtype is not torch.float64
        return torch.device("mps" if has_mps else "cpu")
    source = "COURSE_DEVICE" if name is None else "name"
    device = checks.device(source, asked)
    if device.type not in ("cpu", "cuda", "mps"):
        raise ValueError(f"{source}: expected 'cpu', 'cuda', 'cuda:<n>' or 'mps', got {asked!r}")
    return torch.device("cpu") if device.type == "mps" and dtype is torch.float64 else device


@contextlib.contextmanager
def trained_on(*modules: nn.Module, device: str | None = None) -> Iterator[torch.device]:
    """Where modules are trained: moved to ``get_device(device)`` for the time of the block, and back at its end.

    So whoever looks at them afterwards, on the CPU, need not know that there was another device.

    >>> layer = nn.Linear(2, 1)
    >>> with trained_on(layer, device="cpu") as device:
    ...     device
    device(type='cpu')
    """
    first = [next(iter(module.parameters()), None) for module in modules]
    dtype = next((parameter.dtype for parameter in first if parameter is not None), None)
    there = get_device(device, dtype)
    homes = [there if parameter is None else parameter.device for parameter in first]
    try:
        for module in modules:
            module.to(there)
        yield there
    finally:
        for module, before in zip(modules, homes, strict=True):
            module.to(before)


def normal(shape, like: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Standard normal numbers of the type and on the device of ``like``.

    They are drawn on the generator's own device and moved, so a CPU generator gives the same numbers on every device.
    """
    return _drawn(torch.randn, shape, like, generator)


def uniform(shape, like: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Numbers from [0, 1), drawn as ``normal`` draws."""
    return _drawn(torch.rand, shape, like, generator)


def _drawn(draw, shape, like, generator):
    place = like.device if generator is None else generator.device
    return draw(shape, dtype=like.dtype, device=place, generator=generator).to(like.device)


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

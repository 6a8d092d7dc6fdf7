"""Pictures of one disc whose place and size are known: what latent arithmetic can be checked on."""

import torch
from torch import Tensor

__all__ = ["SIDE", "centres", "random_discs"]

SIDE = 16


def random_discs(n: int, generator: torch.Generator, low: float = 4.0, high: float = 11.0) -> Tensor:
    """n images of shape (1, 16, 16) with values in [-1, 1]: a bright disc on dark ground.

    Its centre lies anywhere in the square [low, high]^2 (pixels, counted from 0 at the top left), its radius in [2, 4].
    """
    across, down = low + (high - low) * torch.rand(2, n, generator=generator, dtype=torch.float32)
    radius = 2 + 2 * torch.rand(n, generator=generator, dtype=torch.float32)
    rows, columns = torch.meshgrid(*[torch.arange(SIDE, dtype=torch.float32)] * 2, indexing="ij")
    distance = torch.hypot(rows - down[:, None, None], columns - across[:, None, None])
    return (2 * torch.sigmoid(4 * (radius[:, None, None] - distance)) - 1)[:, None]


def centres(images: Tensor) -> Tensor:
    """The centre of brightness (column, row) of images (n, 256) with values in [0, 1], shape (n, 2), in pixels."""
    weights = images.reshape(-1, SIDE, SIDE).clamp(min=0)
    total = weights.sum((1, 2)).clamp(min=1e-9)
    place = torch.arange(SIDE, dtype=weights.dtype)
    return torch.stack([(weights.sum(1) @ place) / total, (weights.sum(2) @ place) / total], 1)

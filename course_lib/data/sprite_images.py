"""Small pictures made by code, of which every cause is known: a shape, its size, and where it stands."""

from typing import NamedTuple

import torch

from course_lib import checks

__all__ = ["Sprites", "sprites"]

SHAPES = ("square", "diamond", "triangle")
RADII = (1.7, 2.6, 3.6, 4.7)  # in pixels; chosen so that no two of the 768 pictures are the same
_PLACES, _SIDE = 8, 16


class Sprites(NamedTuple):
    """Black and white images (n, 16, 16), their factors (n, 4) as whole numbers from 0, and the factors' names."""

    images: torch.Tensor
    factors: torch.Tensor
    names: tuple[str, ...]


def sprites(*, device: torch.device | str | None = None, dtype: torch.dtype = torch.float32) -> Sprites:
    """All 768 pictures of 3 shapes x 4 sizes x 8 columns x 8 rows, each combination of the factors once.

    The last factor changes fastest: row ``((shape * 4 + size) * 8 + x) * 8 + y`` shows this shape in column x, row y.

    Args:
        device: where the tensors live; the CPU by default.
        dtype: the floating point type of the images, whose pixels are 0 or 1.

    >>> images, factors, names = sprites()
    >>> images.shape, factors.shape, names
    (torch.Size([768, 16, 16]), torch.Size([768, 4]), ('shape', 'size', 'x', 'y'))
    """
    checks.floating_type("dtype", dtype)
    device = checks.device("device", device)
    levels = [torch.arange(count) for count in (len(SHAPES), len(RADII), _PLACES, _PLACES)]
    factors = torch.cartesian_prod(*levels)
    shape = factors[:, 0, None, None]
    radius = torch.tensor(RADII, dtype=torch.float64)[factors[:, 1], None, None]
    centre = (
        4.0 + factors[:, 2:].double()
    )  # the pixels 4 to 11: at most the tip of the largest diamond is cut off
    pixel = torch.arange(_SIDE, dtype=torch.float64)
    across = pixel[None, None, :] - centre[:, 0, None, None]
    down = pixel[None, :, None] - centre[:, 1, None, None]
    square = torch.maximum(across.abs(), down.abs()) <= radius
    diamond = across.abs() + down.abs() <= 1.2 * radius
    triangle = (down.abs() <= radius) & (across.abs() <= (down + radius) / 2)
    images = torch.where(shape == 0, square, torch.where(shape == 1, diamond, triangle))
    return Sprites(images.to(device, dtype), factors.to(device), ("shape", "size", "x", "y"))

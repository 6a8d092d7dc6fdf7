"""Hatching: what tells bars apart besides their colour."""

import math
from functools import lru_cache

import numpy as np
from PIL import Image, ImageChops

from course_lib.figure.polyline import outlines
from course_lib.figure.surface import Surface, cover, disc

__all__ = ["hatch"]

# CSS pixels: from one line or dot to the next, the lines' width, and the dots' radius.
_STEP, _WIDTH, _RADIUS = 9.7, 1.4, 1.6
_SLOPES = {"///": (-1,), "\\\\\\": (1,), "xxx": (-1, 1), "...": ()}


def hatch(surface: Surface, polygons, pattern: str, color, ratio: float, corner: tuple[float, float]):
    """Draws the lines or dots of a frame's ``pattern`` over polygons.

    Args:
        ratio: pixels in a CSS pixel.
        corner: from where lines and dots are counted, in pixels.

    Raises:
        ValueError: there is no such pattern.
    """
    if pattern not in _SLOPES:
        raise ValueError(f"hatch: expected one of {', '.join(map(repr, _SLOPES))}, got {pattern!r}")
    texture = _texture(surface.size, pattern, ratio, corner)
    surface.tint(ImageChops.multiply(cover(surface.size, polygons), texture), color)


@lru_cache(maxsize=8)
def _texture(size, pattern, ratio, corner) -> Image.Image:
    """The lines or dots everywhere."""
    step = _STEP * ratio
    if not _SLOPES[pattern]:
        x, y = (
            np.arange((at + step / 2) % step - step, length + step, step)
            for at, length in zip(corner, size, strict=True)
        )
        return cover(size, np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 1, 2) + disc(_RADIUS * ratio))
    width, height = size
    shape = Image.new("L", size)
    for slope in _SLOPES[pattern]:
        # From the upper edge to the lower one, as far aside as the picture is high; one of them through the corner.
        across = step * math.sqrt(2)
        first = (corner[0] - slope * corner[1]) % across - across * math.ceil(height / across + 1)
        x = np.arange(first, width + height + across, across)
        ends = np.stack([x, np.zeros_like(x), x + slope * height, np.full_like(x, height)], axis=1)
        lines = np.insert(ends.reshape(-1, 2, 2), 2, np.nan, axis=1).reshape(-1, 2)
        shape = ImageChops.lighter(shape, cover(size, outlines(lines, _WIDTH * ratio)))
    return shape

"""Hatching: what tells bars apart besides their colour."""

import math
from functools import lru_cache

import numpy as np
from PIL import Image, ImageChops

from course_lib.figure.polyline import outlines
from course_lib.figure.surface import Surface, cover

__all__ = ["hatch"]

# CSS pixels: from one line or dot to the next, the lines' width, and the dots' radius.
_STEP, _WIDTH, _RADIUS = 9.7, 1.4, 1.6
_SLOPES = {"///": (-1,), "\\\\\\": (1,), "xxx": (-1, 1), "...": ()}


def hatch(surface: Surface, polygons, pattern: str, color, ratio: float):
    """Draws the lines or dots of a frame's ``pattern`` over polygons; ``ratio`` is the number of pixels in a CSS pixel.

    Raises:
        ValueError: there is no such pattern.
    """
    if pattern not in _SLOPES:
        raise ValueError(f"hatch: expected one of {', '.join(map(repr, _SLOPES))}, got {pattern!r}")
    shape = cover(surface.size, polygons)
    surface.tint(ImageChops.multiply(shape, _texture(surface.size, pattern, ratio)), color)


@lru_cache(maxsize=8)
def _texture(size, pattern, ratio) -> Image.Image:
    """The lines or dots everywhere."""
    width, height = size
    step = _STEP * ratio
    if not _SLOPES[pattern]:
        turn = np.linspace(0, 2 * np.pi, 16, endpoint=False)
        dot = np.stack([np.cos(turn), np.sin(turn)], axis=1) * _RADIUS * ratio
        x, y = np.meshgrid(np.arange(step / 2, width + step, step), np.arange(step / 2, height + step, step))
        return cover(size, np.stack([x.ravel(), y.ravel()], axis=1)[:, None] + dot)
    shape = Image.new("L", size)
    for slope in _SLOPES[pattern]:
        # From the upper edge to the lower one, as far aside as the picture is high.
        at = np.arange(-height, width + height, step * math.sqrt(2))
        ends = np.stack([at, np.zeros_like(at), at + slope * height, np.full_like(at, height)], axis=1)
        lines = np.insert(ends.reshape(-1, 2, 2), 2, np.nan, axis=1).reshape(-1, 2)
        shape = ImageChops.lighter(shape, cover(size, outlines(lines, _WIDTH * ratio)))
    return shape

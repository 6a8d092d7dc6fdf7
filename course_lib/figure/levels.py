"""Level lines of a function on a grid."""

import numpy as np

from course_lib.figure.ticks import linear_ticks

__all__ = ["level_lines"]


def level_lines(mark) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates x and y of the level lines of a ``marks.Contour``, with NaN after each piece."""
    z = np.ma.masked_invalid(mark.z)
    if len(mark.x) < 2 or len(mark.y) < 2 or z.count() == 0 or z.min() == z.max():
        return np.empty(0), np.empty(0)
    levels = 8 if mark.levels is None else mark.levels
    if np.ndim(levels) == 0:
        levels = [value for value, _ in linear_ticks(float(z.min()), float(z.max()), int(levels))]
    from contourpy import contour_generator

    lines = contour_generator(mark.x, mark.y, z, name="serial")
    pieces = [piece for level in levels for piece in lines.lines(float(level))]
    gap = np.full((1, 2), np.nan)
    joined = (
        np.concatenate([part for piece in pieces for part in (piece, gap)]) if pieces else np.empty((0, 2))
    )
    return joined[:, 0], joined[:, 1]

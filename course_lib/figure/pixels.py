"""Heatmaps and images as bytes: one a cell and a table of colours, or four a cell."""

import numpy as np

from course_lib.figure.style import colormap

__all__ = ["cells", "scale_table"]

# The last of the 256 entries of a table is a hole: cells whose value is no number show what lies below.
_HOLE = 255


def cells(values: np.ndarray, mark) -> tuple[bytes, bytes | None]:
    """The bytes of the values of a ``marks.Picture``, and its table of colours; none when the values are colours."""
    if values.ndim == 3:
        colors = (np.clip(np.nan_to_num(values), 0, 1) * 255 + 0.5).astype(np.uint8)
        if colors.shape[2] == 3:
            colors = np.concatenate([colors, np.full_like(colors[..., :1], 255)], axis=2)
        return colors.tobytes(), None
    low, high = _ends(values, mark)
    scale = (_HOLE - 1) / (high - low) if high != low else 0.0
    filled = np.nan_to_num(values, nan=low, posinf=max(low, high), neginf=min(low, high))
    index = np.clip((filled - low) * scale + 0.5, 0, _HOLE - 1).astype(np.uint8)
    index[~np.isfinite(values)] = _HOLE
    return index.tobytes(), scale_table(mark.cmap)


def scale_table(cmap: str) -> bytes:
    """A map of colours as a table of 256 x 4 bytes, whose last entry is a hole."""
    return colormap(cmap, _HOLE).tobytes() + bytes(4)


def _ends(values, mark):
    if mark.limits is not None:
        return mark.limits
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    if mark.cmap == "signed":
        high = max(abs(low), abs(high))
        low = -high
    return low, high

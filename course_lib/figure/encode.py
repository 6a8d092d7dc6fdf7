"""From pixels to the bytes of a picture in a saved notebook."""

import io

import numpy as np
from PIL import Image

__all__ = ["static_png"]

# Of the 256 colours of a saved picture; their distance, 5 of 255, is a whole number.
_GREYS = 52


def static_png(pixels: np.ndarray) -> bytes:
    """A small PNG: a palette of 256 colours, compressed hard; the same pixels, the same bytes.

    Greys have a part of the palette to themselves, so that a digit beside a heatmap is not faintly coloured.

    Args:
        pixels: shape (rows, columns, 3), uint8; a fourth channel is left out.
    """
    pixels = np.ascontiguousarray(pixels[..., :3])
    colours = 256 - _GREYS
    found = Image.fromarray(pixels).quantize(
        colours, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
    )
    grey = np.rint(pixels[..., 0] * ((_GREYS - 1) / 255)).astype(np.uint8)
    is_grey = (pixels == pixels[..., :1]).all(axis=-1)
    palette = np.zeros((256, 3), np.uint8)
    known = np.array(found.getpalette(), np.uint8)[: 3 * colours].reshape(-1, 3)
    palette[: len(known)] = known
    palette[colours:] = np.linspace(0, 255, _GREYS)[:, None]
    small = Image.fromarray(np.where(is_grey, colours + grey, np.asarray(found)).astype(np.uint8))
    small.putpalette(palette.tobytes())
    buffer = io.BytesIO()
    small.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()

"""From pixels to the bytes of a picture: JPEG for what moves and for heatmaps, PNG for line art that is looked at."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

__all__ = ["live", "static_png"]

# Of the 256 colours of a saved picture; their distance, 5 of 255, is a whole number.
_GREYS = 52


def live(pixels: np.ndarray, soft: bool) -> tuple[str, bytes]:
    """The quickest good encoding of RGBA pixels (rows, columns, 4): its format's name and its bytes.

    Args:
        soft: a JPEG will do, which takes half the time of a PNG, and less for heatmaps: the picture is shown for a
            moment only, or it holds a heatmap or a photograph.
    """
    if not soft:
        return "png", _quick_png(pixels)
    buffer = io.BytesIO()
    # No chroma subsampling: thin coloured lines and small text stay crisp.
    _opaque(pixels).save(buffer, "JPEG", quality=90, subsampling=0)
    return "jpeg", buffer.getvalue()


def _quick_png(pixels):
    """Unfiltered rows, lightly compressed: for flat colours as small as Pillow's PNG, in less than half the time."""
    rows, columns = pixels.shape[:2]
    # Each row of a PNG starts with the number of its filter; 0 is none. Without transparency the page decodes less.
    raw = np.zeros((rows, 1 + 3 * columns), np.uint8)
    raw[:, 1:] = np.frombuffer(_opaque(pixels).tobytes(), np.uint8).reshape(rows, -1)
    header = struct.pack(">IIBBBBB", columns, rows, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(raw, 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )


def static_png(pixels: np.ndarray) -> bytes:
    """A small PNG for a saved notebook: a palette of 256 colours, compressed hard; the same pixels, the same bytes.

    Greys have a part of the palette to themselves, so that a digit beside a heatmap is not faintly coloured.
    """
    image = _opaque(pixels)
    shades, colours = np.asarray(image), 256 - _GREYS
    found = image.quantize(colours, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    grey = np.rint(shades[..., 0] * ((_GREYS - 1) / 255)).astype(np.uint8)
    is_grey = (shades == shades[..., :1]).all(axis=-1)
    palette = np.zeros((256, 3), np.uint8)
    known = np.array(found.getpalette(), np.uint8)[: 3 * colours].reshape(-1, 3)
    palette[: len(known)] = known
    palette[colours:] = np.linspace(0, 255, _GREYS)[:, None]
    small = Image.fromarray(np.where(is_grey, colours + grey, np.asarray(found)).astype(np.uint8))
    small.putpalette(palette.tobytes())
    buffer = io.BytesIO()
    small.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _opaque(pixels):
    return Image.fromarray(np.ascontiguousarray(pixels[..., :3]))

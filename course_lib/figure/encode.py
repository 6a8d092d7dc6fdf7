"""From pixels to the bytes of a picture: JPEG for what moves and for heatmaps, PNG for line art that is looked at."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

__all__ = ["live", "static_png"]


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
    """A small PNG for a saved notebook: a palette of 256 colours, compressed hard; the same pixels, the same bytes."""
    opaque = _opaque(pixels)
    image = opaque.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    _grey_stays_grey(opaque, image).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _grey_stays_grey(opaque, image):
    """The picture with a palette, without the tint that a shared entry gives to grey pixels.

    An entry most of whose pixels are grey becomes grey. A grey pixel of another entry takes the nearest grey one, if
    there is one within eight levels.
    """
    colours, indices = np.asarray(opaque), np.array(image)
    palette = np.array(image.getpalette()).reshape(-1, 3)
    grey = (colours[..., 0] == colours[..., 1]) & (colours[..., 1] == colours[..., 2])
    of_all, of_grey = (np.bincount(one.ravel(), minlength=len(palette)) for one in (indices, indices[grey]))
    mostly = 2 * of_grey > of_all
    palette[mostly] = palette[mostly].mean(1).round().astype(int)[:, None]
    entries = np.flatnonzero(np.ptp(palette, axis=1) == 0)
    if len(entries):
        distance = np.abs(palette[entries, 0] - np.arange(256)[:, None])
        near, nearest = distance.min(1) <= 8, entries[distance.argmin(1)]
        level = colours[..., 0]
        moved = grey & (np.ptp(palette, axis=1) > 0)[indices] & near[level]
        indices[moved] = nearest[level[moved]]
    changed = Image.fromarray(indices.astype(np.uint8))  # with its palette it is of mode P
    changed.putpalette(palette.ravel().tolist())
    return changed


def _opaque(pixels):
    """A figure's pixels without their transparency: its paper covers everything."""
    return Image.frombuffer("RGBA", pixels.shape[1::-1], pixels, "raw", "RGBA", 0, 1).convert("RGB")

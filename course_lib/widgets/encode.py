"""From pixels to the bytes of a picture: PNG for line art, JPEG where heatmaps make a PNG slow."""

import io

import numpy as np
from PIL import Image

__all__ = ["live", "static_png"]


def live(pixels: np.ndarray, pictorial: bool) -> tuple[str, bytes]:
    """The quickest good encoding of RGBA pixels (rows, columns, 4): its format's name and its bytes.

    Args:
        pictorial: the picture holds a heatmap or a photograph.
    """
    image = Image.frombuffer("RGBA", pixels.shape[1::-1], pixels, "raw", "RGBA", 0, 1).convert("RGB")
    buffer = io.BytesIO()
    if pictorial:
        # No chroma subsampling: thin coloured lines and small text stay crisp.
        image.save(buffer, "JPEG", quality=90, subsampling=0)
        return "jpeg", buffer.getvalue()
    image.save(buffer, "PNG", compress_level=1)
    return "png", buffer.getvalue()


def static_png(pixels: np.ndarray) -> bytes:
    """A small PNG for a saved notebook: a palette of 256 colours, compressed hard; the same pixels, the same bytes."""
    image = Image.frombuffer("RGBA", pixels.shape[1::-1], pixels, "raw", "RGBA", 0, 1).convert("RGB")
    image = image.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()

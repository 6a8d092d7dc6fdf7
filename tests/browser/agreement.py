"""How far two painters disagree about one picture, when each may place the edges of things a little differently.

share, where = disagreement(one, other)
"""

import numpy as np
from PIL import Image

__all__ = ["disagreement"]

# Colours at edges are mixtures of their neighbours, so what lies between these agrees. A line or a stem of one pixel
# falls on one row in one picture and half on each of two in the other: then half of its contrast is missing, and a
# little more where it is slanted. What is absent, moved or of another colour misses nearly all of it.
_THIN = 0.55
# Steps of a channel that rounding, blending in another order and a gradient that is interpolated differently may cost.
_ROUNDING = 8


def disagreement(a: Image.Image, b: Image.Image, radius: float = 1.5) -> tuple[float, Image.Image]:
    """The share of pixels that one picture has and the other has nowhere near.

    For each pixel its colour is sought in the other picture among the pixels whose centres are at most ``radius`` away
    from its own. The difference is the largest over the channels to the range of the colours there; what smoothing of
    edges explains, given the contrast around the pixel in its own picture, does not count.

    Args:
        a, b: pictures of one size; transparent parts count as white.
        radius: pixels.

    Returns:
        The share, from 0 to 1, and a picture of it: ``a`` made pale, red what only ``a`` has, blue what only ``b`` has,
        violet where both have something else.

    Raises:
        ValueError: the sizes differ, or the radius is negative.
    """
    if a.size != b.size:
        raise ValueError(
            f"b: expected {a.size[0]} x {a.size[1]} pixels as a has, got {b.size[0]} x {b.size[1]}"
        )
    if not radius >= 0:
        raise ValueError(f"radius: expected a number of pixels, at least 0, got {radius!r}")
    first, second = _pixels(a), _pixels(b)
    around_first, around_second = _range(first, radius), _range(second, radius)
    only_a = _is_foreign(first, around_first, around_second)
    only_b = _is_foreign(second, around_second, around_first)
    shown = 255 - (255 - first) // 4
    for where, color in ((only_a, (255, 0, 0)), (only_b, (0, 0, 255)), (only_a & only_b, (160, 0, 160))):
        shown[where] = color
    return float((only_a | only_b).mean()), Image.fromarray(shown)


def _pixels(picture):
    picture = picture.convert("RGBA")
    paper = Image.new("RGBA", picture.size, "white")
    return np.array(Image.alpha_composite(paper, picture).convert("RGB"))


def _range(pixels, radius):
    """The least and the largest value of each channel around each pixel, both of shape (height, width, 3)."""
    height, width, _ = pixels.shape
    reach = int(radius)
    padded = np.pad(pixels, ((reach, reach), (reach, reach), (0, 0)), mode="edge")
    low, high = pixels.copy(), pixels.copy()
    for down in range(-reach, reach + 1):
        for right in range(-reach, reach + 1):
            if down**2 + right**2 <= radius**2:
                near = padded[reach + down : reach + down + height, reach + right : reach + right + width]
                np.minimum(low, near, out=low)
                np.maximum(high, near, out=high)
    return low.astype(np.int16), high.astype(np.int16)


def _is_foreign(pixels, own, other):
    """Where ``pixels`` are outside the range ``other`` by more than smoothing explains, shape (height, width)."""
    beyond = np.maximum(other[0] - pixels, pixels - other[1])
    explained = _ROUNDING + _THIN * (own[1] - own[0])
    return (beyond > explained).any(axis=2)

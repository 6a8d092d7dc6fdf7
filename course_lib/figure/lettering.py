"""Texts as masks: letters where the font puts them, not rounded to whole pixels, at any angle."""

import math
from functools import lru_cache

from PIL import Image, ImageDraw

from course_lib.figure.measure import LINE, font, text_width

__all__ = ["letter"]

# Letters are painted this many times larger and averaged: places and widths are then right to a quarter of a pixel.
_FINE = 4
_SHIFT = {"left": 0.0, "center": 0.5, "right": 1.0}


def letter(picture: Image.Image, text, color, x: float, y: float):
    """Writes into a picture.

    Args:
        text: ``(string, size, align, angle, weight)``, as in a frame, with the size in pixels of the picture.
        color: red, green, blue and opacity, 0 to 255.
        x, y: the end or middle of the baseline of the first line, in pixels of the picture.
    """
    string, size, align, angle, weight = text
    if not string.strip():
        return
    mask, left, top = _mask(string, size, align, angle, weight)
    # Strokes along the rows and columns of pixels are sharper when the baseline stands on one.
    x, y = (round(x) if angle % 180 == 90 else x), (round(y) if angle % 180 == 0 else y)
    left, top = round(x * _FINE + left), round(y * _FINE + top)
    column, row = left // _FINE, top // _FINE
    right, below = -(-(left + mask.width) // _FINE), -(-(top + mask.height) // _FINE)
    fine = Image.new("L", ((right - column) * _FINE, (below - row) * _FINE))
    fine.paste(mask, (left - column * _FINE, top - row * _FINE))
    small = fine.reduce(_FINE)
    if color[3] < 255:
        small = small.point(lambda shade: shade * color[3] // 255)
    picture.paste(color[:3], (column, row), small)


@lru_cache(maxsize=256)
def _mask(string, size, align, angle, weight):
    """A text in fine pixels, and where its upper left corner is from the anchor."""
    letters = font(size * _FINE, weight)
    spots = list(_spots(string, size * _FINE, align, weight))
    boxes = [(x, y, *letters.getbbox(one, anchor="ls")) for one, x, y in spots]
    left, top = (math.floor(min(box[i] + box[i + 2] for box in boxes)) - 1 for i in (0, 1))
    right, below = (math.ceil(max(box[i] + box[i + 4] for box in boxes)) + 1 for i in (0, 1))
    mask = Image.new("L", (right - left, below - top))
    pen = ImageDraw.Draw(mask)
    for one, x, y in spots:
        pen.text((x - left, y - top), one, fill=255, font=letters, anchor="ls")
    # The middle keeps its place when the mask is turned around it.
    middle = (left + mask.width / 2, top + mask.height / 2)
    cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    x, y = middle[0] * cosine + middle[1] * sine, middle[1] * cosine - middle[0] * sine
    if angle % 360:
        mask = mask.rotate(angle, Image.Resampling.BICUBIC, expand=True)
    return mask, x - mask.width / 2, y - mask.height / 2


def _spots(string, size, align, weight):
    """Each letter and its place: Pillow alone would put all of them a whole number of pixels apart."""
    for number, line in enumerate(string.split("\n")):
        x = -_SHIFT[align] * text_width(line, size, weight)
        for one in line:
            yield one, x, number * LINE * size
            x += text_width(one, size, weight)

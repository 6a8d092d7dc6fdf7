"""Texts of a picture: where their baseline stands, and what to do when there is no room."""

import math

from course_lib.figure.measure import LINE, text_width
from course_lib.figure.style import INK, SIZES

__all__ = ["ASCENT", "DESCENT", "LINE", "MIDDLE", "extent", "fitted", "text"]

# In sizes of the font: from the baseline up to the top of a capital, down to the tail of a g, and up to the middle of a
# digit.
ASCENT, DESCENT, MIDDLE = 0.76, 0.236, 0.365
# A text too long for its room gets smaller to this part of its size, in two lines at the most.
_LEAST = 0.8


def text(string, x, y, size, align="left", angle=0, color=INK, weight="normal") -> list:
    """A text as a painter knows it; x and the baseline y in pixels."""
    return [string, round(float(x), 1), round(float(y), 1), round(size, 2), align, angle, color, weight]


def extent(item) -> tuple[float, float, float, float]:
    """What a text covers: left, top, right and bottom in pixels."""
    string, x, y, size, align, angle, _, weight = item
    width = text_width(string, size, weight)
    left = {"left": 0.0, "center": -width / 2, "right": -width}[align]
    top, bottom = -ASCENT * size, (DESCENT + LINE * string.count("\n")) * size
    if angle == 0:
        return x + left, y + top, x + left + width, y + bottom
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    corners = [(a * cos + b * sin, b * cos - a * sin) for a in (left, left + width) for b in (top, bottom)]
    across, down = zip(*corners, strict=True)
    return x + min(across), y + min(down), x + max(across), y + max(down)


def fitted(string: str, part: str, room: float, weight: str = "normal") -> tuple[str, float]:
    """The text and its size so that it fits into ``room`` pixels, if it can.

    >>> fitted("short", "title", 400)[0]
    'short'
    >>> fitted("a title that has two lines to itself", "title", 200)[0].count(chr(10))
    1
    """
    size = SIZES[part]
    width = text_width(string, size, weight)
    if width <= room:
        return string, size
    if width * _LEAST > room and " " in string:
        string = _in_two(string, size, weight)
        width = text_width(string, size, weight)
    return string, size * max(_LEAST, min(1.0, room / width))


def _in_two(string, size, weight):
    spaces = [place for place, sign in enumerate(string) if sign == " "]
    halves = [f"{string[:place]}\n{string[place + 1 :]}" for place in spaces]
    return min(halves, key=lambda one: text_width(one, size, weight))

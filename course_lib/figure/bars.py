"""Bars of a panel: which stand side by side, and the numbers on them."""

from dataclasses import dataclass

import numpy as np

from course_lib.figure.measure import text_width
from course_lib.figure.style import INK, PAPER, PX, SIZES
from course_lib.figure.words import ASCENT, DESCENT, LINE, MIDDLE, text
from course_lib.numerals import pretty

__all__ = ["BarPlace", "bar_texts", "place_bars"]


@dataclass(frozen=True)
class BarPlace:
    """Where the bars of one mark stand: the left ends and the width in units of the horizontal axis."""

    left: np.ndarray
    width: float
    hatch: str

    @staticmethod
    def ends(heights, space) -> tuple[float, np.ndarray]:
        """The foot of the bars and their tops as fractions; what leaves the view ends at its edge."""
        low, high = sorted(space.ylim)
        base = low if space.yscale == "log" else 0.0
        tops = np.clip(np.nan_to_num(heights, nan=base, posinf=high, neginf=low), low, high)
        return float(np.clip(space.y(base), 0, 1)), space.y(tops)


def place_bars(bars) -> tuple[dict[str, BarPlace], list[str]]:
    """Where each mark's bars stand, and the names under them.

    Marks of the same names share their places, others follow on the right.

    Args:
        bars: name to mark.
    """
    groups = {}
    for name, mark in bars.items():
        groups.setdefault(mark.categories, []).append(name)
    places, labels = {}, []
    for names, members in groups.items():
        width = 0.72 / len(members)
        for index, name in enumerate(members):
            left = len(labels) + np.arange(len(names)) - 0.36 + index * width
            # Hatching is the second coding of bars that stand side by side.
            hatch = bars[name].look.role.hatch if len(members) > 1 and index else ""
            places[name] = BarPlace(left, width * (0.94 if len(members) > 1 else 1), hatch)
        labels.extend(names)
    return places, labels


def bar_texts(mark, place: BarPlace, space, box) -> list[list]:
    """The numbers on the bars of a mark whose panel stands in ``box``: what is asked for, and what leaves the view."""
    x, y, width, height = box
    base, tops = place.ends(mark.heights, space)
    centers = x + space.x(place.left + place.width / 2) * width
    room = place.width / abs(space.xlim[1] - space.xlim[0]) * width
    low, high = sorted(space.ylim)
    texts = []
    for center, value, top in zip(centers, mark.heights, tops, strict=True):
        cut = value > high or value < low
        if not (cut or mark.values or not np.isfinite(value)):
            continue
        # A bar that leaves the view says so inside its end; other numbers stand outside it.
        inside = cut and abs(top - base) > 0.25
        outwards = (value >= 0 or not np.isfinite(value)) != inside or (cut and not inside)
        texts.append(_bar_text(mark, value, cut, inside, outwards, center, y + (1 - top) * height, room))
    return texts


def _bar_text(mark, value, cut, inside, above, x, end, room):
    size = 18 * PX if np.isinf(value) else SIZES["value"]
    weight = "bold" if inside else "normal"
    string = pretty(value, mark.values or ".3g", undefined="NaN")
    upright = text_width(string, size, weight) > room and np.isfinite(value)
    if cut and np.isfinite(value):
        up = value > 0
        string = f"{string} {'→' if up else '←'}" if upright else f"{'↑' if up else '↓'}\n{string}"
    look = {"color": PAPER if inside else INK, "weight": weight}
    gap = 4.0
    if upright:
        align = "left" if above else "right"
        return text(string, x + MIDDLE * size, end - gap if above else end + gap, size, align, 90, **look)
    lines = string.count("\n")
    y = end - gap - (DESCENT * 0.4 + LINE * lines) * size if above else end + gap + ASCENT * size
    return text(string, x, y, size, "center", **look)

"""What stands around the data of a panel: ticks and their labels, names, heading, legend, the scale of colours."""

import textwrap
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from course_lib.figure.legend import legend, legend_height, legend_rows
from course_lib.figure.look import ColorScale
from course_lib.figure.measure import text_width
from course_lib.figure.panel import Panel
from course_lib.figure.pixels import scale_table
from course_lib.figure.space import Space
from course_lib.figure.style import PX, SIZES
from course_lib.figure.ticks import linear_ticks, log_ticks
from course_lib.figure.words import ASCENT, DESCENT, LINE, MIDDLE, extent, fitted, text

__all__ = ["Dress"]

_NOTCH, _PAD = 3.5 * PX, 4 * PX
_SCALE_GAP, _SCALE_WIDTH = 8 * PX, 11 * PX
_LABEL_GAP, _HEADING_GAP = 5 * PX, 7 * PX


@dataclass(frozen=True)
class Dress:
    """One panel without its marks; two are equal when the same is written around their boxes.

    Attributes:
        space: limits and scales.
        names: what stands under the horizontal axis, one each whole number, instead of numbers.
        heading: above everything.
        entries: ``(label, handle)`` of the legend.
        scale: what the colours of a heatmap mean.
    """

    panel: Panel
    space: Space
    names: tuple[str, ...] | None = None
    heading: str = ""
    entries: tuple = ()
    scale: ColorScale | None = None

    # What does not depend on the room

    def ticks(self, axis: str) -> list[tuple[float, str]]:
        """Fractions along an axis (``"x"`` or ``"y"``) and labels."""
        if axis == "x" and self.names is not None:
            return list(zip(self._fractions("x", range(len(self.names))), self.names, strict=True))
        scale, limits = getattr(self.space, f"{axis}scale"), getattr(self.space, f"{axis}lim")
        values, labels = zip(*(log_ticks if scale == "log" else linear_ticks)(*limits), strict=True) or (
            (),
            (),
        )
        return list(zip(self._fractions(axis, values), labels, strict=True))

    def _fractions(self, axis, values):
        return [round(float(part), 5) for part in getattr(self.space, axis)(list(values))]

    def _scale_ticks(self):
        low, high = self.scale.limits
        return [((value - low) / (high - low), label) for value, label in linear_ticks(low, high, 5)]

    def table(self, blobs) -> int | None:
        """The number of the blob with the colours of the scale; ``None`` where there is no scale."""
        return None if self.scale is None else blobs.add(scale_table(self.scale.cmap))

    def head(self, table: int | None) -> dict:
        """The part of a frame's dress that is the same wherever the panel stands; ``table`` is as above."""
        numbered = self.names is None
        scale = None
        if self.scale is not None:
            ticks = [round(at, 5) for at, _ in self._scale_ticks()]
            scale = {"table": table, "ticks": ticks, "flip": False}
        return {
            "name": self.panel.name,
            "xlim": list(map(float, self.space.xlim)),
            "ylim": list(map(float, self.space.ylim)),
            "xscale": self.space.xscale,
            "yscale": self.space.yscale,
            "axes": self.panel.axes,
            "xticks": [at for at, _ in self.ticks("x")],
            "yticks": [at for at, _ in self.ticks("y")],
            "grid": "xy" if numbered else "y",
            "notches": "xy" if numbered else "y",
            "scale": scale,
        }

    # What does

    def rows(self, width: float) -> int:
        """Rows of the legend above a box of this width."""
        return len(legend_rows(self.entries, width))

    def place(self, box, rows: int) -> dict:
        """What is written around ``box`` = (x, y, width, height), under a legend with room for ``rows`` rows."""
        texts, keys = legend(self.entries, box, rows)
        if self.panel.axes:
            texts += self._write_axes(box)
        x, y, width, height = box
        if self.heading:
            string, size = fitted(self.heading, "title", max(width, 200.0))
            lines = string.count("\n")
            base = y - legend_height(rows) - _HEADING_GAP - lines * LINE * size
            texts.append(text(string, x, base, size))
        scale = None
        if self.scale is not None:
            scale = [round(x + width + _SCALE_GAP, 1), round(y, 1), round(_SCALE_WIDTH, 1), round(height, 1)]
            texts += self._write_scale(scale)
        return {"box": [round(part, 1) for part in box], "texts": texts, "keys": keys, "scale": scale}

    def border(self, box, rows: int) -> tuple[float, float, float, float]:
        """Pixels that the writing around ``box`` needs: left, below, right, above."""
        x, y, width, height = box
        placed = self.place(box, rows)
        left = below = right = 0.0
        above = max(legend_height(rows), 4.0)
        for item in placed["texts"]:
            x0, y0, x1, y1 = extent(item)
            left, right = max(left, x - x0), max(right, x1 - x - width)
            above, below = max(above, y - y0), max(below, y1 - y - height)
        return left, below, right, above

    def _write_axes(self, box):
        x, y, width, height = box
        size = SIZES["tick"]
        away = x - _NOTCH - _PAD
        ticks = [(at, label) for at, label in self.ticks("y") if np.isfinite(at)]
        texts = [
            text(label, away, y + (1 - at) * height + MIDDLE * size, size, "right") for at, label in ticks
        ]
        below = self._write_below(box)
        bottom = max((extent(item)[3] for item in below), default=y + height + _NOTCH + _PAD)
        if self.panel.ylabel:
            widest = max((text_width(label, size) for _, label in ticks), default=0.0)
            string, big = fitted(self.panel.ylabel, "label", height + 40)
            lines = string.count("\n")
            at = away - widest - _LABEL_GAP - (DESCENT + lines * LINE) * big
            texts.append(text(string, at, y + height / 2, big, "center", 90))
        if self.panel.xlabel:
            string, big = fitted(self.panel.xlabel, "label", width + 20)
            texts.append(text(string, x + width / 2, bottom + _PAD * 0.6 + ASCENT * big, big, "center"))
        return texts + below

    def _write_below(self, box):
        x, y, width, height = box
        size = SIZES["tick"]
        top = y + height + _PAD + (0 if self.names else _NOTCH)
        base = top + ASCENT * size
        ticks = [(x + at * width, label) for at, label in self.ticks("x") if np.isfinite(at)]
        if self.names is None:
            ticks = ticks[:: _every(ticks, size)]
            return [text(label, at, base, size, "center") for at, label in ticks]
        room = width / (len(self.names) + 0.2) * 0.96
        broken = [textwrap.fill(name.replace("_", " "), 9) for name in self.names]
        for labels in (self.names, broken):
            if max(text_width(label, size) for label in labels) <= room:
                return [
                    text(label, at, base, size, "center")
                    for (at, _), label in zip(ticks, labels, strict=True)
                ]
        # Slanted names end under their bars.
        return [text(label, at + 0.3 * size, top + 0.7 * size, size, "right", 38) for at, label in ticks]

    def _write_scale(self, scale):
        x, y, width, height = scale
        size, edge = SIZES["tick"], x + width + _NOTCH + 3 * PX
        ticks = self._scale_ticks()
        texts = [text(label, edge, y + (1 - at) * height + MIDDLE * size, size) for at, label in ticks]
        widest = max(text_width(label, size) for _, label in ticks)
        string, big = fitted(self.scale.label, "label", height + 40)
        middle = edge + widest + 6 * PX + ASCENT * big
        return [*texts, text(string, middle, y + height / 2, big, "center", 90)]


def _every(ticks, size):
    """Which of the labels in a row have room: each one, each second one, ..."""
    for every in range(1, max(2, len(ticks))):
        some = ticks[::every]
        ends = [(at - text_width(label, size) / 2, at + text_width(label, size) / 2) for at, label in some]
        ends.sort()
        if all(right + 0.3 * size <= left for (_, right), (left, _) in pairwise(ends)):
            return every
    return max(1, len(ticks))

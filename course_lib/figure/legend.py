"""A legend above the axes, in rows that fit their width: it never covers data, and is laid out once a change."""

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from matplotlib.textpath import text_to_path

from course_lib.figure import style

__all__ = ["Legend"]

_HANDLE, _GAP, _SPACE, _ROW = 24.0, 6.0, 15.0, 17.0  # points


class Legend:
    """The labels of what one axes shows now."""

    def __init__(self, axes, memory):
        self.axes = axes
        self.entries = ()
        self.memory = memory
        self.changes = 0
        self.artists = []

    def update(self, shown, force=False) -> bool:
        """Shows the labels of the marks ``shown``; whether anything changed."""
        entries = {}
        for mark, hatch in shown:
            if mark.look.label:
                entries.setdefault((mark.look.label, mark.handle(hatch)), None)
        entries = tuple(entries)
        if entries == self.entries and not force:
            return False
        self.changes += entries != self.entries
        self.entries = entries
        for artist in self.artists:
            artist.remove()
        self.artists = []
        self._place()
        return True

    @property
    def moves(self) -> bool:
        """Whether labels change again and again (numbers in them), so that the legend is no part of the background."""
        return self.changes > 3

    def _place(self):
        unit = self.axes.figure.dpi / 72
        available = self.axes.bbox.width / unit
        font = style.font("legend")
        texts = [
            Text(text=label, fontproperties=font, color=style.INK, va="center") for label, _ in self.entries
        ]
        lines, used = [[]], 0.0
        for (label, handle), text in zip(self.entries, texts, strict=True):
            # The width without hinting, which does not depend on the resolution.
            bare = text_to_path.get_text_width_height_descent(label, font, "$" in label)[0]
            width = _HANDLE + _GAP + bare
            if lines[-1] and used + width > available:
                lines.append([])
                used = 0.0
            lines[-1].append((used, handle, text))
            used += width + _SPACE
        self.memory.legend_rows = max(len(lines) if self.entries else 0, self.memory.legend_rows)
        for row, line in enumerate(lines):
            y = (self.memory.legend_rows - 1 - row + 0.5) * _ROW + 4
            for x, handle, text in line:
                self._add(x, y, handle, text, unit)

    def _add(self, x, y, handle, text, unit):
        box = self.axes.bbox

        # Coordinates in axes fractions stay right when the figure is painted at another resolution.
        def place(points_x, points_y):
            return np.asarray(points_x) * unit / box.width, 1 + np.asarray(points_y) * unit / box.height

        common = {"transform": self.axes.transAxes, "clip_on": False, "zorder": 5}
        if handle.kind == "line":
            line = {"color": handle.color, "linestyle": handle.line, "linewidth": handle.width}
            before = Line2D(*place([x, x + _HANDLE], [y, y]), **line, **common)
        elif handle.kind == "dot":
            dot = {"color": handle.color, "marker": handle.marker, "linestyle": "", "markersize": 8, "mew": 0}
            before = Line2D(*place([x + _HANDLE / 2], [y]), **dot, **common)
        else:
            (left, right), (low, high) = place([x, x + _HANDLE], [y - 5, y + 5])
            fill = {
                "facecolor": handle.color,
                "hatch": handle.hatch or None,
                "edgecolor": style.PAPER,
                "lw": 0,
            }
            before = Rectangle((left, low), right - left, high - low, **fill, **common)
        text.set(transform=self.axes.transAxes, clip_on=False, zorder=5)
        text.set_position(tuple(float(part) for part in place(x + _HANDLE + _GAP, y)))
        for artist in (before, text):
            self.axes.add_artist(artist)
            artist.set_clip_on(False)
            self.artists.append(artist)

    @property
    def height(self) -> float:
        """Points taken above the axes, at the most so far: what stands around it need not move when it shrinks."""
        rows = self.memory.legend_rows
        return rows * _ROW + (4 if rows else 0)

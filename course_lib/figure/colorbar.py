"""What the colours of a heatmap mean: a scale beside its panel."""

import numpy as np
from matplotlib.ticker import MaxNLocator

from course_lib.figure import style
from course_lib.figure.look import Look
from course_lib.figure.marks import Picture
from course_lib.figure.pixels import PixelArtist

__all__ = ["ColorBar"]

_GAP, _WIDTH = 8.0, 11.0  # points


class ColorBar:
    """The scale of the first mark in a panel that has one; made when it is needed."""

    def __init__(self, axes):
        self.axes = axes
        self.own = None
        self.shown = None

    def update(self, shown) -> bool:
        """Shows the scale for the marks ``shown``; whether anything changed."""
        now = next((mark.color_scale for mark in shown if mark.color_scale is not None), None)
        if now == self.shown:
            return False
        self.shown = now
        if self.own is not None:
            self.own.set_visible(now is not None)
        if now is not None:
            self._make(now)
        return True

    def _make(self, scale):
        if self.own is None:
            label = f"colours of {self.axes.get_label()}"
            self.own = self.axes.figure.add_axes((0, 0, 0.1, 0.1), label=label)
            self.pixels = self.own.add_artist(PixelArtist())
            self.own.set(xlim=(0, 1), xticks=[], autoscale_on=False)
            self.own.yaxis.tick_right()
            self.own.yaxis.set_label_position("right")
            self.own.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
            self.own.tick_params(color=style.MUTED, labelcolor=style.INK, length=3.5, width=1.0, pad=3)
            for spine in self.own.spines.values():
                spine.set_visible(False)
        for tick in self.own.yaxis.get_major_ticks(8):
            tick.label2.set_fontproperties(style.font("tick"))
        low, high = scale.limits
        steps = np.linspace(low, high, 256)[:, None]
        extent = (0.0, 1.0, min(low, high), max(low, high))
        self.pixels.set_picture(Picture(Look(), steps, extent, scale.cmap, scale.limits))
        self.own.set_ylim(low, high)
        self.own.set_ylabel(scale.label, fontproperties=style.font("label"), color=style.INK, labelpad=6)

    @property
    def visible(self) -> bool:
        """Whether there is a scale to make room for."""
        return self.shown is not None

    def width(self, renderer, unit) -> float:
        """Pixels that it takes beside the panel; ``unit`` pixels are a point."""
        if not self.visible:
            return 0.0
        tight = self.own.yaxis.get_tightbbox(renderer)
        return (_GAP + _WIDTH) * unit + max(tight.x1 - self.own.bbox.x1, 0.0)

    def place(self, unit):
        """Puts it beside the panel as that stands now."""
        if self.visible:
            box, whole = self.axes.bbox, self.axes.figure.bbox
            x, width = (box.x1 + _GAP * unit) / whole.width, _WIDTH * unit / whole.width
            self.own.set_position((x, box.y0 / whole.height, width, box.height / whole.height))

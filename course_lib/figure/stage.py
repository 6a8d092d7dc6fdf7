"""The canvas under every moving picture of the course: marks in, encoded pixels out, quickly."""

import threading
from collections import OrderedDict

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from course_lib.figure import encode, style
from course_lib.figure.arrangement import arrange
from course_lib.figure.panel import panel_rows
from course_lib.figure.slots import Slot
from course_lib.figure.view import View

__all__ = ["Stage"]

# Matplotlib's fonts and text layout are shared by all figures and not made for threads.
_PAINTING = threading.RLock()
# The buffers of a figure take megabytes; only the stages used last keep theirs.
_WARM: "OrderedDict[int, Stage]" = OrderedDict()
_WARM_STAGES = 6


class Stage:
    """One persistent figure that shows views: what stands still is painted once, what moves is blitted over it.

    It knows neither sliders nor notebooks, so that anything which makes frames can use it::

        stage = Stage([Panel("loss", xlabel="step"), Panel("samples", aspect="equal")], size=(9, 4))
        view = stage.view()                  # an empty View; every frame starts with a new one
        view["loss"].curve("loss", steps, losses, color="q", label="loss")
        view["samples"].scatter("fake", points, color="model")
        format, data = stage.frame(view)     # "png" or "jpeg", and the bytes for a widgets.Image

    A name that the next view does not draw is hidden. Collecting marks in a view is cheap and needs no lock; painting
    holds one lock for all stages, so ``frame`` may be called from any thread. The first frame takes about ten times
    as long as a later one, and so does one that changes limits, ticks or the legend's rows.

    Args:
        panels: a list of ``Panel``, or of rows of them; ``None`` is one panel, ``"main"``.
        size: width and height in inches; 100 CSS pixels on the screen are one inch.
        title: stands above all panels.
        scale: pixels of the picture for one CSS pixel.
        like: another stage of the same panels that shows the same views; limits that follow the data agree then.
    """

    def __init__(self, panels=None, size=(9, 4), title=None, scale=2.0, like=None):
        rows = panel_rows(panels)
        self.size = tuple(float(inches) for inches in size)
        self.panels = [panel for row in rows for panel in row]
        memory = {name: slot.memory for name, slot in like.slots.items()} if like else {}
        with _PAINTING:
            self.figure = Figure(figsize=self.size, dpi=100 * scale, facecolor=style.PAPER)
            self.canvas = FigureCanvasAgg(self.figure)
            self.rows = [[Slot(self.figure, panel, memory.get(panel.name)) for panel in row] for row in rows]
        self.slots = {slot.panel.name: slot for row in self.rows for slot in row}
        self.title = title
        if title:
            font = style.font("title", size=16.0, weight="bold")
            heading = Text(0, 0, title, fontproperties=font, va="top", color=style.INK, transform=None)
            self.figure.add_artist(heading)
            heading.set_position((10 * self._unit, self.figure.bbox.height - 8 * self._unit))
        self._background = None
        self._closed = False

    @property
    def _unit(self):
        return self.figure.dpi / 72

    def view(self) -> View:
        """An empty view of this stage's panels."""
        return View.of(self.panels)

    def show(self, view: View):
        """Takes over what a view holds, without painting."""
        with _PAINTING:
            for name, slot in self.slots.items():
                slot.show(view.panels[name])

    def pixels(self) -> np.ndarray:
        """Paints; the picture as RGBA of shape (rows, columns, 4), uint8, valid until the next call."""
        with _PAINTING:
            if self._closed:
                raise ValueError("stage: expected an open one, got one that was closed")
            self._warm()
            renderer = self.canvas.get_renderer()
            slots = self.slots.values()
            for slot in slots:
                slot.write_legend()
            if any(slot.crowded for slot in slots):
                self._arrange(renderer)
            if self._background is None or any(slot.dirty for slot in slots):
                self._paint_background()
            renderer = self.canvas.get_renderer()
            buffer = np.asarray(self.canvas.buffer_rgba())
            np.copyto(buffer, self._background)
            for slot in slots:
                for artist in slot.moving():
                    artist.draw(renderer)
            return buffer

    def frame(self, view: View, passing: bool = False) -> tuple[str, bytes]:
        """Shows a view: the format (``"png"`` or ``"jpeg"``) and the bytes of its picture.

        Args:
            passing: the picture is shown for a moment only, and the sooner the better.
        """
        with _PAINTING:
            self.show(view)
            return encode.live(self.pixels(), soft=passing or self._pictorial())

    def static_png(self) -> bytes:
        """What is shown now as a small PNG, for a saved notebook."""
        with _PAINTING:
            return encode.static_png(self.pixels())

    def close(self):
        """Frees the figure; the stage cannot be used afterwards."""
        with _PAINTING:
            self._closed = True
            _WARM.pop(id(self), None)
            self._cool()
            self.figure.clear()

    def _pictorial(self):
        """Whether heatmaps and images fill enough of the picture to make a PNG slow."""
        area = 0.0
        for slot in self.slots.values():
            if any(mark.pictorial for mark in slot.shown.values()):
                area += slot.axes.bbox.width * slot.axes.bbox.height
        return area > 0.12 * self.figure.bbox.width * self.figure.bbox.height

    def _arrange(self, renderer):
        top = 28.0 if self.title else 0.0
        # Ticks and the rows of a legend depend on the room, and the room on them: a second pass settles both.
        for _ in range(2):
            for slot in self.slots.values():
                slot.write_categories(renderer)
                slot.place_heading()
            arrange(self.figure, self.rows, renderer, top)
            for slot in self.slots.values():
                slot.axes.apply_aspect()
                slot.bar.place(self._unit)
                slot.write_legend(force=True)
        for slot in self.slots.values():
            slot.write_categories(renderer)
            slot.place_heading()
            slot.fit()
            slot.crowded = False
            slot.dirty = True

    def _paint_background(self):
        moving = [artist for slot in self.slots.values() for artist in slot.moving()]
        for artist in moving:
            artist.set_visible(False)
        try:
            self.canvas.draw()
        finally:
            for artist in moving:
                artist.set_visible(True)
        self._background = np.array(self.canvas.buffer_rgba())
        for slot in self.slots.values():
            slot.dirty = False

    def _warm(self):
        _WARM[id(self)] = self
        _WARM.move_to_end(id(self))
        while len(_WARM) > _WARM_STAGES:
            _, coldest = _WARM.popitem(last=False)
            coldest._cool()

    def _cool(self):
        self._background = None
        # The next use makes a new renderer.
        self.canvas.__dict__.pop("renderer", None)
        self.canvas.__dict__.pop("_lastKey", None)

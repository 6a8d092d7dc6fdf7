"""From views to frames: what a picture remembers from one to the next, and how all of it is put together."""

import threading

import numpy as np

from course_lib.figure import arrangement
from course_lib.figure.bars import bar_texts, place_bars
from course_lib.figure.dress import Dress
from course_lib.figure.follower import Follower
from course_lib.figure.frame import Blobs, Frame, dump
from course_lib.figure.marks import Bars
from course_lib.figure.panel import panel_rows
from course_lib.figure.shapes import shapes
from course_lib.figure.space import Space
from course_lib.figure.view import View

__all__ = ["Stage"]


class Stage:
    """Makes frames of one picture: its limits follow the data calmly, and its legends do not jump.

    It knows neither sliders nor notebooks nor painters, so that anything which makes frames can use it::

        stage = Stage([Panel("loss", xlabel="step"), Panel("samples", aspect="equal")], size=(9, 4))
        view = stage.view()                  # an empty View; every frame starts with a new one
        view["loss"].curve("loss", steps, losses, color="q", label="loss")
        view["samples"].scatter("fake", points, color="model")
        frame = stage.frame(view)            # bytes for a page, or for agg.paint

    ``frame`` may be called from any thread.

    Args:
        panels: a list of ``Panel``, or of rows of them; ``None`` is one panel, ``"main"``.
        size: width and height in inches; 100 CSS pixels on the screen are one inch.
        title: stands above all panels.
        alt: one sentence that says what is to be seen.
    """

    def __init__(self, panels=None, size=(9, 4), title=None, alt=""):
        self._rows = [[panel.name for panel in row] for row in panel_rows(panels)]
        self.panels = [panel for row in panel_rows(panels) for panel in row]
        self.size = tuple(float(inches) for inches in size)
        self.title, self.alt = title, alt
        self._followers = {
            panel.name: (Follower(panel.xscale), Follower(panel.yscale)) for panel in self.panels
        }
        self._legends = {}
        self._arranged = None, None, None
        self._lock = threading.Lock()

    def view(self) -> View:
        """An empty view of this stage's panels."""
        return View.of(self.panels)

    def frame(self, view: View) -> Frame:
        """The frame of a view."""
        with self._lock:
            panels = [_Content(panel, view.panels[panel.name]) for panel in self.panels]
            dresses = {one.panel.name: one.dress(*self._followers[one.panel.name]) for one in panels}
            around = self._around(dresses)
        blobs = Blobs()
        head = {
            "alt": self.alt,
            "readouts": [[one.label, one.text] for one in view.readouts.values()],
            "plan": around.plan(blobs),
        }
        numbers = []
        for one in panels:
            name = one.panel.name
            dress = around.dress(name, blobs)
            numbers.append([dress, blobs.json(one.marks(dresses[name].space, around.boxes(name), blobs))])
        return blobs.frame({**head, "panels": numbers})

    def memory(self):
        """What the next frame depends on besides its view: limits and rows of legends. Equal when nothing changed."""
        limits = tuple((x.limits, y.limits) for x, y in self._followers.values())
        return limits, {place: dict(rows) for place, rows in self._legends.items()}

    def recall(self, memory):
        """Goes back to what ``memory()`` gave."""
        with self._lock:
            limits, legends = memory
            for (x, y), (xlim, ylim) in zip(self._followers.values(), limits, strict=True):
                x.limits, y.limits = xlim, ylim
            self._legends = {place: dict(rows) for place, rows in legends.items()}

    def _around(self, dresses) -> "_Around":
        known, legends, around = self._arranged
        if (known, legends) != (dresses, self._legends):
            rows = [[dresses[name] for name in row] for row in self._rows]
            width, height = (inches * 100 for inches in self.size)
            around = _Around(dresses, arrangement.places(rows, width, height, self.title, self._legends))
            self._arranged = dresses, self.memory()[1], around
        return around


class _Around:
    """All that stands around the data, written once for as many frames as share it."""

    def __init__(self, dresses, places):
        self._dresses, self._places = dresses, places
        plan = [{part: place[part] for part in ("width", "height", "texts")} for place in places]
        self._plan = dump({"places": plan})
        self._written = {}

    def plan(self, blobs) -> int:
        """The number of the plan's blob."""
        return blobs.add(self._plan)

    def boxes(self, name) -> list:
        """The box of a panel in each place."""
        return [place["panels"][name]["box"] for place in self._places]

    def dress(self, name, blobs) -> int:
        """The number of the blob with the dress of a panel."""
        table = self._dresses[name].table(blobs)
        if (name, table) not in self._written:
            own = [place["panels"][name] for place in self._places]
            self._written[name, table] = dump({**self._dresses[name].head(table), "places": own})
        return blobs.add(self._written[name, table])


class _Content:
    """One panel with what was drawn on it."""

    def __init__(self, panel, drawn):
        self.panel, self.shown = panel, drawn.marks
        self.heading = panel.title if drawn.heading is None else drawn.heading
        self.bars, self.names = place_bars(
            {name: mark for name, mark in self.shown.items() if mark.categories is not None}
        )

    def dress(self, follow_x, follow_y) -> Dress:
        """What stands around the marks."""
        panel, all_marks = self.panel, self.shown.values()
        points = [mark.points() for mark in all_marks]
        bare_x, bare_y = (all(axis in mark.touches_edges for mark in all_marks) for axis in "xy")
        floor = 0.0 if panel.yscale == "linear" and any(mark.from_zero for mark in all_marks) else None
        if panel.xlim is not None:
            xlim = tuple(panel.xlim)
        elif self.names:
            xlim = (-0.6, len(self.names) - 0.4)
        else:
            xlim = follow_x.follow(_joined(points, 0), 0.0 if bare_x else 0.05)
        ylim = panel.ylim
        if ylim is None:
            ylim = follow_y.follow(_joined(points, 1), 0.0 if bare_y else 0.08, floor)
        space = Space(tuple(map(float, xlim)), tuple(map(float, ylim)), panel.xscale, panel.yscale)
        scale = next((mark.color_scale for mark in all_marks if mark.color_scale is not None), None)
        entries = self._entries() if panel.legend else ()
        return Dress(panel, space, tuple(self.names) or None, self.heading, entries, scale)

    def _entries(self):
        """Labels and handles of the legend, each once."""
        found = {}
        for name, mark in self.shown.items():
            if mark.look.label:
                hatch = self.bars[name].hatch if name in self.bars else ""
                found.setdefault((mark.look.label, mark.handle(hatch)))
        return tuple(found)

    def marks(self, space, boxes, blobs) -> dict:
        """The marks of a frame, lowest first, and the numbers on bars for each place."""
        found = [
            pair
            for name, mark in self.shown.items()
            for pair in shapes(mark, space, blobs, self.bars.get(name))
        ]
        found.sort(key=lambda pair: pair[0])
        bars = [
            (self.shown[name], place)
            for name, place in self.bars.items()
            if isinstance(self.shown[name], Bars)
        ]
        texts = [
            [text for mark, place in bars for text in bar_texts(mark, place, space, box)] for box in boxes
        ]
        return {"marks": [shape for _, shape in found], "texts": texts}


def _joined(points, axis):
    return np.concatenate([pair[axis] for pair in points]) if points else np.empty(0)

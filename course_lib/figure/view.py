"""What the author's function draws on: it collects marks by name and paints nothing."""

from dataclasses import dataclass, field

import numpy as np

from course_lib.figure import marks
from course_lib.figure.look import Look
from course_lib.figure.marks import numbers
from course_lib.figure.panel import Panel
from course_lib.figure.style import colormap, rgba
from course_lib.numerals import pretty

__all__ = ["PanelView", "View"]


@dataclass
class Readout:
    """One exact number under the picture."""

    label: str
    value: object
    text: str


class PanelView:
    """The primitives of one panel. The first argument is always the name: a name drawn before is moved.

    All share the keywords ``color`` (a role such as ``"p"``, ``"q"``, ``"third"``, or a colour), ``label`` (an entry in
    the legend), ``alpha`` (0 to 1), ``style`` (``"solid"``, ``"dashed"``, ``"dotted"``, ``"dashdot"``; otherwise the
    role's) and ``width`` (points). Arrays may be lists, NumPy arrays or torch tensors. All raise ``ValueError`` when a
    shape does not fit; infinities and NaN are left out of the picture (bars show them as text).
    """

    def __init__(self, panel: Panel):
        self.panel = panel
        self.marks: dict[str, marks.Mark] = {}
        self.heading: str | None = None

    def add(self, name, mark: marks.Mark):
        """A mark that is ready; the primitives below check what they are given and make theirs."""
        if not isinstance(name, str):
            raise ValueError(f"name: expected the artist's name as text, got {name!r:.60}")
        self.marks[name] = mark

    def curve(self, name, x, y, **look):
        """A line through x and y of shape (n,)."""
        x = numbers("x", x, None)
        self.add(name, marks.Curve(Look(**look), x, numbers("y", y, len(x))))

    def fill(self, name, x, y, base=0, **look):
        """The region between y and ``base``: x, y of shape (n,), base a number or of shape (n,)."""
        x = numbers("x", x, None)
        base = numbers("base", base, *([] if np.ndim(base) == 0 else [len(x)]))
        base = np.broadcast_to(base, x.shape)
        self.add(name, marks.Fill(Look(**look), x, numbers("y", y, len(x)), base))

    def bars(self, name, labels, heights, color="p", values=None, **look):
        """Bars with ``labels`` under them; an infinite height reaches the top and is marked ∞.

        Args:
            heights: shape (n,).
            color: one colour, or a list of n.
            values: a format such as ``".2f"`` writes each height above its bar.
        """
        labels = tuple(str(label) for label in labels)
        colors = None
        if isinstance(color, (list, tuple)) and len(color) == len(labels) and not _is_one_color(color):
            colors, color = tuple(rgba(one) for one in color), "p"
        heights = numbers("heights", heights, len(labels))
        self.add(name, marks.Bars(Look(color=color, **look), labels, heights, colors, values))

    def heatmap(self, name, values, extent, cmap="density", limits=None, smooth=True, bar=None, **look):
        """Values of shape (rows, columns) over ``extent = (x0, x1, y0, y1)``; row 0 is at y0.

        Args:
            cmap: ``"density"`` (white to blue), ``"signed"`` (zero is white), or a Matplotlib colour map.
            limits: the values ``(low, high)`` at both ends of the colours; otherwise those of this picture.
            smooth: interpolate between cells.
            bar: a label (with units) draws a scale of the colours beside the panel; it needs ``limits``.
        """
        values = numbers("values", values, None, None)
        colormap(cmap)
        limits = _limits(limits)
        if bar is not None and (limits is None or limits[0] == limits[1]):
            raise ValueError(
                f"limits: expected two different values (low, high) for a scale of colours, got {limits!r}"
            )
        bar = None if bar is None else str(bar)
        mark = marks.Picture(Look(**look), values, _extent(extent), cmap, limits, smooth, bar=bar)
        self.add(name, mark)

    def image(self, name, array, extent=None, cmap="gray_r", limits=None, smooth=False, **look):
        """An image of shape (rows, columns) or (rows, columns, 3 or 4: colours from 0 to 1); row 0 is at the top."""
        if np.ndim(array) == 3:
            values = numbers("array", array, None, None, None)
            if values.shape[2] not in (3, 4):
                raise ValueError(f"array: expected 3 or 4 colour channels last, got shape {values.shape}")
        else:
            values = numbers("array", array, None, None)
        extent = (0, values.shape[1], 0, values.shape[0]) if extent is None else extent
        colormap(cmap)
        mark = marks.Picture(Look(**look), values, _extent(extent), cmap, _limits(limits), smooth, upper=True)
        self.add(name, mark)

    def contour(self, name, x, y, z, levels=None, **look):
        """Level lines of z of shape (len(y), len(x)); ``levels`` is a number of them or their values."""
        x, y = numbers("x", x, None), numbers("y", y, None)
        z = numbers("z", z, len(y), len(x))
        if levels is not None and np.ndim(levels) > 0:
            levels = np.unique(numbers("levels", levels, None))
        self.add(name, marks.Contour(Look(**look), x, y, z, levels))

    def ellipse(self, name, mean, cov, std=2, **look):
        """The ellipse of a Gaussian with ``mean`` (2,) and ``cov`` (2, 2), ``std`` standard deviations out.

        Args:
            std: one number, or several for several outlines.
        """
        mean, cov = numbers("mean", mean, 2), numbers("cov", cov, 2, 2)
        levels = tuple(np.atleast_1d(numbers("std", std, *([] if np.ndim(std) == 0 else [None]))))
        unit = _half_axes(cov) @ _CIRCLE
        outline = tuple((mean[:, None] + level * unit).T for level in levels)
        self.add(name, marks.Ellipse(Look(**look), levels, outline))

    def scatter(self, name, xy, color="p", size=6.0, **look):
        """Points of shape (n, 2), ``size`` points wide; ``color`` is one colour or a list of n."""
        xy = numbers("xy", xy, None, 2)
        colors = None
        if not isinstance(color, str) and not _is_one_color(color):
            if len(color) != len(xy):
                raise ValueError(f"color: expected one colour or {len(xy)} of them, got {len(color)}")
            colors, color = np.array([rgba(one) for one in color]).reshape(-1, 4), "p"
        self.add(name, marks.Points(Look(color=color, **look), xy, float(size), colors))

    def vline(self, name, x, **look):
        """A vertical line across the panel."""
        self.add(name, marks.Level(Look(**{"color": "muted", **look}), "x", float(numbers("x", x))))

    def hline(self, name, y, **look):
        """A horizontal line across the panel."""
        self.add(name, marks.Level(Look(**{"color": "muted", **look}), "y", float(numbers("y", y))))

    def arrows(self, name, xy, uv, scale=1.0, **look):
        """Arrows from xy to xy + scale * uv, both of shape (n, 2), in the panel's units."""
        xy = numbers("xy", xy, None, 2)
        uv = numbers("uv", uv, len(xy), 2) * float(scale)
        self.add(name, marks.Arrows(Look(**look), xy, uv))

    def text(self, name, x, y, string, align="left", size=None, where="data", **look):
        """Text at (x, y): ``align`` is left, center or right; ``where="panel"`` counts in fractions of the panel."""
        if align not in ("left", "center", "right"):
            raise ValueError(f"align: expected 'left', 'center' or 'right', got {align!r}")
        if where not in ("data", "panel"):
            raise ValueError(f"where: expected 'data' or 'panel', got {where!r}")
        place = float(numbers("x", x)), float(numbers("y", y))
        look = Look(**{"color": "ink", **look})
        self.add(name, marks.Text(look, *place, str(string), align, size, where))

    def title(self, string):
        """The panel's title, now."""
        self.heading = str(string)


@dataclass
class View:
    """One picture being drawn: ``view["name"]`` is a panel, ``view.curve(...)`` draws on the first one."""

    panels: dict[str, PanelView]
    readouts: dict[str, Readout] = field(default_factory=dict)

    @classmethod
    def of(cls, panels) -> "View":
        """An empty view of some panels."""
        return cls({panel.name: PanelView(panel) for panel in panels})

    def __getitem__(self, name) -> PanelView:
        if name not in self.panels:
            known = ", ".join(repr(panel) for panel in self.panels)
            raise ValueError(f"panel: expected one of {known}, got {name!r}")
        return self.panels[name]

    def __getattr__(self, primitive):
        if primitive in _PRIMITIVES:
            return getattr(next(iter(self.panels.values())), primitive)
        known = ", ".join((*_PRIMITIVES, "readout"))
        raise AttributeError(f"a view draws {known}; it has no {primitive!r}")

    def readout(self, label, value, format=None):
        """Shows an exact number (or text) under the picture; ``format`` is such as ``".2f"``."""
        if hasattr(value, "item") and np.size(value) == 1:
            value = value.item()
        self.readouts[str(label)] = Readout(str(label), value, pretty(value, format))


#: What can be drawn on a panel.
_PRIMITIVES = [name for name, one in vars(PanelView).items() if callable(one) and not name.startswith("_")]

_ANGLES = np.linspace(0, 2 * np.pi, 129)
_CIRCLE = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)])


def _is_one_color(color) -> bool:
    """Whether a sequence is one colour as three or four numbers."""
    numeric = all(isinstance(part, (int, float)) and not isinstance(part, bool) for part in color)
    return len(color) in (3, 4) and numeric


def _extent(extent):
    x0, x1, y0, y1 = (float(edge) for edge in numbers("extent", extent, 4))
    if not (np.isfinite([x0, x1, y0, y1]).all() and x0 < x1 and y0 < y1):
        raise ValueError(f"extent: expected finite (x0, x1, y0, y1) with x0 < x1 and y0 < y1, got {extent!r}")
    return x0, x1, y0, y1


def _limits(limits):
    return None if limits is None else tuple(float(limit) for limit in numbers("limits", limits, 2))


def _half_axes(cov):
    """A square root of a 2x2 covariance."""
    scale = np.abs(cov).max()
    if not np.isfinite(cov).all() or abs(cov[0, 1] - cov[1, 0]) > 1e-6 * max(scale, 1e-300):
        raise ValueError(f"cov: expected a finite symmetric matrix of shape (2, 2), got {cov.tolist()}")
    values, vectors = np.linalg.eigh(cov)
    # Rounding leaves eigenvalues of a singular matrix slightly below zero.
    if values[0] < -1e-9 * max(scale, 1e-300):
        raise ValueError(f"cov: expected a positive semi-definite matrix, got eigenvalues {values.tolist()}")
    return vectors * np.sqrt(np.clip(values, 0, None))

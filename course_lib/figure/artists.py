"""From marks to Matplotlib artists: made at the first call, moved afterwards.

Each class paints one kind of mark, which it names. Only contours cannot be moved and are made anew.
"""

from typing import ClassVar

import numpy as np
from matplotlib.collections import LineCollection, PathCollection, PolyCollection
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.patches import Polygon
from matplotlib.quiver import Quiver
from matplotlib.text import Text as TextArtist
from matplotlib.transforms import IdentityTransform

from course_lib.figure import marks, style
from course_lib.figure.pixels import PixelArtist
from course_lib.numerals import pretty

__all__ = ["Painted", "paint"]


class Painted:
    """The artists of one mark in one axes. A subclass says which: ``class PaintedCurve(Painted, of=marks.Curve)``.

    Attributes:
        artists: what has to be drawn, in any order (the z-order decides).
    """

    kinds: ClassVar[dict[type, type]] = {}

    def __init_subclass__(cls, of, **settings):
        super().__init_subclass__(**settings)
        Painted.kinds[of] = cls

    def __init__(self, axes, mark):
        self.axes = axes
        self.artists = []
        self.make(mark)

    def keep(self, artist, zorder):
        """Puts an artist into the axes."""
        artist.set_zorder(zorder)
        # Limits follow the marks, not the artists.
        self.axes.add_artist(artist)
        self.artists.append(artist)
        return artist

    def make(self, mark):
        """Makes the artists, without data."""

    def fits(self, mark) -> bool:
        """Whether the artists that were made can show another mark of the kind."""
        return True

    def move(self, mark, slot):
        """Gives the artists the data of ``mark``; ``slot`` is what the panel decided for it (bars only)."""

    def show(self, visible):
        """Shows or hides everything."""
        for artist in self.artists:
            artist.set_visible(visible)

    def remove(self):
        """Takes everything out of the axes."""
        for artist in self.artists:
            artist.remove()
        self.artists = []


def _width(look, default=2.4):
    return default if look.width is None else look.width


def _stroke(look, default=2.4):
    return {"color": look.rgba(), "linewidth": _width(look, default), "linestyle": look.line}


def _faded(colors, alpha):
    return np.array(colors) * np.array([1, 1, 1, 1.0 if alpha is None else alpha])


class PaintedCurve(Painted, of=marks.Curve):
    """Curves."""

    def make(self, mark):
        self.line = self.keep(Line2D([], [], solid_capstyle="round", dash_capstyle="butt"), 2.3)

    def move(self, mark, slot):
        self.line.set_data(mark.x, mark.y)
        self.line.set(**_stroke(mark.look))


class PaintedFill(Painted, of=marks.Fill):
    """Regions."""

    def make(self, mark):
        self.patch = self.keep(Polygon(np.zeros((3, 2)), linewidth=0), 1.5)

    def move(self, mark, slot):
        keep = np.isfinite(mark.x) & np.isfinite(mark.y) & np.isfinite(mark.base)
        x, y, base = mark.x[keep], mark.y[keep], mark.base[keep]
        outline = np.stack([np.r_[x, x[::-1]], np.r_[y, base[::-1]]], axis=1)
        self.patch.set_xy(outline if len(x) > 1 else np.zeros((3, 2)))
        self.patch.set(facecolor=mark.look.rgba(0.25), visible=len(x) > 1)


class PaintedBars(Painted, of=marks.Bars):
    """Bars, and the texts on them."""

    def make(self, mark):
        self.bars = self.keep(PolyCollection([], linewidths=0), 1.6)
        self.texts = []

    def move(self, mark, slot):
        left, width, hatch = slot
        low, high = sorted(self.axes.get_ylim())
        log = self.axes.get_yscale() == "log"
        base = low if log else 0.0
        tops = np.clip(np.nan_to_num(mark.heights, nan=base, posinf=high, neginf=low), low, high)
        right = left + width
        corners = [
            [(x, base), (x, top), (z, top), (z, base)] for x, z, top in zip(left, right, tops, strict=True)
        ]
        self.bars.set_verts(corners)
        colors = _faded(mark.colors, mark.look.alpha) if mark.colors else [mark.look.rgba()] * len(tops)
        self.bars.set_facecolor(colors)
        self.bars.set_edgecolor(style.PAPER)
        self.bars.set_hatch(hatch or None)
        self._write(mark, left + width / 2, width, tops, low, high, base)

    def _write(self, mark, centers, width, tops, low, high, base):
        step = (high - low) * 0.012
        unit = self.axes.figure.dpi / 72
        room = width * self.axes.bbox.width / unit / abs(np.subtract(*self.axes.get_xlim()))
        used = 0
        for center, height, top in zip(centers, mark.heights, tops, strict=True):
            cut = height > high or height < low
            if not (cut or mark.values or not np.isfinite(height)):
                continue
            # A bar that leaves the view says so inside its end; other numbers stand outside it.
            inside = cut and abs(top - base) > 0.25 * (high - low)
            above = (height >= base or not np.isfinite(height)) != inside or (cut and not inside)
            string = pretty(height, mark.values or ".3g", undefined="NaN")
            size = 18.0 if np.isinf(height) else 11.0
            upright = len(string) * 0.58 * size > room
            if cut and np.isfinite(height):
                arrow = "↑" if height > base else "↓"
                string = f"{string} {'→' if height > base else '←'}" if upright else f"{arrow}\n{string}"
            if used == len(self.texts):
                self.texts.append(self.keep(TextArtist(ha="center", linespacing=0.95), 3.0))
            text = self.texts[used]
            used += 1
            text.set(x=center, text=string, color="white" if inside else style.INK, visible=True)
            text.set(y=top + step * (1 if above else -1), va="bottom" if above else "top")
            text.set_fontproperties(style.font("value", size=size, weight="bold" if inside else "normal"))
            text.set_rotation(90 if upright and np.isfinite(height) else 0)
        for text in self.texts[used:]:
            text.set_visible(False)


class PaintedPicture(Painted, of=marks.Picture):
    """Heatmaps and images."""

    def make(self, mark):
        self.pixels = self.keep(PixelArtist(), 1.0)

    def move(self, mark, slot):
        self.pixels.set_picture(mark)


class PaintedContour(Painted, of=marks.Contour):
    """Level lines: they cannot be moved."""

    def move(self, mark, slot):
        self.remove()
        if len(mark.x) < 2 or len(mark.y) < 2:
            return
        z = np.ma.masked_invalid(mark.z)
        if z.count() == 0 or z.min() == z.max():
            return
        levels = 8 if mark.levels is None else mark.levels
        from contourpy import contour_generator
        from matplotlib.ticker import MaxNLocator

        if np.ndim(levels) == 0:
            levels = MaxNLocator(int(levels)).tick_values(float(z.min()), float(z.max()))
        lines = contour_generator(mark.x, mark.y, z, name="serial")
        segments = [segment for level in levels for segment in lines.lines(float(level))]
        self.keep(LineCollection(segments, **_stroke(mark.look, 1.6)), 1.8)


class PaintedEllipse(Painted, of=marks.Ellipse):
    """Outlines of a Gaussian, lightly filled."""

    def make(self, mark):
        self.patch = self.keep(Polygon(np.zeros((3, 2)), linewidth=0), 1.5)
        self.line = self.keep(Line2D([], []), 2.3)

    def move(self, mark, slot):
        look = mark.look
        gap = np.full((1, 2), np.nan)
        joined = np.concatenate([part for outline in mark.outline for part in (outline, gap)])
        self.line.set_data(joined[:, 0], joined[:, 1])
        self.line.set(**_stroke(look))
        self.patch.set_xy(mark.outline[int(np.argmax(mark.std))])
        self.patch.set_facecolor((*look.rgba()[:3], 0.12 * look.rgba()[3]))


class PaintedPoints(Painted, of=marks.Points):
    """Scattered points."""

    def make(self, mark):
        dots = PathCollection([_marker("o")], sizes=[36], offset_transform=self.axes.transData)
        # A unit marker: its size comes from ``sizes``, in points squared, not from the data.
        dots.set_transform(IdentityTransform())
        self.dots = self.keep(dots, 2.1)
        self.marker = "o"

    def move(self, mark, slot):
        look = mark.look
        finite = np.isfinite(mark.xy).all(axis=1)
        self.dots.set_offsets(mark.xy[finite])
        if look.role.marker != self.marker:
            self.marker = look.role.marker
            self.dots.set_paths([_marker(self.marker)])
        self.dots.set_sizes([mark.size**2], self.axes.figure.dpi)
        colors = [look.rgba(0.75)] if mark.colors is None else _faded(mark.colors[finite], look.alpha)
        self.dots.set(facecolor=colors, edgecolor=style.PAPER, linewidth=_width(look, 0.4))


def _marker(name):
    marker = MarkerStyle(name)
    return marker.get_path().transformed(marker.get_transform())


class PaintedLevel(Painted, of=marks.Level):
    """Lines across the panel."""

    def make(self, mark):
        blended = self.axes.get_xaxis_transform() if mark.axis == "x" else self.axes.get_yaxis_transform()
        self.line = self.keep(Line2D([], [], transform=blended), 2.0)
        self.axis = mark.axis

    def fits(self, mark):
        return mark.axis == self.axis

    def move(self, mark, slot):
        ends = ([mark.at, mark.at], [0, 1])
        self.line.set_data(*(ends if mark.axis == "x" else ends[::-1]))
        self.line.set(**_stroke(mark.look, 1.8))


class PaintedArrows(Painted, of=marks.Arrows):
    """Vector fields; made anew when the number of arrows changes."""

    def move(self, mark, slot):
        look = mark.look
        finite = np.isfinite(mark.xy).all(axis=1) & np.isfinite(mark.uv).all(axis=1)
        (x, y), (u, v) = mark.xy[finite].T, mark.uv[finite].T
        if not self.artists or len(x) != self.artists[0].N:
            self.remove()
            settings = {"angles": "xy", "scale_units": "xy", "scale": 1.0, "units": "dots"}
            head = {"headwidth": 4.5, "headlength": 5, "headaxislength": 4.5}
            self.keep(Quiver(self.axes, x, y, u, v, **settings, **head), 2.2)
        quiver = self.artists[0]
        quiver.X, quiver.Y, quiver.XY = x, y, np.column_stack([x, y])
        quiver.set_offsets(quiver.XY)
        quiver.set_UVC(u, v)
        quiver.width = _width(look, 1.6) * self.axes.figure.dpi / 72
        quiver.set_facecolor(look.rgba())


class PaintedText(Painted, of=marks.Text):
    """Text in the panel."""

    def make(self, mark):
        self.text = self.keep(TextArtist(fontproperties=style.font("text"), va="center"), 3.2)

    def move(self, mark, slot):
        transform = self.axes.transAxes if mark.where == "panel" else self.axes.transData
        size = style.font("text").get_size() if mark.size is None else mark.size
        self.text.set(x=mark.x, y=mark.y, text=mark.string, ha=mark.align, transform=transform)
        self.text.set(color=mark.look.rgba(), fontsize=size, visible=np.isfinite([mark.x, mark.y]).all())


def paint(axes, mark, painted=None, slot=None) -> Painted:
    """Shows ``mark``: moves what was painted under its name before, or makes it."""
    painter = Painted.kinds[type(mark)]
    if type(painted) is not painter or not painted.fits(mark):
        if painted is not None:
            painted.remove()
        painted = painter(axes, mark)
    painted.show(True)
    painted.move(mark, slot)
    return painted

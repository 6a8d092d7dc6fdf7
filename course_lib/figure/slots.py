"""One panel on the stage: its axes, what is painted in it, its limits, ticks, heading and legend."""

import textwrap

import numpy as np
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from course_lib.figure import style
from course_lib.figure.artists import paint
from course_lib.figure.colorbar import ColorBar
from course_lib.figure.follower import Follower
from course_lib.figure.legend import Legend
from course_lib.figure.ticks import LogLabels, LogTicks

__all__ = ["Slot"]


class Memory:
    """What a panel remembers from earlier pictures; stages that show the same views share it."""

    def __init__(self, panel):
        self.x, self.y = Follower(panel.xscale), Follower(panel.yscale)
        self.legend_rows = 0


class Slot:
    """One panel's axes and everything in it.

    Attributes:
        dirty: something that does not move with the data changed (limits, ticks, headings).
        crowded: the panel needs more room than it has (a new layout).
    """

    def __init__(self, figure, panel, memory=None):
        self.panel = panel
        self.axes = figure.add_axes((0.1, 0.1, 0.8, 0.8), label=panel.name)
        self.painted = {}
        self.shown = {}
        self.places = {}
        self.height_for_legend = 0.0
        self.memory = memory or Memory(panel)
        self.legend = Legend(self.axes, self.memory)
        self.bar = ColorBar(self.axes)
        self.categories = None
        self.dirty = self.crowded = True
        self._dress()
        self.heading = Text(0, 1, panel.title, fontproperties=style.font("title"), va="baseline")
        self.heading.set(transform=self.axes.transAxes, zorder=5, color=style.INK)
        self.axes.add_artist(self.heading)
        self.heading.set_clip_on(False)
        self.heading_moves = False

    def _dress(self):
        axes, panel = self.axes, self.panel
        axes.set_facecolor("none")
        axes.set(xscale=panel.xscale, yscale=panel.yscale, aspect=panel.aspect or "auto", anchor="N")
        axes.set_xlabel(panel.xlabel, fontproperties=style.font("label"), color=style.INK, labelpad=4)
        axes.set_ylabel(panel.ylabel, fontproperties=style.font("label"), color=style.INK, labelpad=5)
        axes.set_axisbelow(True)
        if not panel.axes:
            axes.set_axis_off()
        axes.grid(True, color=style.GRID, linewidth=1.0, linestyle="-")
        axes.tick_params(color=style.MUTED, labelcolor=style.INK, length=3.5, width=1.0, which="major", pad=4)
        for side, spine in axes.spines.items():
            spine.set(color=style.MUTED, linewidth=1.1, zorder=2.6)
            spine.set_visible(side in ("left", "bottom"))
        for axis, scale in ((axes.xaxis, panel.xscale), (axes.yaxis, panel.yscale)):
            if scale == "log":
                axis.set(major_locator=LogTicks(), major_formatter=LogLabels())
            else:
                axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
            axis.set_minor_locator(NullLocator())
            for tick in axis.get_major_ticks(8):
                tick.label1.set_fontproperties(style.font("tick"))
        axes.set(autoscale_on=False)

    def show(self, drawn):
        """Takes over the marks of a ``PanelView``."""
        self.shown = dict(drawn.marks)
        own = drawn.heading is not None
        self._set_heading(drawn.heading if own else self.panel.title, moves=own)
        bars = {name: mark for name, mark in self.shown.items() if mark.categories is not None}
        places = self._place_bars(bars)
        if self.bar.update(self.shown.values()):
            self.dirty = self.crowded = True
        self._follow(bars)
        self.places = places
        for name, mark in self.shown.items():
            self.painted[name] = paint(self.axes, mark, self.painted.get(name), places.get(name))
        for name, painted in self.painted.items():
            if name not in self.shown:
                painted.show(False)

    def fit(self):
        """Fits the numbers on bars to the panel's new size."""
        for name in self.places:
            paint(self.axes, self.shown[name], self.painted[name], self.places[name])

    def _set_heading(self, string, moves):
        if string == self.heading.get_text():
            return
        self.crowded |= not self.heading.get_text()
        self.heading.set_text(string)
        self.dirty |= moves and not self.heading_moves
        self.heading_moves |= moves
        self.dirty |= not self.heading_moves

    def _place_bars(self, bars):
        """Where each group's bars stand: those of the same labels share their places, others follow on the right."""
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
                places[name] = (left, width * (0.94 if len(members) > 1 else 1), hatch)
            labels.extend(names)
        if bars and labels != self.categories:
            self.categories = labels
            self.dirty = self.crowded = True
            self.axes.xaxis.set_major_locator(FixedLocator(range(len(labels))))
            self.axes.xaxis.grid(False)
            self.axes.tick_params(axis="x", length=0)
        return places

    def _follow(self, bars):
        """Sets the limits."""
        panel, shown = self.panel, self.shown.values()
        points = [mark.points() for mark in shown]
        bare_x, bare_y = (all(axis in mark.touches_edges for mark in shown) for axis in "xy")
        floor = 0.0 if panel.yscale == "linear" and any(mark.from_zero for mark in shown) else None
        if panel.xlim is not None:
            xlim = panel.xlim
        elif bars:
            xlim = (-0.6, len(self.categories) - 0.4)
        else:
            xlim = self.memory.x.follow(_joined(points, 0), 0.0 if bare_x else 0.05)
        if panel.ylim is not None:
            ylim = panel.ylim
        else:
            ylim = self.memory.y.follow(_joined(points, 1), 0.0 if bare_y else 0.08, floor)
        if tuple(self.axes.get_xlim()) != tuple(xlim) or tuple(self.axes.get_ylim()) != tuple(ylim):
            self.axes.set(xlim=xlim, ylim=ylim)
            self.dirty = True
            self.crowded |= panel.aspect == "equal"

    def write_legend(self, force=False):
        """Brings the legend up to date."""
        if not self.panel.legend:
            return
        shown = [
            (mark, self.places[name][2] if name in self.places else "") for name, mark in self.shown.items()
        ]
        before = self.height_for_legend
        moved = self.legend.moves
        if self.legend.update(shown, force) and not moved:
            self.dirty = True
        self.height_for_legend = self.legend.height
        self.crowded |= self.legend.height > before

    def place_heading(self):
        """Puts the heading above the legend."""
        points = self.legend.height + 7
        self.heading.set_y(1 + points * self.axes.figure.dpi / 72 / max(self.axes.bbox.height, 1))

    def write_categories(self, renderer):
        """Labels the bars: on one line, broken into lines, or slanted, whichever fits first."""
        if not self.categories:
            return
        axis = self.axes.xaxis
        room = self.axes.bbox.width / (len(self.categories) + 0.2) * 0.96
        for labels in (self.categories, [textwrap.fill(one.replace("_", " "), 9) for one in self.categories]):
            if max(_text_width(label, self.axes.figure, renderer) for label in labels) <= room:
                axis.set_ticklabels(labels, fontproperties=style.font("tick"), rotation=0, ha="center")
                return
        slanted = {"rotation": 38, "ha": "right", "rotation_mode": "anchor"}
        axis.set_ticklabels(self.categories, fontproperties=style.font("tick"), **slanted)

    def moving(self):
        """What is drawn on top of the background at each picture, lowest first."""
        artists = [one for painted in self.painted.values() for one in painted.artists if one.get_visible()]
        if self.axes.axison:
            artists += [spine for spine in self.axes.spines.values() if spine.get_visible()]
        if self.legend.moves:
            artists += self.legend.artists
        if self.heading_moves:
            artists.append(self.heading)
        return sorted(artists, key=lambda artist: artist.get_zorder())


def _joined(points, axis):
    return np.concatenate([pair[axis] for pair in points]) if points else np.empty(0)


def _text_width(string, figure, renderer):
    text = Text(text=string, fontproperties=style.font("tick"))
    text.set_figure(figure)
    return text.get_window_extent(renderer).width

"""Marks speak for themselves: a new one is a class and a painter, and the rest of the panel follows it."""

from dataclasses import dataclass

import numpy as np
import pytest
from matplotlib.lines import Line2D

from course_lib.figure import marks
from course_lib.figure.artists import Painted
from course_lib.figure.look import ColorScale, Handle, Look
from tests.unit.figure.drawing import PRIMITIVES, X, new_stage, shoot


@pytest.fixture
def Ladder(monkeypatch):
    """A kind of mark that the course does not have: rungs at heights x, from zero up, coloured by height."""
    monkeypatch.setattr(Painted, "kinds", dict(Painted.kinds))

    @dataclass(frozen=True, eq=False)
    class Ladder(marks.Mark):
        touches_edges = "x"
        from_zero = True
        pictorial = True

        heights: np.ndarray

        def points(self):
            return np.array([2.0, 3.0]), self.heights

        def handle(self, hatch=""):
            return Handle("dot", self.look.rgba(), marker="_")

        @property
        def categories(self):
            return ("rungs",) if self.look.alpha == 0.5 else None

        @property
        def color_scale(self):
            return ColorScale((0.0, 7.0), "signed", "height in m")

    class PaintedLadder(Painted, of=Ladder):
        def make(self, mark):
            self.line = self.keep(Line2D([], [], marker="_", linestyle=""), 2.0)

        def move(self, mark, slot):
            self.line.set_data(np.full(len(mark.heights), 2.5), mark.heights)
            self.line.set_color(mark.look.rgba())

    return Ladder


def test_a_throw_away_mark_is_one_class_and_one_painter(Ladder):
    stage = new_stage(xlim=None, ylim=None)

    def draw(panel, look):
        panel.add("ladder", Ladder(look, np.array([0.0, 1.0, 4.0])))

    bare = shoot(stage, lambda panel: None)
    first = shoot(stage, draw, Look(color="#ff00ff", label="a ladder"))
    slot = stage.slots["main"]
    assert (first == [255, 0, 255, 255]).all(axis=2).any() and (first != bare).any()
    # The limits: no margin on the left and right, none below zero, some above.
    assert slot.axes.get_xlim() == (2.0, 3.0) and slot.axes.get_ylim() == (0.0, pytest.approx(4.32))
    assert slot.legend.entries == (("a ladder", Handle("dot", (1.0, 0.0, 1.0, 1.0), marker="_")),)
    assert slot.bar.own.get_ylim() == (0.0, 7.0) and slot.bar.own.get_ylabel() == "height in m"
    assert stage.frame(stage.view())[0] == "png"
    view = stage.view()
    draw(view["main"], Look())
    assert stage.frame(view)[0] == "jpeg"
    # Moved, hidden and replaced like any other; under names when it asks for them.
    assert (shoot(stage, PRIMITIVES["curve"], 0.5) != first).any() and not slot.bar.visible
    shoot(stage, draw, Look(alpha=0.5))
    assert [label.get_text() for label in slot.axes.get_xticklabels()] == ["rungs"]


def test_a_mark_that_declares_nothing_is_framed_and_has_a_patch():
    mark = marks.Mark(Look(color="q"))
    assert (mark.touches_edges, mark.from_zero, mark.pictorial) == ("", False, False)
    assert mark.categories is None and mark.color_scale is None
    assert mark.handle() == Handle("patch", Look(color="q").rgba())
    assert [part.size for part in mark.points()] == [0, 0]


_MARGINS = {
    # Without margin on x, without margin on y, and what the legend shows.
    "curve": (True, False, "line"),
    "fill": (True, False, "patch"),
    "heatmap": (True, True, "patch"),
    "image": (True, True, "patch"),
    "contour": (True, True, "line"),
    "ellipse": (False, False, "line"),
    "scatter": (False, False, "dot"),
    "arrows": (False, False, "line"),
}


@pytest.mark.parametrize("name", _MARGINS)
def test_each_mark_has_its_margins_and_its_place_in_the_legend(name):
    stage = new_stage(xlim=None, ylim=None)
    view = stage.view()
    PRIMITIVES[name](view["main"], 0.5)
    stage.show(view)
    (mark,) = view["main"].marks.values()
    axes = stage.slots["main"].axes
    for limits, values, exact, share in zip(
        (axes.get_xlim(), axes.get_ylim()), mark.points(), _MARGINS[name], (0.05, 0.08), strict=False
    ):
        # The margins are parts of what the data span.
        margin = 0.0 if exact else share * np.ptp(values)
        assert limits == pytest.approx((values.min() - margin, values.max() + margin))
    assert mark.handle("///").kind == _MARGINS[name][2]


def test_bars_and_regions_stand_on_zero_and_other_marks_do_not():
    for draw, low in (
        (lambda panel: panel.bars("a", ["one", "two"], [1.0, 3.0]), 0.0),
        (lambda panel: panel.fill("a", X, X * 0 + 2), 0.0),
        (lambda panel: panel.curve("a", X, np.abs(X)), np.abs(X).min() - 0.08 * np.ptp(np.abs(X))),
    ):
        stage = new_stage(ylim=None)
        shoot(stage, draw)
        assert stage.slots["main"].axes.get_ylim()[0] == pytest.approx(low)


def test_bars_side_by_side_are_told_apart_by_hatching_in_the_legend_too():
    stage = new_stage()
    shoot(stage, PRIMITIVES["bars side by side"], 0.5)
    assert [handle.hatch for _, handle in stage.slots["main"].legend.entries] == ["", "///"]

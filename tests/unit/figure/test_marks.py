"""Marks speak for themselves: a new one is a class and its shapes, and the rest of the panel follows it."""

from dataclasses import dataclass

import numpy as np
import pytest

from course_lib.figure import marks
from course_lib.figure.look import ColorScale, Handle, Look
from course_lib.figure.shapes import shapes
from course_lib.figure.style import css
from tests.unit.figure.drawing import PRIMITIVES, X, new_stage, shoot, taken_apart


@dataclass(frozen=True, eq=False)
class Ladder(marks.Mark):
    """A kind of mark that the course does not have: rungs at heights, from zero up, coloured by height."""

    touches_edges = "x"
    from_zero = True

    heights: np.ndarray

    def points(self):
        return np.array([2.0, 3.0]), self.heights

    def handle(self, hatch=""):
        return Handle("dot", self.look.rgba())

    @property
    def categories(self):
        return ("rungs",) if self.look.alpha == 0.5 else None

    @property
    def color_scale(self):
        return ColorScale((0.0, 7.0), "signed", "height in m")


@shapes.register
def _(mark: Ladder, space, blobs, bars=None):
    for height in space.y(mark.heights):
        rung = {"x": blobs.numbers([0.0, 1.0]), "y": blobs.numbers([height, height])}
        yield 2.0, {"kind": "line", **rung, "color": css(mark.look.rgba()), "width": 1.0, "dash": []}


def test_a_throw_away_mark_is_one_class_and_its_shapes():
    stage = new_stage(xlim=None, ylim=None)

    def draw(panel, look):
        panel.add("ladder", Ladder(look, np.array([0.0, 1.0, 4.0])))

    shown = shoot(stage, draw, Look(color="#ff00ff", label="a ladder"))
    assert shown.kinds == ["line"] * 3 and shown.marks[0]["color"] == "#ff00ff"
    # The limits: no margin on the left and right, none below zero, some above.
    assert shown.xlim == (2.0, 3.0) and shown.ylim == (0.0, pytest.approx(4.32))
    assert "a ladder" in shown.words and [key["kind"] for key in shown.keys] == ["dot"]
    assert "height in m" in shown.words and shown.dress["scale"] is not None
    # Under names when it asks for them.
    assert "rungs" in shoot(stage, draw, Look(alpha=0.5)).words


def test_a_mark_that_declares_nothing_is_framed_and_has_a_patch():
    mark = marks.Mark(Look(color="q"))
    assert (mark.touches_edges, mark.from_zero) == ("", False)
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
    (mark,) = view["main"].marks.values()
    shown = taken_apart(stage.frame(view))
    for limits, values, exact, share in zip(
        (shown.xlim, shown.ylim), mark.points(), _MARGINS[name], (0.05, 0.08), strict=False
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
        assert shoot(stage, draw).ylim[0] == pytest.approx(low)


def test_bars_side_by_side_are_told_apart_by_hatching_in_the_legend_too():
    stage = new_stage()
    shown = shoot(stage, PRIMITIVES["bars side by side"], 0.5)
    assert [key["hatch"] for key in shown.keys] == ["", "///"] == [mark["hatch"] for mark in shown.marks]

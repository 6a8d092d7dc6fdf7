"""Marks lie where their numbers are, on straight and on logarithmic axes; strange numbers crash nothing."""

import json
from itertools import pairwise

import numpy as np
import pytest

from course_lib.figure.frame import Frame
from tests.unit.figure.drawing import PRIMITIVES, X, new_stage, shoot


def _points(shown, mark):
    return np.stack([shown.numbers(mark["x"]), shown.numbers(mark["y"])], axis=1)


def test_a_point_stands_at_its_share_of_the_limits():
    data = np.array([[1.0, 1.0], [10.0, 2.0], [1000.0, -2.0]])
    for scale, wanted in (("linear", [0.0, 9 / 999, 1.0]), ("log", [0.0, 1 / 3, 1.0])):
        shown = shoot(new_stage(xscale=scale, xlim=(1, 1000)), lambda panel: panel.scatter("a", data))
        (mark,) = shown.marks
        assert _points(shown, mark) == pytest.approx(np.stack([wanted, [3 / 4.5, 4 / 4.5, 0]], axis=1))


def test_limits_the_other_way_round_mirror_the_picture():
    draw = PRIMITIVES["curve"]
    there, back = (shoot(new_stage(xlim=limits), draw, 0.3) for limits in ((-3, 3), (3, -3)))
    assert _points(there, there.marks[0])[:, 0] == pytest.approx(1 - _points(back, back.marks[0])[:, 0])
    values = np.arange(6.0).reshape(2, 3)
    there, back = (
        shoot(new_stage(xlim=limits), lambda panel: panel.heatmap("a", values, (-3, 0, -2, 0)))
        for limits in ((-3, 3), (3, -3))
    )
    cells = [
        np.frombuffer(one.frame.blobs[one.marks[0]["at"]], np.uint8).reshape(2, 3) for one in (there, back)
    ]
    assert (cells[0] == cells[1][:, ::-1]).all()
    assert there.marks[0]["box"][0] == pytest.approx(1 - back.marks[0]["box"][2])


def test_a_heatmap_has_row_zero_at_the_bottom_and_an_image_at_the_top():
    values = np.array([[0.0, 1.0], [2.0, 3.0]])
    for draw, wanted in (
        (lambda panel: panel.heatmap("a", values, (0, 2, 0, 2)), values[::-1]),
        (lambda panel: panel.image("a", values), values),
    ):
        shown = shoot(new_stage(xlim=(0, 2), ylim=(0, 2)), draw)
        (mark,) = shown.marks
        cells = np.frombuffer(shown.frame.blobs[mark["at"]], np.uint8).reshape(2, 2)
        # 255 levels, the last of which is a hole.
        assert cells == pytest.approx(wanted / 3 * 254, abs=0.5) and mark["box"] == [0, 0, 1, 1]


def test_the_colour_of_a_cell_is_that_of_its_value_and_no_number_is_a_hole():
    values = np.array([[-2.0, 0.0, 1.0, np.nan, 9.0]])
    shown = shoot(
        new_stage(), lambda panel: panel.heatmap("a", values, (0, 1, 0, 1), "signed", limits=(-2, 2))
    )
    (mark,) = shown.marks
    table = np.frombuffer(shown.frame.blobs[mark["table"]], np.uint8).reshape(256, 4)
    colors = table[np.frombuffer(shown.frame.blobs[mark["at"]], np.uint8)]
    assert colors[0].tolist() == [0x8A, 0x32, 0x00, 255] and colors[1].tolist() == [255] * 4
    assert colors[3, 3] == 0 and (colors[4] == table[254]).all()


def test_an_image_of_colours_keeps_them():
    rgb = np.random.default_rng(0).random((2, 3, 3))
    shown = shoot(new_stage(), lambda panel: panel.image("a", rgb))
    found = np.frombuffer(shown.frame.blobs[shown.marks[0]["at"]], np.uint8).reshape(2, 3, 4)
    assert found[..., :3] == pytest.approx(rgb * 255, abs=0.5) and (found[..., 3] == 255).all()


def test_level_lines_lie_on_the_level():
    shown = shoot(new_stage(), PRIMITIVES["contour"], 0.0)
    (mark,) = shown.marks
    x, y = _points(shown, mark).T
    radius = np.hypot(x * 6 - 3, y * 4.5 - 2)
    assert np.isnan(radius).any()  # several pieces
    # Linear between grid points 0.1 apart: off by at most a few thousandths.
    nearest = np.abs(radius[:, None] - np.sqrt([0.5, 1, 2])).min(axis=1)
    assert np.nanmax(nearest) < 0.01


def test_an_ellipse_has_the_covariance_that_was_asked_for():
    cov = np.array([[1.0, 0.6], [0.6, 1.0]])
    shown = shoot(new_stage(), lambda panel: panel.ellipse("a", [0.3, 0.2], cov, std=2))
    area, line = shown.marks
    assert (area["kind"], line["kind"]) == ("polygon", "line")
    points = _points(shown, line)
    away = points[np.isfinite(points).all(axis=1)] * [6, 4.5] - [3, 2] - [0.3, 0.2]
    distance = np.einsum("ni,ij,nj->n", away, np.linalg.inv(cov), away)
    assert np.sqrt(distance) == pytest.approx(2.0, rel=1e-4)


def test_arrows_end_where_they_point():
    shown = shoot(new_stage(), lambda panel: panel.arrows("a", [[0, 0]], [[1, 0.5]], scale=2.0))
    (mark,) = shown.marks
    assert [shown.numbers(mark[part])[0] for part in "xyuv"] == pytest.approx([0.5, 2 / 4.5, 2 / 6, 1 / 4.5])


def test_bars_of_the_same_names_stand_side_by_side_and_others_follow():
    def draw(panel):
        panel.bars("a", ["one", "two"], [1.0, 2.0], color="p")
        panel.bars("b", ["one", "two"], [2.0, 1.0], color="q")
        panel.bars("c", ["three"], [1.5], color="third")

    shown = shoot(new_stage(xlim=None), draw)
    a, b, c = ((shown.numbers(mark["left"]), mark["width"]) for mark in shown.marks)
    ends = sorted((left, left + width) for lefts, width in (a, b, c) for left in lefts)
    assert all(right <= left for (_, right), (left, _) in pairwise(ends))
    assert ends[0][0] >= 0 and ends[-1][1] <= 1
    assert [mark["hatch"] for mark in shown.marks] == ["", "///", ""]
    assert [key["hatch"] for key in shown.keys] == []
    assert [text for text in shown.words if text in ("one", "two", "three")] == ["one", "two", "three"]


def test_an_infinite_bar_reaches_the_top_and_says_so():
    shown = shoot(new_stage(), lambda panel: panel.bars("a", ["x", "y", "z"], [1.0, np.inf, np.nan]))
    (mark,) = shown.marks
    assert shown.numbers(mark["top"]) == pytest.approx([3 / 4.5, 1.0, 2 / 4.5])
    assert mark["base"] == pytest.approx(2 / 4.5) and shown.bar_words == ["∞", "NaN"]


def test_a_bar_that_leaves_the_view_says_its_height_inside_and_others_outside():
    shown = shoot(new_stage(xlim=None), lambda panel: panel.bars("a", ["x", "y"], [123.0, 1.0], values=".1f"))
    cut, whole = shown.texts[-2:]
    assert "123.0" in cut[0] and "↑" in cut[0] and whole[0] == "1.0"
    top = shown.box[1]
    assert cut[2] > top and whole[2] < top + shown.box[3] * (1 - 3 / 4.5)


def test_what_lies_on_top_does_so_whatever_was_drawn_first():
    def draw(panel):
        panel.text("t", 0, 0, "on top")
        panel.scatter("s", [[0, 0]])
        panel.curve("c", X, X)
        panel.heatmap("h", np.eye(2), (-3, 3, -2, 2))

    assert shoot(new_stage(), draw).kinds == ["image", "points", "line", "text"]


_STRANGE = [np.nan, np.inf, -np.inf, 1e300, -1e300, 0.0]


@pytest.mark.parametrize("scale", ["linear", "log"])
@pytest.mark.parametrize("limits", [None, (0.5, 2.5)], ids=["free", "fixed"])
def test_strange_numbers_crash_nothing(limits, scale):
    stage = new_stage(xlim=limits, ylim=limits, yscale=scale)
    x = np.arange(6.0)

    def draw(panel, values):
        panel.curve("curve", x, values)
        panel.fill("fill", x, values)
        panel.scatter("scatter", np.stack([values, x], axis=1))
        panel.heatmap("heatmap", np.tile(values, (6, 1)), (0, 5, 0.1, 5))
        panel.image("image", np.tile(values, (6, 1)), (0, 5, 0.1, 5))
        panel.contour("contour", x, x, np.tile(values, (6, 1)))
        panel.arrows("arrows", np.stack([x, x], axis=1), np.stack([values, values], axis=1))
        panel.text("text", np.nan, np.inf, "nowhere")
        panel.vline("vline", np.inf)
        panel.hline("hline", np.nan)

    for values in (_STRANGE, [np.nan] * 6, [0.0] * 6):
        shown = shoot(stage, draw, values)
        assert Frame.from_bytes(shown.frame.to_bytes()) == shown.frame
        # No painter must cope with numbers that JSON does not know, or with the far ends of the floats.
        json.dumps([shown.dress, shown.marks], allow_nan=False)
        for mark in shown.marks:
            for part in "xyuv":
                if isinstance(mark.get(part), dict):
                    assert np.nanmax(np.abs(shown.numbers(mark[part])), initial=0) <= 2e4

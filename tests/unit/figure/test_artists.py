"""Moving what is there gives the picture that drawing it anew gives, mark by mark."""

import numpy as np
import pytest

from tests.unit.figure.drawing import PRIMITIVES, new_stage, shoot


@pytest.mark.parametrize("draw", PRIMITIVES.values(), ids=PRIMITIVES)
def test_moved_is_pixel_for_pixel_what_is_drawn_anew(draw):
    moved, anew = new_stage(), new_stage()
    before = shoot(moved, draw, 0.2)
    assert (shoot(moved, draw, 0.9) == shoot(anew, draw, 0.9)).all()
    assert (shoot(moved, draw, 0.2) == before).all()
    assert (before != shoot(anew, draw, 0.9)).any()


@pytest.mark.parametrize("draw", PRIMITIVES.values(), ids=PRIMITIVES)
def test_blitted_is_pixel_for_pixel_a_full_draw(draw):
    stage = new_stage()
    shoot(stage, draw, 0.2)
    blitted = shoot(stage, draw, 0.9)
    stage.canvas.draw()
    assert (np.asarray(stage.canvas.buffer_rgba()) == blitted).all()


@pytest.mark.parametrize("draw", PRIMITIVES.values(), ids=PRIMITIVES)
def test_a_name_that_is_not_drawn_again_vanishes_and_comes_back(draw):
    stage = new_stage(legend=False)

    def nothing(panel):
        if draw is PRIMITIVES["title"]:
            panel.title("Title")
        if draw in (PRIMITIVES["bars"], PRIMITIVES["bars side by side"]):
            pytest.skip("the labels of the bars stay")

    empty = shoot(stage, nothing)
    shown = shoot(stage, draw, 0.5)
    assert (shown != empty).any()
    # A heading that moves is painted again over the same background: equal to the last bit too.
    assert (shoot(stage, nothing) == empty).all()
    assert (shoot(stage, draw, 0.5) == shown).all()


def test_a_name_may_come_back_as_another_kind_of_mark_or_as_a_line_the_other_way():
    changed = new_stage(legend=False)
    for name in ("vline", "hline", "curve", "vline", "scatter", "hline"):
        again = shoot(changed, PRIMITIVES[name], 0.5)
        assert (again == shoot(new_stage(legend=False), PRIMITIVES[name], 0.5)).all()


def test_bars_that_are_not_drawn_again_leave_no_colour():
    stage = new_stage()
    shown = shoot(stage, lambda panel: panel.bars("a", ["one"], [2.0], color="#ff00ff"))
    hidden = shoot(stage, lambda panel: None)
    magenta = np.array([255, 0, 255, 255])
    assert (shown == magenta).all(axis=2).sum() > 1000
    assert (hidden == magenta).all(axis=2).sum() == 0


_STRANGE = [np.nan, np.inf, -np.inf, 1e300, -1e300, 0.0]


@pytest.mark.parametrize("limits", [None, (-2, 2.5)], ids=["free", "fixed"])
def test_strange_numbers_crash_nothing(limits):
    stage = new_stage(xlim=limits, ylim=limits)
    x = np.arange(6.0)

    def draw(panel, values):
        panel.curve("curve", x, values)
        panel.fill("fill", x, values)
        panel.scatter("scatter", np.stack([values, x], axis=1))
        panel.heatmap("heatmap", np.tile(values, (6, 1)), (0, 5, 0, 5))
        panel.image("image", np.tile(values, (6, 1)), (0, 5, 0, 5))
        panel.contour("contour", x, x, np.tile(values, (6, 1)))
        panel.arrows("arrows", np.stack([x, x], axis=1), np.stack([values, values], axis=1))
        panel.text("text", np.nan, np.inf, "nowhere")
        panel.vline("vline", np.inf)
        panel.hline("hline", np.nan)

    shoot(stage, draw, _STRANGE)
    shoot(stage, draw, [np.nan] * 6)
    after = shoot(stage, PRIMITIVES["curve"], 0.5)
    if limits is not None:
        assert (after == shoot(new_stage(xlim=limits, ylim=limits), PRIMITIVES["curve"], 0.5)).all()


def test_an_infinite_bar_reaches_the_top_and_says_so():
    stage = new_stage()
    shoot(stage, lambda panel: panel.bars("a", ["x", "y", "z"], [1.0, np.inf, np.nan]))
    painted = stage.slots["main"].painted["a"]
    tops = [path.vertices[:, 1].max() for path in painted.bars.get_paths()]
    assert tops == pytest.approx([1.0, 2.5, 0.0])
    assert [text.get_text() for text in painted.texts if text.get_visible()] == ["∞", "NaN"]


def test_a_bar_that_leaves_the_view_shows_its_height():
    stage = new_stage()
    shoot(stage, lambda panel: panel.bars("a", ["x"], [123.0]))
    assert "123" in stage.slots["main"].painted["a"].texts[0].get_text()

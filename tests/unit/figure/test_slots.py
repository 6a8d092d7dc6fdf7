"""Limits, ticks and the places of bars in one panel."""

import numpy as np
import pytest

from tests.unit.figure.drawing import PRIMITIVES, X, new_stage, shoot


def test_fixed_limits_never_change_and_free_ones_grow_without_jitter():
    fixed, free = new_stage(), new_stage(ylim=None)
    seen = []
    for height in np.linspace(1, 2, 50):
        for stage in (fixed, free):
            shoot(stage, lambda panel, height=height: panel.curve("a", X, height * np.sin(X)))
        assert fixed.slots["main"].axes.get_ylim() == (-2, 2.5)
        low, high = free.slots["main"].axes.get_ylim()
        assert low <= -height * 0.99 and high >= height * 0.99
        seen.append((low, high))
    assert len(set(seen)) <= 5


def test_a_view_that_grew_has_the_ticks_of_its_new_limits():
    stage = new_stage(ylim=None)
    shoot(stage, lambda panel: panel.curve("a", X, X))
    grown = shoot(stage, lambda panel: panel.curve("a", X, 50 * X))
    stage.canvas.draw()
    assert (np.asarray(stage.canvas.buffer_rgba()) == grown).all()


def test_equal_aspect_gives_both_axes_one_scale():
    stage = new_stage(aspect="equal")
    shoot(stage, PRIMITIVES["ellipse"], 0.5)
    box = stage.slots["main"].axes.bbox
    assert box.width / 6 == pytest.approx(box.height / 4.5, rel=1e-6)


def test_bars_can_change_their_labels_and_number():
    stage = new_stage(xlim=None)
    for names in (["a", "b"], ["a", "b", "c"], ["d"]):
        shoot(stage, lambda panel, names=names: panel.bars("a", names, [1.0] * len(names)))
        axes = stage.slots["main"].axes
        assert [label.get_text() for label in axes.get_xticklabels()] == names
        assert axes.get_xlim() == (-0.6, len(names) - 0.4)

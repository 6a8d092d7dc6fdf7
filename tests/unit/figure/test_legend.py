"""The legend says what is shown, and stands where nothing is."""

import numpy as np
import pytest

from course_lib.figure.words import extent
from tests.unit.figure.drawing import PRIMITIVES, X, new_stage, shoot


def test_the_legend_follows_what_is_shown():
    stage = new_stage()

    def draw(panel, names):
        for index, name in enumerate(names):
            panel.curve(name, X, X * 0 + index, label=name, color="p")

    for names in (["a", "b"], ["a", "d"], ["a"], [], ["c", "a"]):
        shown = shoot(stage, draw, names)
        assert [word for word in shown.words if word in "abcd"] == names and len(shown.keys) == len(names)


def test_the_legend_covers_no_part_of_the_box_and_breaks_into_rows():
    def draw(panel):
        for i in range(5):
            panel.curve(str(i), X, X, label=f"a long label, number {i}")

    shown = shoot(new_stage(), draw)
    labels = [text for text in shown.texts if text[0].startswith("a long label")]
    assert len(labels) == 5 and len({text[2] for text in labels}) > 1
    left, top, width, _ = shown.box
    for text in labels:
        x0, _, x1, y1 = extent(text)
        assert y1 <= top and x0 >= left and x1 <= left + width + 0.1
    for key in shown.keys:
        assert key["box"][1] + key["box"][3] <= top


def test_what_stands_around_does_not_move_when_the_legend_shrinks():
    stage = new_stage()

    def draw(panel, count):
        for i in range(count):
            panel.curve(str(i), X, X, label=f"a long label, number {i}")

    boxes = [shoot(stage, draw, count).box for count in (5, 1, 3, 5)]
    assert all(box == boxes[0] for box in boxes) and shoot(new_stage(), draw, 1).box != boxes[0]


def test_a_scale_of_colours_runs_from_limit_to_limit_and_vanishes_with_its_heatmap():
    stage = new_stage()

    def draw(panel):
        panel.heatmap("a", np.eye(4), (-3, 3, -2, 2), limits=(-1, 3), cmap="signed", bar="nats")

    shown, after = shoot(stage, draw), shoot(stage, PRIMITIVES["vline"], 0.5)
    place = shown.dress["places"][0]
    x, y, width, height = place["scale"]
    assert x > shown.box[0] + shown.box[2] and (y, height) == (shown.box[1], shown.box[3])
    numbers = {text[0]: text for text in shown.texts if text[1] > x + width and text[5] == 0}
    assert set(numbers) == {"−1", "0", "1", "2", "3"}
    for at, label in zip(shown.dress["scale"]["ticks"], ("−1", "0", "1", "2", "3"), strict=True):
        middle = numbers[label][2] - 0.365 * numbers[label][3]
        assert middle == pytest.approx(y + (1 - at) * height, abs=0.2)
    assert "nats" in shown.words
    assert after.dress["scale"] is None and after.dress["places"][0]["scale"] is None
    assert after.box[2] > shown.box[2]
    with pytest.raises(ValueError, match="limits: expected two different values"):
        stage.view().heatmap("a", np.eye(4), (0, 1, 0, 1), bar="nats")

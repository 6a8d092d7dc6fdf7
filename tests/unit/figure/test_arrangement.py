"""Where panels stand: nobody takes room that he cannot use, and nothing is cut."""

import numpy as np
import pytest

from course_lib.figure.panel import Panel
from course_lib.figure.stage import Stage
from tests.unit.figure.drawing import X


def test_a_panel_of_equal_aspect_leaves_the_room_it_cannot_use_to_the_others():
    square = Panel("square", xlim=(0, 1), ylim=(0, 1), aspect="equal")
    stage = Stage([square, Panel("wide", xlim=(0, 1), ylim=(0, 1))], size=(9, 3), scale=1.0)
    stage.show(stage.view())
    stage.pixels()
    boxes = {name: slot.axes.bbox for name, slot in stage.slots.items()}
    assert boxes["square"].width == pytest.approx(boxes["square"].height)
    assert boxes["wide"].width > 1.8 * boxes["square"].width
    assert boxes["square"].x1 < boxes["wide"].x0 and boxes["wide"].x1 <= 900


def test_nothing_that_is_written_leaves_the_figure():
    stage = Stage(
        [
            [
                Panel(
                    "a",
                    title="A",
                    xlabel="x",
                    ylabel="a long label in nats",
                    xlim=(0, 1),
                    ylim=(0, 1),
                    aspect="equal",
                ),
                Panel("b", title="B", xlabel="x", ylabel="y"),
            ],
            [Panel("c", ylabel="y", ylim=(0, 1)), Panel("d", axes=False, title="D")],
        ],
        size=(8, 6),
        title="All",
        scale=1.0,
    )
    view = stage.view()
    view["a"].heatmap("h", np.eye(3), (0, 1, 0, 1), limits=(0, 1000), bar="density in 1/m²")
    view["b"].curve("c", X, 1e5 * X, label="a curve")
    view["c"].bars(
        "bars", ["a long name of a bar", "another long name", "a third one"] * 2, [1, 2, 3, 4, 5, 6]
    )
    view["d"].image("i", np.eye(8))
    stage.show(view)
    stage.pixels()
    renderer = stage.canvas.get_renderer()
    whole = stage.figure.bbox
    for slot in stage.slots.values():
        tights = [slot.axes.get_tightbbox(renderer, bbox_extra_artists=[])]
        if slot.bar.own:
            tights.append(slot.bar.own.get_tightbbox(renderer))
        for tight in tights:
            assert tight.x0 >= 0 and tight.y0 >= 0 and tight.x1 <= whole.x1 and tight.y1 <= whole.y1
    boxes = {
        name: slot.axes.get_tightbbox(renderer, bbox_extra_artists=[]) for name, slot in stage.slots.items()
    }
    assert (
        boxes["a"].y0 > boxes["c"].y1 and stage.slots["a"].bar.own.get_tightbbox(renderer).x1 < boxes["b"].x0
    )

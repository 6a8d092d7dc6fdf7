"""The legend says what is shown, and stands where nothing is."""

import numpy as np

from tests.unit.figure.drawing import X, new_stage, shoot


def test_the_legend_follows_what_is_shown():
    stage = new_stage()

    def draw(panel, names):
        for index, name in enumerate(names):
            panel.curve(name, X, X * 0 + index, label=name, color="p")

    labels = []
    for names in (["a", "b"], ["a", "d"], ["a"], [], ["c", "a"]):
        shoot(stage, draw, names)
        labels.append([label for label, _ in stage.slots["main"].legend.entries])
    assert labels == [["a", "b"], ["a", "d"], ["a"], [], ["c", "a"]]


def test_the_legend_covers_no_part_of_the_axes():
    stage = new_stage()
    shoot(
        stage,
        lambda panel: [panel.curve(str(i), X, X, label=f"a long label, number {i}") for i in range(5)],
    )
    slot = stage.slots["main"]
    assert len({entry.get_position()[1] for entry in slot.legend.artists if hasattr(entry, "get_text")}) > 1
    renderer = stage.canvas.get_renderer()
    for artist in slot.legend.artists:
        box = artist.get_window_extent(renderer)
        assert box.y0 >= slot.axes.bbox.y1
        # Half a character: extents at one resolution differ a little from those without hinting.
        assert box.x1 <= slot.axes.bbox.x1 + 5 and box.y1 <= stage.figure.bbox.y1


def test_a_label_with_a_changing_number_does_not_repaint_the_background_for_ever():
    stage = new_stage()
    painted = []
    original = stage._paint_background
    stage._paint_background = lambda: (painted.append(1), original())
    for step in range(20):
        shoot(stage, lambda panel, step=step: panel.curve("a", X, X, label=f"step {step:02d}"))
    assert len(painted) <= 6
    blitted = stage.pixels().copy()
    stage.canvas.draw()
    assert (np.asarray(stage.canvas.buffer_rgba()) == blitted).all()

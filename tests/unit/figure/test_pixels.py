"""Heatmaps and images lie where their cells are."""

import numpy as np
import pytest

from tests.unit.figure.drawing import new_stage, shoot


def test_a_heatmap_has_row_zero_at_the_bottom_and_an_image_at_the_top():
    values = np.zeros((2, 2))
    values[0, 1] = 1.0
    stage = new_stage(xlim=(0, 2), ylim=(0, 2), axes=False, title="")

    def dark(draw):
        pixels = shoot(stage, draw)[..., 0].astype(float)
        box = stage.slots["main"].axes.bbox
        rows = stage.canvas.get_width_height()[1]
        inside = pixels[rows - int(box.y1) : rows - int(box.y0), int(box.x0) : int(box.x1)]
        half = np.array(inside.shape) // 2
        parts = {"upper left": inside[: half[0], : half[1]], "upper right": inside[: half[0], half[1] :]}
        parts |= {"lower left": inside[half[0] :, : half[1]], "lower right": inside[half[0] :, half[1] :]}
        return min(parts, key=lambda name: parts[name].mean())

    assert dark(lambda panel: panel.heatmap("a", values, (0, 2, 0, 2), smooth=False)) == "lower right"
    assert dark(lambda panel: panel.image("a", values)) == "upper right"


def test_a_heatmap_beyond_the_view_is_cut_where_its_cells_lie():
    # Columns of alternating colour, one unit wide: in a view from 2.5 to 4.5 they change at 3 and at 4.
    stage = new_stage(xlim=(2.5, 4.5), ylim=(0.25, 0.75), title="", xlabel="", ylabel="")
    values = np.tile(np.arange(8) % 2, (2, 1)).astype(float)
    pixels = shoot(stage, lambda panel: panel.heatmap("a", values, (0, 8, 0, 1), smooth=False))
    box = stage.slots["main"].axes.bbox
    row = pixels[pixels.shape[0] - int(box.y0 + box.height / 2), int(box.x0) + 3 : int(box.x1) - 3, 0].astype(
        int
    )
    changes = np.flatnonzero(np.abs(np.diff(row)) > 100) + 4
    # Two pixels: edges are rounded to whole pixels, and so is the crop.
    assert changes == pytest.approx([box.width / 4, box.width * 3 / 4], abs=2)

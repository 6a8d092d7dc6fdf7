"""Pixels and bytes say the same."""

import io

import numpy as np
from PIL import Image

from course_lib.figure.encode import static_png
from tests.unit.figure.drawing import PRIMITIVES, new_stage, shoot


def test_line_art_is_an_exact_png_and_what_passes_or_is_a_heatmap_a_faithful_jpeg():
    stage = new_stage()
    for name, passing, expected, tolerance in (
        ("curve", False, "png", 0), ("curve", True, "jpeg", 4), ("heatmap", False, "jpeg", 4)
    ):  # fmt: skip
        view = stage.view()
        PRIMITIVES[name](view["main"], 0.5)
        format, data = stage.frame(view, passing=passing)
        decoded = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
        assert format == expected
        # A JPEG of quality 90 errs by a few levels on average.
        assert np.abs(decoded - stage.pixels()[..., :3]).mean() <= tolerance


def test_the_static_picture_is_small_faithful_and_repeats():
    stage = new_stage()
    pixels = shoot(stage, PRIMITIVES["heatmap"], 0.5).astype(int)
    data = stage.static_png()
    decoded = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    # A palette of 256 colours errs by less than two levels on average.
    assert np.abs(decoded - pixels[..., :3]).mean() < 2
    assert data == stage.static_png()


def test_greys_stay_grey_and_white_white_beside_many_colours():
    y, x = np.mgrid[0:200, 0:200].astype(np.uint8)
    colours = np.stack([x, y, 255 - x, np.full_like(x, 255)], axis=-1)
    greys = np.repeat(x[..., None], 4, axis=-1)
    greys[..., 3] = 255
    greys[0, :2, :3] = [[0], [255]]
    pixels = np.ascontiguousarray(np.concatenate([colours, greys], axis=1))
    decoded = np.asarray(Image.open(io.BytesIO(static_png(pixels))).convert("RGB")).astype(int)
    after = decoded[:, 200:]
    assert (after == after[..., :1]).all()
    assert (after[0, :2] == [[0] * 3, [255] * 3]).all()
    assert np.abs(after - greys[..., :3]).max() <= 3  # half of the distance between two greys

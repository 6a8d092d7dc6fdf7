"""Pixels and bytes say the same."""

import io

import numpy as np
from PIL import Image

from course_lib.figure import encode
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


def test_a_picture_of_grey_values_beside_a_heatmap_has_no_tint():
    # More colours than the palette has, so that near ones share an entry: a reader saw pink and blue in grey digits.
    stage = new_stage()
    pixels = shoot(stage, PRIMITIVES["heatmap"], 0.5).copy()
    rows, columns = pixels.shape[:2]
    red, blue = np.meshgrid(np.arange(columns) * 255 // columns, np.arange(rows) * 255 // rows)
    pixels[..., 0], pixels[..., 2] = red, blue
    pixels[: rows // 2, : columns // 2, :3] = (np.arange(columns // 2) * 255 // (columns // 2))[:, None]
    decoded = np.asarray(Image.open(io.BytesIO(encode.static_png(pixels))).convert("RGB")).astype(int)
    tint = np.ptp(decoded[: rows // 2, : columns // 2], axis=-1)
    assert (tint == 0).mean() > 0.98

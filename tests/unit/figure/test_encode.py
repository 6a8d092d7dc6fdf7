"""Pixels and bytes say the same."""

import io

import numpy as np
from PIL import Image

from course_lib.figure.encode import static_png


def many_colours():
    y, x = np.mgrid[0:200, 0:200].astype(np.uint8)
    return np.stack([x, y, 255 - x], axis=-1)


def decoded(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


def test_the_static_picture_is_small_faithful_and_repeats():
    # One row of a colour map and flat colours: what pictures of the course are made of.
    shades = np.linspace([255, 255, 255], [8, 61, 111], 300).round().astype(np.uint8)
    pixels = np.repeat(shades[None], 200, axis=0)
    pixels[:20] = [213, 94, 0]
    data = static_png(pixels)
    # A palette of 256 colours errs by less than two levels on average.
    assert np.abs(decoded(data) - pixels).mean() < 2
    assert len(data) < pixels.size / 20
    assert data == static_png(pixels)


def test_a_fourth_channel_is_left_out():
    pixels = many_colours()
    opaque = np.dstack([pixels, np.full_like(pixels[..., 0], 255)])
    assert static_png(opaque) == static_png(pixels)


def test_greys_stay_grey_and_white_white_beside_many_colours():
    colours = many_colours()
    greys = np.repeat(colours[..., :1], 3, axis=-1)
    greys[0, :2] = [[0], [255]]
    after = decoded(static_png(np.concatenate([colours, greys], axis=1)))[:, 200:]
    assert (after == after[..., :1]).all()
    assert (after[0, :2] == [[0] * 3, [255] * 3]).all()
    assert np.abs(after - greys).max() <= 3  # half of the distance between two greys

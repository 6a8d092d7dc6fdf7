"""Comparing pictures finds what is absent, moved or of another colour, and forgives the smoothing of edges."""

import numpy as np
import pytest
from matplotlib.font_manager import findfont
from PIL import Image, ImageDraw, ImageFont

from tests.browser.agreement import disagreement

SIZE = (300, 120)
PIXEL = 1 / (SIZE[0] * SIZE[1])
# Of the letters drawn here some 400 pixels are darker than half.
LETTERS = 60 * PIXEL


def sheet(draw=lambda pen: None, paper="white"):
    """A picture drawn four times too large and then averaged, as painters smooth edges."""
    picture = Image.new("RGB", (4 * SIZE[0], 4 * SIZE[1]), paper)
    draw(ImageDraw.Draw(picture))
    return picture.resize(SIZE, Image.Resampling.BOX)


def text(shift=(0.0, 0.0), color="#222222"):
    font = ImageFont.truetype(findfont("DejaVu Sans"), 4 * 14)
    return sheet(lambda pen: pen.text((80 + 4 * shift[0], 160 + 4 * shift[1]), "Densities 0.25", color, font))


def line(width=1.5, color="#222222", y=60.0):
    return sheet(lambda pen: pen.rectangle((40, 4 * y, 1160, 4 * (y + width) - 1), color))


def test_a_picture_agrees_with_itself():
    share, where = disagreement(text(), text())
    assert share == 0 and where.size == SIZE


@pytest.mark.parametrize("shift", [(1, 0), (0, 1), (0.5, 0.5), (-0.75, 0.25)])
def test_a_text_that_moves_by_a_pixel_is_the_same(shift):
    assert disagreement(text(), text(shift))[0] <= PIXEL


@pytest.mark.parametrize("shift", [(3, 0), (0, 3), (-3, 0), (0, -3)])
def test_a_text_that_moves_by_three_pixels_is_found(shift):
    assert disagreement(text(), text(shift))[0] > LETTERS


def test_a_text_of_another_colour_or_none_is_found():
    assert disagreement(text(), text(color="#d55e00"))[0] > LETTERS
    assert disagreement(text(), sheet())[0] > LETTERS


@pytest.mark.parametrize("color", ["#222222", "#e6e8eb", "#0072b2"])
def test_a_thin_line_that_is_absent_is_found_in_either_picture(color):
    drawn, blank = line(1.25, color), sheet()
    for one, other in ((drawn, blank), (blank, drawn)):
        # A row of 280 pixels at the least.
        assert disagreement(one, other)[0] > 200 * PIXEL


@pytest.mark.parametrize("color", ["#222222", "#e6e8eb"])
def test_a_thin_line_on_one_row_is_the_same_as_on_two(color):
    assert disagreement(line(1, color, y=60), line(1, color, y=60.5))[0] <= PIXEL
    assert disagreement(line(1.5, color, y=60), line(1.5, color, y=60.25))[0] <= PIXEL


def test_a_small_mark_that_is_absent_is_found():
    dot = sheet(lambda pen: pen.ellipse((600, 200, 620, 220), "#0072b2"))
    assert disagreement(dot, sheet())[0] > 5 * PIXEL


def test_a_field_whose_colour_differs_is_found_and_rounding_is_not():
    assert disagreement(sheet(paper="#d0d0d0"), sheet(paper="#dcdcdc"))[0] == 1
    assert disagreement(sheet(paper="#d0d0d0"), sheet(paper="#d4d4d4"))[0] == 0


def test_red_is_what_only_the_first_has_and_blue_what_only_the_second_has():
    drawn, blank = line(1), sheet()
    for one, other, color in ((drawn, blank, (255, 0, 0)), (blank, drawn, (0, 0, 255))):
        where = np.asarray(disagreement(one, other)[1])
        assert (where[60, 20:280] == color).all()
        assert (where[30] == 255).all()


def test_a_larger_radius_forgives_a_longer_way():
    assert disagreement(line(y=60), line(y=63), radius=1.5)[0] > 200 * PIXEL
    assert disagreement(line(y=60), line(y=63), radius=3.5)[0] <= PIXEL


def test_transparent_counts_as_white():
    assert disagreement(Image.new("RGBA", SIZE, (0, 0, 0, 0)), sheet())[0] == 0


def test_refusals_name_the_argument():
    with pytest.raises(ValueError, match=r"b: expected 300 x 120 pixels.*got 10 x 20"):
        disagreement(sheet(), Image.new("RGB", (10, 20)))
    with pytest.raises(ValueError, match=r"radius: expected .*got -1"):
        disagreement(sheet(), sheet(), radius=-1)

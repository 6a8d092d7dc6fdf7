"""Texts stand where they are put: a fraction of a pixel, an end or the middle, at an angle."""

import numpy as np
import pytest
from PIL import Image

from course_lib.figure.lettering import letter
from course_lib.figure.measure import text_width

BLACK = (0, 0, 0, 255)


def ink(string, x, y, size=20.0, align="left", angle=0, weight="normal", color=BLACK):
    """How strong each pixel is, 0 to 1, on 200 by 200."""
    picture = Image.new("RGB", (200, 200), "white")
    letter(picture, (string, size, align, angle, weight), color, x, y)
    return 1 - np.asarray(picture)[..., 0] / 255


def middle(strength):
    rows, columns = np.indices(strength.shape) + 0.5
    return np.array([(columns * strength).sum(), (rows * strength).sum()]) / strength.sum()


def test_a_text_moves_by_fractions_of_a_pixel_along_its_line():
    start = middle(ink("samples", 50, 100))
    for step in (0.25, 0.5, 3.75):
        assert middle(ink("samples", 50 + step, 100)) - start == pytest.approx([step, 0], abs=0.02)


def test_the_baseline_of_a_level_or_upright_text_is_on_a_whole_pixel():
    assert (ink("H", 50, 100.4) == ink("H", 50, 100)).all()
    assert (ink("H", 50.4, 100, angle=90) == ink("H", 50, 100, angle=90)).all()
    assert (ink("H", 50, 100.4, angle=90) != ink("H", 50, 100, angle=90)).any()


def test_align_says_which_part_stands_at_the_place():
    width = text_width("samples", 20.0)
    left, center, right = (
        middle(ink("samples", 100, 100, align=align))[0] for align in ("left", "center", "right")
    )
    # Places are rounded to quarters of a pixel.
    assert left - center == pytest.approx(width / 2, abs=0.26)
    assert center - right == pytest.approx(width / 2, abs=0.26)


def test_letters_take_the_width_that_was_measured():
    # From the left edge of the first I to that of the last one.
    columns = np.flatnonzero(ink("I" + "m" * 7 + "I", 5, 100, size=14.0).sum(axis=0) > 0.5)
    alone = np.flatnonzero(ink("I", 5, 100, size=14.0).sum(axis=0) > 0.5)
    assert columns[-1] - alone[-1] == pytest.approx(text_width("I" + "m" * 7, 14.0), abs=1)


def test_a_text_turns_counter_clockwise_around_its_place():
    strength = {angle: ink("samples", 100, 100, angle=angle) for angle in (0, 30, 90, 180, 270)}
    arm = middle(strength[0]) - 100
    for angle, turned in strength.items():
        cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))
        expected = [arm[0] * cosine + arm[1] * sine, arm[1] * cosine - arm[0] * sine]
        assert middle(turned) - 100 == pytest.approx(expected, abs=0.3)
        assert turned.sum() == pytest.approx(strength[0].sum(), rel=0.02)


def test_lines_are_one_and_a_fifth_sizes_apart_and_aligned_each():
    one, two = ink("ii", 100, 60, align="right"), ink("ii\nii", 100, 60, align="right")
    assert middle(two) - middle(one) == pytest.approx([0, 12.0], abs=0.13)
    assert two.sum() == pytest.approx(2 * one.sum(), rel=0.02)


def test_bold_is_stronger_and_transparent_fainter():
    plain = ink("samples", 50, 100)
    assert ink("samples", 50, 100, weight="bold").sum() > 1.2 * plain.sum()
    assert ink("samples", 50, 100, color=(0, 0, 0, 51)).sum() == pytest.approx(0.2 * plain.sum(), rel=0.03)


def test_a_text_may_be_empty_or_reach_over_the_edge():
    assert ink("", 50, 100).sum() == ink(" ", 50, 100).sum() == 0
    assert 0 < ink("samples", -10, 5).sum() < ink("samples", 50, 100).sum()
    assert ink("samples", 500, 500).sum() == 0

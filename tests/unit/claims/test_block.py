"""Numbers are shown so that they repeat from run to run and machine to machine."""

import math

import numpy as np
import pytest

from course_lib.claims.block import as_json, format_difference, format_number


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.19, "0.190000"),
        (-1.3862943611, "-1.38629"),
        (123456.7, "123457"),
        (1.5e9, "1.50000e+09"),
        (2.5e-7, "2.50000e-07"),
        (-2e-17, "0.000000"),
        (-0.0, "0.000000"),
        (7, "7"),
        (-math.inf, "-inf"),
    ],
)
def test_numbers_are_rounded_so_that_they_repeat(number, text):
    assert format_number(number, [number], 1e-6) == text


def test_noise_in_the_last_bits_never_shows():
    rng = np.random.default_rng(0)
    for number in [0.19, 2 / 3, 1e-3, 12345.678, 3e7]:
        noisy = number * (1 + rng.uniform(-1e-13, 1e-13, size=20))
        assert len({format_number(float(x), [number], 1e-6) for x in noisy}) == 1
        assert {format_difference(number, float(x), 1e-6).strip("0.") for x in noisy} == {""}


def test_a_difference_is_signed_and_never_minus_zero():
    assert format_difference(1.0, 0.5, 1e-6) == "-0.50000"
    assert format_difference(0.19, 0.19 - 1e-9, 1e-6) == "0.000000"
    assert format_difference(math.inf, 1.0, 1e-6) == "-inf"
    assert format_difference(1e-20, 3e-20, 1e-25) == "2.00000e-20"
    assert format_difference(0, 0.0, 1e-6) == "0.000000"


@pytest.mark.parametrize("digits", [1, 2, 6, 9])
@pytest.mark.parametrize("zero", [-0.0, -1e-17, 3e-18])
def test_a_zero_has_no_sign(zero, digits):
    texts = [
        format_number(zero, [zero], 1e-6, digits),
        format_number(zero, [5e6], 1e-6, digits),
        format_difference(0.0, zero, 1e-6, digits),
        format_difference(1e7, 1e7 - 1e-9, 1e-6, digits),
        format_difference(1e-3, 1e-3 + zero, 1e-6, digits),
    ]
    for text in texts:
        assert float(text) == 0 and not text.startswith("-"), texts


@pytest.mark.parametrize("number", [0.19, -1.3862943611, 123456.7, 1.5e9, 2.5e-7, 7, -3, 10**20])
def test_a_shown_number_is_the_same_in_json(number):
    read = as_json(format_number(number, [number], 1e-9))
    assert read == pytest.approx(number, rel=1e-5)
    assert isinstance(read, int) or not isinstance(number, int)


def test_infinity_is_a_word_in_json():
    assert [as_json(format_number(sign * math.inf, [1.0], 1e-6)) for sign in (1, -1)] == ["inf", "-inf"]

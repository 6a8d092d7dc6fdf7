"""Numbers as text: no negative zero, and the number can be read back."""

import math

import numpy as np
import pytest
import torch

from course_lib.numerals import pretty, written

_FORMATS = [".0f", ".2f", ".4f", ".6g", ".2e", "g", "+.3f"]


@pytest.mark.parametrize("format", _FORMATS)
@pytest.mark.parametrize("size", [0.0, 1e-300, 1e-9, 4.9e-5, 0.004, 0.5, 1.0, 12345.678])
def test_a_number_keeps_its_sign_and_a_zero_has_none(size, format):
    for value in (size, -size):
        text = written(value, format)
        assert float(text) == float(f"{value:{format}}")
        assert ("-" in text.split("e")[0]) == (float(text) < 0)
        assert pretty(value, format).replace("−", "-") == text and "-" not in pretty(value, format)


def test_what_is_no_finite_number():
    assert [written(x) for x in (math.inf, -math.inf, math.nan)] == ["infinity", "-infinity", "NaN"]
    assert [pretty(x) for x in (math.inf, -math.inf, math.nan)] == ["∞", "−∞", "undefined"]
    assert pretty(math.nan, undefined="NaN") == "NaN"


def test_whole_numbers_are_written_in_full():
    assert [pretty(x) for x in (0, -3, 2048, 10**9, np.int64(1437))] == [
        "0",
        "−3",
        "2,048",
        "1,000,000,000",
        "1,437",
    ]
    assert written(10**400, "d") == "1" + "0" * 400


@pytest.mark.parametrize("make", [float, np.float32, np.float64, torch.tensor, lambda x: np.array([x])])
def test_numbers_of_any_library_read_the_same(make):
    assert pretty(make(-0.25), ".2f") == "−0.25" and pretty(make(0.5)) == "0.5000"


def test_words_and_truth_are_shown_as_such():
    assert [pretty(x) for x in ("on", "", None, True, False, np.bool_(True))] == [
        "on",
        "",
        "None",
        "yes",
        "no",
        "yes",
    ]

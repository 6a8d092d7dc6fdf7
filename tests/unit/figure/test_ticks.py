"""Ticks stand at round values that one can read."""

import math

import numpy as np
import pytest
from matplotlib.ticker import MaxNLocator

from course_lib.figure.ticks import linear_ticks, log_ticks


@pytest.mark.parametrize("seed", range(5))
def test_linear_ticks_are_those_of_matplotlib(seed):
    random = np.random.default_rng(seed)
    for _ in range(200):
        low, high = np.sort(random.normal(size=2)) * 10.0 ** random.integers(-6, 7)
        values = [value for value, _ in linear_ticks(low, high)]
        theirs = MaxNLocator(6, steps=[1, 2, 5, 10]).tick_values(low, high)
        theirs = theirs[(theirs >= low) & (theirs <= high)]
        # Matplotlib takes a finer distance when fewer than two ticks are in view.
        if len(theirs) >= 2 and len(values) >= 2:
            assert values == pytest.approx(theirs, abs=1e-9 * (high - low))
        assert all(low <= value <= high for value in values)


def _read(label):
    mantissa, _, power = label.replace("−", "-").replace(",", "").partition("·10")
    if label.startswith("10") and not power and len(label) > 2 and label[2] in "⁻⁰¹²³⁴⁵⁶⁷⁸⁹":
        mantissa, power = "1", label[2:]
    return float(mantissa) * 10.0 ** int(power.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")) or 0)


@pytest.mark.parametrize("ticks", [linear_ticks, log_ticks])
@pytest.mark.parametrize("seed", range(3))
def test_labels_say_the_values_and_differ(ticks, seed):
    random = np.random.default_rng(seed)
    for _ in range(200):
        low, high = np.sort(np.exp(random.uniform(-18, 18, size=2)))
        found = ticks(low, high)
        assert len({label for _, label in found}) == len(found)
        for value, label in found:
            assert _read(label) == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize(
    "limits", [(1.0, 1.5), (0.9, 1.1), (3.0, 9.0), (1e-3, 30), (1e-12, 1e12), (2.0, 2.2)]
)
def test_a_log_axis_has_something_to_read_and_not_too_much(limits):
    assert 2 <= len(log_ticks(*limits)) <= 8
    low, high = limits
    if math.log10(high / low) >= 2:
        assert all(float(value) == 10.0 ** round(math.log10(value)) for value, _ in log_ticks(*limits))

"""Limits that follow data: always around them, and calm."""

import numpy as np
import pytest

from course_lib.figure.follower import Follower


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_limits_always_contain_the_data_and_following_again_changes_nothing(scale):
    random = np.random.default_rng(0)
    follower = Follower(scale)
    for _ in range(300):
        values = np.exp(random.normal(size=3) * 4) * random.choice([1, 1e-3, 1e3])
        if scale == "linear":
            values = values * random.choice([-1, 1])
        low, high = follower.follow(values, 0.05)
        assert low <= values.min() * (1 + 1e-9) + 1e-12 * abs(values).max() or low <= values.min()
        assert high >= values.max() or high == pytest.approx(values.max())
        assert low < high
        assert follower.follow(values, 0.05) == (low, high)


def test_limits_shrink_only_when_data_fill_little():
    follower = Follower("linear")
    wide = follower.follow([0, 10], 0.0)
    assert follower.follow([0, 5], 0.0) == wide
    low, high = follower.follow([0, 1], 0.0)
    assert high - low < 2


def test_a_floor_needs_no_margin():
    assert Follower("linear").follow([0, 1], 0.1, floor=0.0) == (0.0, 1.1)


@pytest.mark.parametrize("values", [[], [np.nan, np.inf], [3.0], [0.0, 0.0]])
def test_limits_are_finite_and_different_whatever_comes(values):
    for scale in ("linear", "log"):
        low, high = Follower(scale).follow(values, 0.05)
        assert np.isfinite([low, high]).all() and low < high

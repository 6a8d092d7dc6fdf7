"""Properties of the limits that follow data, of the colours, and of the table of measurements."""

import numpy as np
import pytest

from course_lib.figure import style
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


def _luminance(color):
    channels = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in style.rgba(color)[:3]]
    return float(np.dot(channels, [0.2126, 0.7152, 0.0722]))


# Linear RGB seen by a protanope and a deuteranope (Viénot, Brettel and Mollon, 1999).
_SEEN_BY = {
    "everyone": np.eye(3),
    "protanope": np.array([[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]]),
    "deuteranope": np.array([[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]]),
}


@pytest.mark.parametrize("eyes", _SEEN_BY)
def test_roles_differ_in_colour_or_at_least_in_line_style_for_every_eye(eyes):
    roles = ["p", "q", "third", "fourth", "fifth"]
    for index, first in enumerate(roles):
        for second in roles[index + 1 :]:
            assert style.ROLES[first].line != style.ROLES[second].line
            assert style.ROLES[first].marker != style.ROLES[second].marker
            seen = [_SEEN_BY[eyes] @ np.array(style.rgba(role)[:3]) ** 2.2 for role in (first, second)]
            assert np.abs(seen[0] - seen[1]).max() > 0.08


def test_text_is_readable_on_paper():
    for color in (style.INK, style.MUTED):
        assert (1.0 + 0.05) / (_luminance(color) + 0.05) > 4.5
    # Projected from the back row: nothing below 11 points.
    assert (
        min(style.font(part).get_size() for part in ("title", "label", "tick", "legend", "text", "value"))
        >= 11
    )


def test_the_same_role_is_the_same_colour_and_unknown_names_are_refused():
    assert style.rgba("model") == style.rgba("q") == style.rgba("vermillion")
    with pytest.raises(ValueError, match="color: expected one of 'p', 'data'"):
        style.rgba("mauve-ish")
    with pytest.raises(ValueError, match="cmap: expected"):
        style.colormap("nonsense")

"""Colours, fonts and names that every eye in a hall tells apart."""

import numpy as np
import pytest
from matplotlib import colormaps
from matplotlib.colors import to_rgba

from course_lib.figure import style


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
    assert min(style.SIZES.values()) >= 11 * style.PX


def test_the_same_role_is_the_same_colour_and_unknown_names_are_refused():
    assert style.rgba("model") == style.rgba("q") == style.rgba("vermillion")
    with pytest.raises(ValueError, match="color: expected one of 'p', 'data'"):
        style.rgba("mauve-ish")
    with pytest.raises(ValueError, match="cmap: expected"):
        style.colormap("nonsense")


def test_colours_and_maps_of_our_own_are_those_that_matplotlib_has_under_the_name():
    for color in ("#1a2B3c", "#01020304", "white", "red", "C1", (0.1, 0.2, 0.3), (0.1, 0.2, 0.3, 0.4)):
        assert style.rgba(color) == pytest.approx(to_rgba(color))
    assert style.rgba("red", 0.5) == to_rgba("red", 0.5)
    for name in ("gray", "Blues", "RdBu", "viridis", "magma"):
        for end in ("", "_r"):
            known = colormaps[name + end](np.linspace(0, 1, 256)) * 255
            # Viridis is kept at eighteen of its colours: off by a few of 255 between them.
            assert np.abs(style.colormap(name + end) - known).max() < (6 if name == "viridis" else 1.1)

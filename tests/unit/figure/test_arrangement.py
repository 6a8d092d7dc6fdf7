"""Where panels and texts stand: nobody takes room that he cannot use, nothing is cut, nothing is too small to read."""

from itertools import pairwise

import numpy as np
import pytest

from course_lib.figure.panel import Panel
from course_lib.figure.stage import Stage
from course_lib.figure.words import extent
from tests.unit.figure.drawing import PRIMITIVES, X, new_stage, shoot, taken_apart


def _crowded():
    limits = {"xlim": (0, 1), "ylim": (0, 1)}
    long = "a heading that is much longer than its panel is wide, so that it needs two lines"
    upper = [
        Panel("a", title="A", xlabel="x", ylabel="a long label in nats", aspect="equal", **limits),
        Panel("b", title=long, xlabel="x", ylabel="y"),
    ]
    lower = [Panel("c", ylabel="y", ylim=(0, 1)), Panel("d", axes=False, title="D")]
    stage = Stage([upper, lower], size=(8, 6), title="All")
    view = stage.view()
    view["a"].heatmap("h", np.eye(3), (0, 1, 0, 1), limits=(0, 1000), bar="density in 1/m²")
    view["b"].curve("c", X, 1e5 * X, label="a curve")
    view["b"].curve("d", X, 1e5 * X, label="another one with a longer label, and no end of it")
    view["c"].bars(
        "bars", ["a long name of a bar", "another long name", "a third one"] * 2, [1, 2, 3, 4, 5, 6]
    )
    view["d"].image("i", np.eye(8))
    return stage.frame(view)


def _all_texts(frame, place):
    """Panel, text and extent of all that is written around the panels in one place."""
    for dress, _ in frame.head["panels"]:
        dress = frame.json(dress)
        for text in dress["places"][place]["texts"]:
            yield dress["name"], text, extent(text)
    for text in frame.json(frame.head["plan"])["places"][place]["texts"]:
        yield None, text, extent(text)


def _boxes(frame, place):
    found = {}
    for dress, _ in frame.head["panels"]:
        dress = frame.json(dress)
        found[dress["name"]] = dress["places"][place]["box"]
    return found


def _overlap(a, b):
    return min(a[2], b[2]) - max(a[0], b[0]) > 1 and min(a[3], b[3]) - max(a[1], b[1]) > 1


def test_a_panel_of_equal_aspect_leaves_the_room_it_cannot_use_to_the_others():
    square = Panel("square", xlim=(0, 1), ylim=(0, 1), aspect="equal")
    stage = Stage([square, Panel("wide", xlim=(0, 1), ylim=(0, 1))], size=(9, 3))
    boxes = _boxes(stage.frame(stage.view()), 0)
    assert boxes["square"][2] == pytest.approx(boxes["square"][3], abs=0.2)  # places are rounded to a tenth
    assert boxes["wide"][2] > 1.8 * boxes["square"][2]
    assert boxes["square"][0] + boxes["square"][2] < boxes["wide"][0] and sum(boxes["wide"][::2]) <= 900


@pytest.mark.parametrize("place", [0, 1])
def test_nothing_that_is_written_leaves_the_picture_or_lies_on_something_else(place):
    frame = _crowded()
    size = frame.json(frame.head["plan"])["places"][place]
    texts = list(_all_texts(frame, place))
    assert len(texts) > 20
    for _, text, (x0, y0, x1, y1) in texts:
        assert x0 >= 0 and y0 >= 0 and x1 <= size["width"] and y1 <= size["height"], text
    boxes = _boxes(frame, place)
    for index, (_, text, here) in enumerate(texts):
        for _, other, there in texts[index + 1 :]:
            # Slanted names lie side by side, which their outer rectangles do not tell.
            if 38 not in (text[5], other[5]):
                assert not _overlap(here, there), (text, other)
        for name, (x, y, width, height) in boxes.items():
            if name == "d" or text[5] != 38:
                assert not _overlap(here, (x, y, x + width, y + height)), (text, name)


def test_a_narrow_page_has_a_place_of_its_own_in_which_letters_are_never_below_11_pixels():
    for width in (4, 5, 7, 9, 12, 16):
        stage = Stage([Panel("a", title="A", xlabel="x"), Panel("b")], size=(width, 4))
        frame = stage.frame(stage.view())
        places = frame.json(frame.head["plan"])["places"]
        for room in range(360, 1500, 7):
            number = next((i for i, one in enumerate(places) if one["width"] * 0.72 <= room), len(places) - 1)
            scale = room / places[number]["width"]
            for _, text, _ in _all_texts(frame, number):
                assert text[3] * scale >= 10.99, (width, room, text)


def test_on_a_narrow_page_panels_stand_one_below_the_other():
    wide, narrow = (_boxes(_crowded(), place) for place in (0, 1))
    assert wide["a"][1] + wide["a"][3] > wide["b"][1] and wide["a"][0] < wide["b"][0]
    assert narrow["a"][1] + narrow["a"][3] < narrow["b"][1]


def test_equal_aspect_gives_both_axes_one_scale():
    box = shoot(new_stage(aspect="equal"), PRIMITIVES["ellipse"], 0.5).box
    assert box[2] / 6 == pytest.approx(box[3] / 4.5, rel=2e-3)


@pytest.mark.parametrize("limits", [(-0.1, 1.05), (0, 12345), (1e-7, 3e-7), (-2e8, 1e8), (99.5, 100.5)])
def test_ticks_stand_where_their_labels_say(limits):
    shown = shoot(new_stage(xlim=limits, ylabel="", title="", legend=False), lambda panel: None)
    x, _, width, height = shown.box
    below = [
        text
        for text in shown.texts
        if text[2] > shown.box[1] + height and text[4] == "center" and text[0] != "x"
    ]
    assert len(below) >= 2
    for string, at, *_ in below:
        string = string.replace("−", "-").replace(",", "")
        mantissa, _, power = string.partition("·10")
        power = power.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
        value = float(mantissa) * 10.0 ** int(power or 0)
        wanted = x + (value - limits[0]) / (limits[1] - limits[0]) * width
        assert at == pytest.approx(wanted, abs=0.2)


def test_labels_in_a_row_have_room_between_them():
    stage = Stage([Panel(str(i), xlim=(0, 100_000), ylim=(0, 1)) for i in range(4)], size=(8, 3))
    for panel in range(4):
        shown = taken_apart(stage.frame(stage.view()), panel)
        below = sorted(extent(text) for text in shown.texts if text[2] > shown.box[1] + shown.box[3])
        assert all(left[2] < right[0] for left, right in pairwise(below))

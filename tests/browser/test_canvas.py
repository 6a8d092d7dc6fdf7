"""The painter of the page: where the pixels of each kind of mark are, and what of a frame reaches the screen."""

import colorsys
import math

import numpy as np
import pytest
from matplotlib.font_manager import findfont
from PIL import Image, ImageDraw, ImageFont

from tests.browser.agreement import disagreement
from tests.browser.lab import open_page
from tests.browser.painted import painter
from tests.browser.sketches import rich, single, table

BOX = (60, 40, 300, 200)
BLUE, INK = "#0072b2", "#222222"
PALETTE = ["#000000", "#e69f00", "#56b4e9", "#009e73", "#0072b2", "#d55e00", "#cc79a7", "#767676", "#40007a"]


@pytest.fixture(scope="module")
def canvas():
    with open_page() as page:
        yield painter(page)


def pixels(picture):
    """Shape (height, width, 3), float."""
    return np.asarray(picture).astype(float)


def is_painted(picture, paper=(255, 255, 255)):
    """Where the picture is not paper, shape (height, width)."""
    return (np.abs(pixels(picture) - paper) > 8).any(axis=2)


def is_color(picture, color, tolerance=8):
    """Where the picture has the colour, shape (height, width)."""
    return (np.abs(pixels(picture) - channels(color)) <= tolerance).all(axis=2)


def channels(color):
    return np.array([int(color[at : at + 2], 16) for at in (1, 3, 5)])


def edges(mask):
    """The first column, the first row, and those behind the last ones of what is true."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return columns[0], rows[0], columns[-1] + 1, rows[-1] + 1


def at(x, y, box=BOX):
    """The pixel in which a point of the panel lies: column and row."""
    return int(box[0] + x * box[2]), int(box[1] + (1 - y) * box[3])


# Marks that reach beyond the panel on every side.


def line(blobs, x=(-0.5, 1.5), y=(-0.4, 1.4), color=BLUE, width=4, dash=()):
    return {"kind": "line", "x": blobs.numbers(x), "y": blobs.numbers(y), "color": color, "width": width,
            "dash": list(dash)}  # fmt: skip


def area(blobs, x=(-0.5, 0.5, 1.5), y=(0.2, 1.5, 0.2), base=(-0.5, -0.2, -0.5), color=BLUE):
    return {
        "kind": "area",
        "x": blobs.numbers(x),
        "y": blobs.numbers(y),
        "base": blobs.numbers(base),
        "color": color,
    }


def polygon(blobs, x=(-1, 2, 0.5), y=(-0.5, -0.5, 2), color=BLUE):
    return {"kind": "polygon", "x": blobs.numbers(x), "y": blobs.numbers(y), "color": color}


def bars(blobs, left=(-0.2, 0.4, 0.9), top=(0.5, 1.3, 0.7), width=0.3, base=-0.2, colors=(BLUE,), hatch=""):
    return {"kind": "bars", "left": blobs.numbers(left), "top": blobs.numbers(top), "width": width, "base": base,
            "colors": list(colors), "hatch": hatch}  # fmt: skip


def image(blobs, cells=((0, 255), (128, 64)), box=(-0.5, -0.5, 1.5, 1.5), smooth=False, alpha=1, shades=None):
    cells = np.array(cells, np.uint8)
    shades = table(low=(200, 220, 240)) if shades is None else shades
    return {"kind": "image", "box": list(box), "size": [cells.shape[1], cells.shape[0]], "smooth": smooth,
            "table": None if cells.ndim == 3 else blobs.add(shades), "alpha": alpha,
            "at": blobs.add(cells.tobytes())}  # fmt: skip


def points(
    blobs, x=(0, 0.5, 1), y=(0.5, 1, 0), size=30, marker=None, colors=(BLUE,), edge="#ffffff", width=0
):
    colors = list(colors) if isinstance(colors, tuple) else {"at": blobs.add(colors)}
    return {"kind": "points", "x": blobs.numbers(x), "y": blobs.numbers(y), "size": size, "marker": marker,
            "colors": colors, "edge": edge, "edgeWidth": width}  # fmt: skip


def arrows(blobs, x=(0.9,), y=(0.9,), u=(0.5,), v=(0.5,), color=BLUE, width=4):
    ends = {name: blobs.numbers(values) for name, values in (("x", x), ("y", y), ("u", u), ("v", v))}
    return {"kind": "arrows", **ends, "color": color, "width": width}


def text(blobs, x=0.0, y=0.5, string="Half of this is outside", size=20, align="center", color=BLUE):
    return {"kind": "text", "x": x, "y": y, "string": string, "size": size, "align": align, "color": color}


KINDS = [line, area, polygon, bars, image, points, arrows, text]


def lettered(string, x, y, size=20, align="left", angle=0, color=INK, weight="normal"):
    return [string, x, y, size, align, angle, color, weight]


def test_the_module_offers_four_functions(canvas):
    assert sorted(canvas.page.evaluate("() => Object.keys(painter)")) == ["after", "decode", "head", "paint"]


# Where marks are


def test_a_line_is_where_its_points_are_and_as_wide_as_it_says(canvas):
    ends = np.array([at(0.1, 0.2), at(0.9, 0.8)], float)
    painted = is_painted(canvas.paint(single(lambda b: [line(b, (0.1, 0.9), (0.2, 0.8), width=5)]), 400))
    rows, columns = np.nonzero(painted)
    way = np.diff(ends, axis=0)[0] / np.linalg.norm(np.diff(ends, axis=0))
    offset = np.stack([columns, rows], axis=1) + 0.5 - ends[0]
    beside = np.abs(offset[:, 0] * way[1] - offset[:, 1] * way[0])
    # Half the width, and the pixel in which an edge lies.
    assert beside.max() <= 2.5 + 1
    # A round cap of half the width at each end.
    along = offset @ way
    length = np.linalg.norm(ends[1] - ends[0])
    assert -3.5 <= along.min() <= -1 and length + 1 <= along.max() <= length + 3.5
    for share in np.linspace(0, 1, 50):
        column, row = (ends[0] + share * (ends[1] - ends[0])).astype(int)
        assert painted[row, column]


@pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)
@pytest.mark.parametrize(("width", "ratio"), [(400, 1), (400, 2), (317, 1.25)])
def test_each_kind_of_mark_paints_in_its_box_and_nowhere_else(canvas, make, width, ratio):
    painted = is_painted(canvas.paint(single(lambda b: [make(b)]), width, ratio))
    k = width / 400 * ratio
    left, top, right, bottom = (round(edge * k) for edge in (60, 40, 360, 240))
    inside = painted[top:bottom, left:right]
    assert inside.sum() >= 50
    # The mark goes beyond the box, so it reaches at least one of its sides.
    assert inside[0].any() or inside[-1].any() or inside[:, 0].any() or inside[:, -1].any()
    assert painted.sum() == inside.sum()


def test_a_dash_is_pixels_on_and_off_with_flat_ends(canvas):
    dashed = canvas.paint(single(lambda b: [line(b, (0, 1), (0.5, 0.5), dash=(20, 10), width=6)]), 400)
    row = is_color(dashed, BLUE)[at(0, 0.5)[1], 60:360]
    assert (row == (np.arange(300) % 30 < 20)).all()


@pytest.mark.parametrize("make", [line, area, polygon])
def test_nan_breaks(canvas, make):
    gap = np.nan
    x = [0.1, 0.2, 0.3, gap, 0.7, 0.8, 0.9]
    y = [0.5, 0.9, 0.5, 0.5, 0.5, 0.9, 0.5]
    more = {"base": [0.1] * 7} if make is area else {}
    painted = is_painted(canvas.paint(single(lambda b: [make(b, x, y, **more)]), 400))
    left, right = at(0.3, 0)[0] + 4, at(0.7, 0)[0] - 4
    assert not painted[:, left:right].any()
    assert painted[:, :left].any() and painted[:, right:].any()


def test_nan_of_points_bars_and_arrows_is_left_out(canvas):
    gap = np.nan
    for make in (
        lambda b: points(b, (0.5, gap, 0.2), (0.5, 0.5, gap), size=20),
        lambda b: bars(b, (0.4, 0.7), (0.6, gap), width=0.1, base=0.4),
        lambda b: arrows(b, (0.4, gap, 0.1), (0.4, 0.1, 0.1), (0.2, 0.1, gap), (0.2, 0.1, 0.1)),
    ):
        left, top, right, bottom = edges(
            is_painted(canvas.paint(single(lambda b, make=make: [make(b)]), 400))
        )
        assert left >= at(0.35, 0)[0] and right <= at(0.65, 0)[0]
        assert top >= at(0, 0.65)[1] and bottom <= at(0, 0.35)[1]


@pytest.mark.parametrize("far", [1e3, 1e9, 1e30])
def test_what_lies_far_out_leaves_the_rest_of_a_line_in_its_place(canvas, far):
    x = np.array([-far, 0.25, 0.75, far])
    y = np.array([0.5, 0.5, 0.5, 0.5])
    level = is_painted(canvas.paint(single(lambda b: [line(b, x, y)]), 400))
    plain = is_painted(canvas.paint(single(lambda b: [line(b, (-0.1, 1.1), (0.5, 0.5))]), 400))
    assert (level == plain).all()
    steep = is_painted(canvas.paint(single(lambda b: [line(b, (0.5, 0.5, 0.9), (-far, 0.2, far))]), 400))
    column = at(0.5, 0)[0]
    assert steep[at(0, 0.2)[1] : 238, column].all()


def test_a_line_that_is_nowhere_near_paints_nothing(canvas):
    frame = single(lambda b: [line(b, (-1e6, 1e6), (3e3, 4e6)), points(b, (1e9,), (-1e9,)), line(b, (), ())])
    assert not is_painted(canvas.paint(frame, 400)).any()


def test_bars_go_from_their_base_to_their_tops_in_their_colours(canvas):
    frame = single(lambda b: [bars(b, (0.1, 0.6), (0.8, 0.2), 0.2, 0.5, (BLUE, "#d55e00"))])
    picture = canvas.paint(frame, 400)
    assert edges(is_color(picture, BLUE)) == (*at(0.1, 0.8), *at(0.3, 0.5))
    assert edges(is_color(picture, "#d55e00")) == (*at(0.6, 0.5), *at(0.8, 0.2))


@pytest.mark.parametrize("marker", [None, [[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]]])
@pytest.mark.parametrize("width", [400, 800])
def test_a_point_is_as_large_as_it_says_around_its_place(canvas, marker, width):
    k = width / 400
    got = edges(is_painted(canvas.paint(single(lambda b: [points(b, (0.5,), (0.5,), 21, marker)]), width)))
    expected = [k * edge for edge in (210 - 10.5, 140 - 10.5, 210 + 10.5, 140 + 10.5)]
    assert np.abs(np.subtract(got, expected)).max() <= 1


def test_y_of_a_marker_points_up(canvas):
    triangle = [[-0.5, -0.5], [0.5, -0.5], [0, 0.5]]
    painted = is_painted(canvas.paint(single(lambda b: [points(b, (0.5,), (0.5,), 40, triangle)]), 400))
    assert painted[125].sum() < painted[155].sum()


def test_many_points_are_painted_as_each_alone_is(canvas):
    draw = np.random.default_rng(3)
    x, y = draw.uniform(0, 1, (2, 150))
    look = {"size": 9, "colors": (BLUE + "bf",), "width": 0.6}
    together = canvas.paint(single(lambda b: [points(b, x, y, **look)]), 400, 1.5)
    alone = canvas.paint(
        single(lambda b: [points(b, x[i : i + 1], y[i : i + 1], **look) for i in range(150)]), 400, 1.5
    )
    # Points are put at quarters of a pixel, so an edge is paler or darker by an eighth of its contrast, and a little.
    difference = np.abs(pixels(together) - pixels(alone))
    assert difference.max() <= 255 * 0.25 and difference.mean() < 1
    assert disagreement(together, alone)[0] == 0


def test_points_have_colours_of_their_own_and_an_edge(canvas):
    colors = np.array([[213, 94, 0, 255], [0, 158, 115, 255], [213, 94, 0, 0]], np.uint8)
    frame = single(lambda b: [points(b, (0.2, 0.5, 0.8), (0.5,) * 3, 30, None, colors.tobytes(), INK, 4)])
    picture = canvas.paint(frame, 400)
    shown = pixels(picture)
    for x, color in ((0.2, colors[0, :3]), (0.5, colors[1, :3]), (0.8, (255, 255, 255))):
        column, row = at(x, 0.5)
        assert (shown[row, column] == color).all()
        assert is_color(picture, INK)[row, column + 15]


def test_an_arrow_ends_where_it_says_with_its_head_there(canvas):
    painted = is_painted(
        canvas.paint(single(lambda b: [arrows(b, (0.2,), (0.5,), (0.5,), (0,), width=6)]), 400)
    )
    left, top, right, bottom = edges(painted)
    assert abs(left - at(0.2, 0)[0]) <= 1 and abs(right - at(0.7, 0)[0]) <= 1
    # 4.5 widths across at the head, which is 5 widths long; the shaft is one wide.
    assert abs(bottom - top - 4.5 * 6) <= 1
    thick = painted.sum(axis=0)
    assert abs(thick[left + 20] - 6) <= 1
    assert abs(np.flatnonzero(thick > 8)[0] - (right - 30)) <= 2


def test_a_short_arrow_is_smaller_as_a_whole_and_none_is_nothing(canvas):
    frame = single(lambda b: [arrows(b, (0.5,), (0.5,), (12 / 300,), (0,), width=6)])
    left, top, right, bottom = edges(is_painted(canvas.paint(frame, 400)))
    assert abs(right - left - 12) <= 1
    assert abs(bottom - top - 12 * 4.5 / 5) <= 2
    assert not is_painted(canvas.paint(single(lambda b: [arrows(b, u=(0,), v=(0,))]), 400)).any()


# Images


def test_cells_that_are_not_smooth_have_their_colours_up_to_their_edges(canvas):
    cells = np.array([[0, 50, 100], [150, 200, 250]])
    shown = pixels(canvas.paint(single(lambda b: [image(b, cells, (0, 0, 1, 1))]), 400))[40:240, 60:360]
    shades = np.frombuffer(table(low=(200, 220, 240)), np.uint8).reshape(256, 4)[:, :3]
    # Row 0 is on top.
    assert (shown == np.kron(shades[cells], np.ones((100, 100, 1)))).all()


def test_smooth_cells_pass_from_one_colour_to_the_next(canvas):
    shown = pixels(canvas.paint(single(lambda b: [image(b, [[0, 255]], (0, 0, 1, 1), smooth=True)]), 400))[
        140, 60:360, 0
    ]
    assert len(np.unique(shown)) > 100 and (np.diff(shown) <= 0).all()


def test_cells_of_alpha_zero_are_holes(canvas):
    shades = np.frombuffer(table(low=(200, 220, 240)), np.uint8).reshape(256, 4).copy()
    shades[7] = 0
    frame = single(lambda b: [image(b, [[7, 255]], (0, 0, 1, 1), shades=shades.tobytes())])
    for dark in (False, True):
        picture = canvas.paint(frame, 400, dark=dark)
        paper = tuple(pixels(picture)[0, 0])
        assert edges(is_painted(picture, paper)) == (210, 40, 360, 240)


def test_an_image_of_colours_needs_no_table_and_may_be_transparent(canvas):
    cells = np.array([[[255, 0, 0, 255], [0, 0, 255, 0]]], np.uint8)
    shown = pixels(canvas.paint(single(lambda b: [image(b, cells, (0, 0, 1, 1), alpha=0.5)]), 400))
    # Half of red over white, up to rounding.
    assert np.abs(shown[140, 100] - (255, 127.5, 127.5)).max() <= 1.5
    assert (shown[140, 300] == 255).all()


def test_an_image_is_mirrored_where_its_box_is(canvas):
    cells = [[0, 255], [128, 64]]
    plain = pixels(canvas.paint(single(lambda b: [image(b, cells, (0, 0, 1, 1))]), 400))[40:240, 60:360]
    turned = pixels(canvas.paint(single(lambda b: [image(b, cells, (1, 1, 0, 0))]), 400))[40:240, 60:360]
    assert (turned == plain[::-1, ::-1]).all()


# Texts


def written(string, size, weight="normal"):
    """Where a text has ink, relative to the start of its baseline: offsets (n, 2), x to the right and y down."""
    font = ImageFont.truetype(findfont("DejaVu Sans:" + ("bold" if weight == "bold" else "book")), size)
    sheet = Image.new("L", (400, 100))
    ImageDraw.Draw(sheet).text((100, 60), string, 255, font, anchor="ls")
    rows, columns = np.nonzero(np.asarray(sheet) > 127)
    return np.stack([columns - 100 + 0.5, rows - 60 + 0.5], axis=1), font.getlength(string)


@pytest.mark.parametrize("align", ["left", "center", "right"])
@pytest.mark.parametrize("angle", [0, 90, -90, 30])
@pytest.mark.parametrize("weight", ["normal", "bold"])
def test_a_text_stands_where_it_says(canvas, align, angle, weight):
    frame = single(lambda b: [], texts=[lettered("Density 0.5", 200, 150, 20, align, angle, weight=weight)])
    shown = np.nonzero(pixels(canvas.paint(frame, 400))[:, :, 0] < 128 + 17)
    got = np.stack([shown[1] + 0.5, shown[0] + 0.5], axis=1)
    ink, length = written("Density 0.5", 20, weight)
    ink[:, 0] -= {"left": 0, "center": length / 2, "right": length}[align]
    turn = math.radians(angle)
    rotation = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
    expected = ink @ rotation.T + (200, 150)
    for measure in (np.mean, np.min, np.max):
        assert np.abs(measure(got, axis=0) - measure(expected, axis=0)).max() <= 1.5


def test_lines_of_a_text_are_1_2_sizes_high(canvas):
    frame = single(lambda b: [], texts=[lettered("H\nH\nH", 200, 80, 25)])
    rows = is_color(canvas.paint(frame, 400), INK, 60).any(axis=1)
    ends = np.flatnonzero(rows[:-1] & ~rows[1:]) + 1
    assert np.abs(ends - np.array([80, 110, 140])).max() <= 1


@pytest.mark.parametrize("string", ["H", "H\nH"])
def test_the_middle_of_a_text_mark_stands_at_its_y(canvas, string):
    frame = single(lambda b: [text(b, 0.5, 0.5, string, 30)])
    _, top, _, bottom = edges(is_color(canvas.paint(frame, 400), BLUE, 60))
    assert abs((top + bottom) / 2 - at(0, 0.5)[1]) <= 1


@pytest.mark.parametrize("width", [300, 400, 640])
def test_letters_grow_with_the_picture(canvas, width):
    frame = single(lambda b: [], texts=[lettered("H", 200, 150, 40)])
    _, top, _, bottom = edges(is_color(canvas.paint(frame, width), INK, 110))
    # A capital of DejaVu Sans is 0.729 of its size.
    assert abs(bottom - top - 0.729 * 40 * width / 400) <= 1


# Axes, scales, legends


def test_lines_of_the_axes_stand_left_and_below_and_notches_point_outwards(canvas):
    frame = single(lambda b: [], axes=True, notches="xy", xticks=[0.5], yticks=[0.25])
    grey = is_color(canvas.paint(frame, 400), "#5f6368", 60)
    left, top, right, bottom = edges(grey)
    assert abs(left - 55) <= 1 and abs(bottom - 245) <= 1
    assert abs(top - 40) <= 1 and abs(right - 360) <= 1
    assert grey[40:240, 59:61].any(axis=1).all() and grey[239:241, 60:360].any(axis=0).all()
    assert grey[243, 208:212].any() and grey[188:192, 57].any()
    assert not grey[45:235, 65:].any() and grey[243].sum() <= 2


def test_no_axes_no_lines(canvas):
    frame = single(lambda b: [], axes=False, notches="xy", grid="xy")
    assert not is_painted(canvas.paint(frame, 400)).any()


@pytest.mark.parametrize("axis", ["x", "y", ""])
def test_the_grid_has_the_axes_that_were_asked_for(canvas, axis):
    frame = single(lambda b: [], axes=True, grid=axis, xticks=[0.5], yticks=[0.5])
    grid = is_color(canvas.paint(frame, 400), "#e6e8eb", 4)
    assert grid[60, 205:215].any() == (axis == "x")
    assert grid[135:145, 100].any() == (axis == "y")


def test_grid_lines_at_the_ends_of_an_axis_lie_in_the_box(canvas):
    frame = single(lambda b: [], axes=True, grid="xy", xticks=[0, 1], yticks=[0, 1])
    for width in (400, 391, 560):
        grid = is_color(canvas.paint(frame, width), "#e6e8eb", 4)
        left, top, right, bottom = (round(edge * width / 400) for edge in (60, 40, 360, 240))
        assert edges(grid)[1:3] == (top, right)


def test_marks_lie_over_the_grid_and_under_the_axes_in_their_order(canvas):
    def make(blobs):
        return [bars(blobs, (0,), (1,), 1, 0), bars(blobs, (0.4,), (0.6,), 0.2, 0.4, ("#d55e00",))]

    picture = canvas.paint(single(make, axes=True, grid="xy", xticks=[0.25], yticks=[0.25]), 400)
    assert is_color(picture, "#d55e00")[140, 210]
    assert is_color(picture, BLUE)[45:115, 62:358].all()
    assert is_color(picture, "#5f6368")[60:200, 60].all()


@pytest.mark.parametrize(("width", "ratio"), [(400, 1), (400, 2), (371, 1), (371, 1.5)])
def test_lines_of_axes_and_grid_are_sharp_at_every_width(canvas, width, ratio):
    frame = single(lambda b: [], axes=True, grid="xy", notches="xy", xticks=[1 / 3, 0.7], yticks=[0.21])
    colors = np.unique(pixels(canvas.paint(frame, width, ratio)).reshape(-1, 3), axis=0)
    # Paper, grid and axes, and nothing between them.
    assert {tuple(color) for color in colors} == {
        tuple(channels(c)) for c in ("#ffffff", "#e6e8eb", "#5f6368")
    }


@pytest.mark.parametrize("flip", [False, True])
def test_the_scale_of_colours_ends_in_the_last_colour_on_top(canvas, flip):
    frame = _with_scale(flip)
    picture = canvas.paint(frame, 400)
    column = pixels(picture)[40:240, 375]
    ends = column[[0, -1]]
    expected = np.array([[8, 61, 111], [200, 220, 240]])
    # The end of the scale is within one of its 200 pixels, a step of 1.
    assert np.abs(ends - (expected[::-1] if flip else expected)).max() <= 2
    ticks = is_color(picture, "#5f6368", 10)[:, 380:385]
    assert ticks[139:142].any(axis=1).sum() == 1 and ticks.any(axis=1).sum() == 1


def _with_scale(flip=False, make=lambda blobs: []):
    from course_lib.figure.frame import Blobs
    from tests.browser.sketches import dress

    blobs = Blobs()
    scale = {"table": blobs.add(table(low=(200, 220, 240))), "ticks": [0.5], "flip": flip}
    worn = dress("main", [(list(BOX), [], [], [370, 40, 10, 200])], axes=False, scale=scale)
    plan = blobs.json({"places": [{"width": 400, "height": 300, "texts": []}]})
    marks = blobs.json({"marks": make(blobs), "texts": [[]]})
    return blobs.frame({"alt": "", "readouts": [], "plan": plan, "panels": [[blobs.json(worn), marks]]})


def test_keys_of_the_legend_stand_in_their_boxes(canvas):
    from course_lib.figure.frame import Blobs
    from tests.browser.sketches import dress

    blobs = Blobs()
    common = {"color": BLUE, "width": 3, "dash": [], "marker": None, "hatch": ""}
    boxes = [[60, 10, 33, 14], [160, 10, 33, 14], [260, 10, 33, 14]]
    keys = [
        {"kind": kind, "box": box, **common}
        for kind, box in zip(("line", "dot", "patch"), boxes, strict=True)
    ]
    worn = dress("main", [(list(BOX), [], keys, None)], axes=False)
    plan = blobs.json({"places": [{"width": 400, "height": 300, "texts": []}]})
    panels = [[blobs.json(worn), blobs.json({"marks": [], "texts": [[]]})]]
    painted = is_painted(
        canvas.paint(blobs.frame({"alt": "", "readouts": [], "plan": plan, "panels": panels}), 400)
    )
    assert edges(painted[:, 50:120]) == pytest.approx((10, 15, 43, 19), abs=1)
    assert edges(painted[:, 150:220]) == pytest.approx((10 + 9.5, 10, 10 + 23.5, 24), abs=1)
    assert edges(painted[:, 250:320]) == (10, 10, 43, 24)


# Hatching


@pytest.mark.parametrize(("hatch", "slopes"), [("///", [-1]), ("\\\\\\", [1]), ("xxx", [-1, 1])])
def test_hatching_runs_as_its_name_says_in_the_colour_of_the_paper(canvas, hatch, slopes):
    picture = canvas.paint(single(lambda b: [bars(b, (0.1,), (0.9,), 0.8, 0.1, hatch=hatch)]), 400, 2)
    pale = (255 - pixels(picture)[:, :, 0])[130:430, 200:640]
    pale -= pale.mean()
    # Moved along its lines by a step of 20 the hatching lies on itself; across them it does not.
    for slope in (-1, 1):
        moved = np.roll(pale, (20 * slope, 20), (0, 1))[40:-40, 40:-40]
        likeness = (moved * pale[40:-40, 40:-40]).mean() / (pale**2).mean()
        # Of two directions at once each is a half.
        assert (likeness > 0.6 / len(slopes)) == (slope in slopes)


def test_hatching_leaves_most_of_a_bar_and_nothing_beside_it(canvas):
    for hatch in ("///", "\\\\\\", "xxx", "..."):
        frame = single(lambda b, hatch=hatch: [bars(b, (0, 0.1), (1, 0.9), 1, 0, ("#d55e00",)),
                                               bars(b, (0.2, 0.7), (0.9, 0.5), 0.1, 0.1, hatch=hatch)])  # fmt: skip
        picture = canvas.paint(frame, 400, 2)
        pale = pixels(picture).min(axis=2) > 128
        inside = np.zeros_like(pale)
        for left, top in ((0.2, 0.9), (0.7, 0.5)):
            (x0, y0), (x1, y1) = at(left, top), at(left + 0.1, 0.1)
            inside[2 * y0 : 2 * y1, 2 * x0 : 2 * x1] = True
        panel = np.zeros_like(pale)
        panel[80:480, 120:720] = True
        assert not pale[panel & ~inside].any()
        # 1.4 of every 9.7 pixels, once or twice; or dots of radius 1.6.
        assert 0.05 < pale[inside].mean() < 0.35


# What fits where


def test_the_first_place_serves_down_to_0_72_of_its_width_and_then_the_second(canvas):
    frame = single(lambda b: [polygon(b)], narrow=((250, 500), (40, 60, 200, 300)))
    wide, narrow = canvas.show(frame, 289), canvas.show(frame, 287)
    assert wide["height"] / wide["width"] == pytest.approx(300 / 400, abs=0.01)
    assert narrow["height"] / narrow["width"] == pytest.approx(500 / 250, abs=0.01)
    assert canvas.show(frame, 40)["scale"] == pytest.approx(40 / 250)
    left, top, right, bottom = edges(is_painted(canvas.paint(frame, 250)))
    assert (left, top, right, bottom) == (40, 60, 240, 360)


@pytest.mark.parametrize(("width", "ratio"), [(400, 1), (400, 2), (371, 1.25), (360, 3)])
def test_the_canvas_has_a_pixel_for_each_of_the_screen(canvas, width, ratio):
    told = canvas.show(rich(), width, ratio)
    own, shown = canvas.page.evaluate(
        "() => [[canvas.width, canvas.height], [parseFloat(canvas.style.width), parseFloat(canvas.style.height)]]"
    )
    assert own == pytest.approx([shown[0] * ratio, shown[1] * ratio], abs=0.01)
    assert [told["width"], told["height"]] == pytest.approx(shown)
    assert abs(told["width"] - width) <= 0.5 / ratio


def test_a_full_screen_takes_the_height_into_account(canvas):
    frame = single(lambda b: [])
    told = canvas.show(frame, 1600, maxHeight=450)
    assert (told["width"], told["height"], told["scale"]) == (600, 450, 1.5)
    assert canvas.show(frame, 800, maxHeight=4500)["width"] == 800


def test_paint_says_where_the_panels_are(canvas):
    told = canvas.show(single(lambda b: []), 800)
    assert told["panels"] == [{"name": "main", "box": [120, 80, 600, 400]}]


def test_twice_the_pixels_show_the_same_and_are_sharp(canvas):
    frame = single(
        lambda b: [polygon(b, (0.1, 0.9, 0.5), (0.1, 0.2, 0.9))], texts=[lettered("sharp", 90, 100)]
    )
    once, twice = canvas.paint(frame, 400), canvas.paint(frame, 400, 2)
    assert twice.size == (800, 600)
    # Two ways to smooth an edge: over the pixel, or over the four pixels of which it is made.
    assert disagreement(twice.resize((400, 300), Image.Resampling.BOX), once)[0] == 0
    # A slanted edge passes from paper to colour within about a pixel of the screen.
    between = (
        is_painted(twice)[150:430] & ~is_color(twice, BLUE)[150:430] & ~is_color(twice, INK, 200)[150:430]
    )
    assert between.any(axis=1).mean() > 0.5 and between[:, 330:].sum(axis=1).max() <= 8


# A dark page


def luminance(color):
    coded = np.asarray(color, float) / 255
    light = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    return float(light @ (0.2126, 0.7152, 0.0722))


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def dark_color(canvas, color):
    """What a colour becomes on a dark page, and the paper there."""
    shown = pixels(canvas.paint(single(lambda b: [bars(b, (0,), (1,), 1, 0, (color,))]), 400, dark=True))
    return shown[140, 210], shown[5, 5]


@pytest.mark.parametrize("color", [*PALETTE, INK, "#5f6368"])
def test_on_a_dark_page_what_is_drawn_can_be_seen(canvas, color):
    shown, paper = dark_color(canvas, color)
    assert luminance(paper) < 0.02
    # WCAG: 4.5 for texts; up to rounding to 255 steps.
    assert contrast(shown, paper) >= 4.45


@pytest.mark.parametrize("color", [color for color in PALETTE if len(set(channels(color))) > 1])
def test_on_a_dark_page_colours_keep_their_hue(canvas, color):
    shown, _ = dark_color(canvas, color)
    before, after = (colorsys.rgb_to_hsv(*(np.array(c) / 255))[0] for c in (channels(color), shown))
    assert abs((before - after + 0.5) % 1 - 0.5) < 0.03


def test_on_a_dark_page_greys_are_mirrored(canvas):
    greys = ["#000000", "#222222", "#5f6368", "#a0a0a0", "#e6e8eb", "#ffffff"]
    light = [luminance(dark_color(canvas, grey)[0]) for grey in greys]
    assert (np.diff(light) <= 0).all() and light[0] > 0.8
    shown, paper = dark_color(canvas, "#ffffff")
    assert (shown == paper).all()
    # The grid is as quiet as it is in the light.
    shown, paper = dark_color(canvas, "#e6e8eb")
    assert contrast(shown, paper) == pytest.approx(contrast(channels("#e6e8eb"), (255, 255, 255)), abs=0.1)


def test_on_a_dark_page_a_heatmap_and_what_lies_on_it_look_as_in_the_light(canvas):
    def make(blobs):
        return [image(blobs, box=(0, 0, 1, 1), alpha=0.7), line(blobs, color=INK), points(blobs, width=2)]

    frame = _with_scale(make=make)
    light, dark = (pixels(canvas.paint(frame, 400, dark=dark)) for dark in (False, True))
    # White under a transparent image is put there first: one more rounding.
    assert np.abs(light - dark)[40:240, 60:360].max() <= 2
    assert (light[40:240, 370:380] == dark[40:240, 370:380]).all()
    assert luminance(dark[20, 20]) < 0.02


# Frames that follow one another


def test_a_frame_that_is_told_as_a_change_paints_the_same(canvas):
    before, now = rich(), rich(0.1)
    full = pixels(canvas.paint(now, 900))
    assert (pixels(canvas.paint_after(before, now, 900)) == full).all()
    assert (pixels(canvas.paint_after(None, now, 900)) == full).all()
    assert (pixels(canvas.paint(before, 900)) != full).any()


def test_blobs_at_odd_places_of_a_message_are_read(canvas):
    frame = single(lambda b: [line(b, np.array([0.1, 0.3, 0.9]), np.array([0.2, 0.9, 0.4]))])
    full = pixels(canvas.paint(frame, 400))
    places, new = frame.since(None)
    canvas.page.evaluate(
        """([places, blobs]) => {
            const all = blobs.map(bytesOf).map((blob) => {
                const message = new Uint8Array(blob.length + 1);
                message.set(blob, 1);
                return new DataView(message.buffer, 1);
            });
            painter.paint(canvas, painter.after(null, places, all), {width: 400});
        }""",
        [places, [_text(blob) for blob in new]],
    )
    assert (pixels(canvas.picture()) == full).all()


def _text(data):
    import base64

    return base64.b64encode(data).decode()


def test_a_picture_leaves_nothing_of_the_one_before(canvas):
    for dark in (False, True):
        fresh = pixels(canvas.paint(single(lambda b: [text(b)]), 400, dark=dark))
        canvas.paint(rich(), 400, dark=dark)
        canvas.paint(single(lambda b: [bars(b, hatch="xxx"), image(b), line(b, dash=(3, 3))]), 400)
        assert (pixels(canvas.paint(single(lambda b: [text(b)]), 400, dark=dark)) == fresh).all()


def test_what_blobs_mean_is_computed_once(canvas):
    first, second = rich(), rich(0.1)
    places, new = second.since(first)
    counts = canvas.page.evaluate(
        """([data, places, blobs]) => {
            const counts = {json: 0, images: 0};
            const {parse} = JSON;
            const {putImageData} = OffscreenCanvasRenderingContext2D.prototype;
            JSON.parse = (...all) => (counts.json++, parse(...all));
            OffscreenCanvasRenderingContext2D.prototype.putImageData = function (...all) {
                counts.images++;
                return putImageData.apply(this, all);
            };
            try {
                const told = [];
                const paint = (frame) => {
                    painter.paint(canvas, frame, {width: 900});
                    told.push({...counts});
                };
                const frame = painter.decode(bytesOf(data));
                paint(frame);
                paint(frame);
                paint(painter.after(frame, places, blobs.map(bytesOf)));
                return told;
            } finally {
                JSON.parse = parse;
                OffscreenCanvasRenderingContext2D.prototype.putImageData = putImageData;
            }
        }""",
        [_text(first.to_bytes()), places, [_text(blob) for blob in new]],
    )
    once, again, changed = counts
    # The head, the plan, and two for each panel; a heatmap, a digit, a scale of colours.
    assert once == {"json": 8, "images": 3}
    assert again == once
    # The head and the marks of the panel whose curve moved.
    assert changed["json"] <= once["json"] + 2 and changed["images"] == once["images"]


# Refusals


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda data: b"PNG!" + data[4:], "not a picture of the course"),
        (lambda data: data[:6], "not a picture of the course"),
        (lambda data: data[:4] + b"\x09\0\0\0" + data[8:], "version 9.*run the cell again"),
        (lambda data: data[:-8], "not complete.*run the cell again"),
        (lambda data: data[:8] + b"\xff\xff\xff\x7f" + data[12:], "not complete"),
    ],
)
def test_bytes_that_are_no_frame_are_refused(canvas, change, sentence):
    with pytest.raises(Exception, match=sentence):
        canvas.show(change(rich().to_bytes()), 400)


def test_a_told_frame_of_another_version_or_with_parts_missing_is_refused(canvas):
    told = canvas.page.evaluate(
        """() => [
            () => painter.head(painter.after(null, [-1], [new TextEncoder().encode('{"version": 2}')])),
            () => painter.after(null, [-1, -1], [new Uint8Array(4)]),
            () => painter.after(null, [3], []),
            () => painter.decode("text"),
        ].map((work) => {
            try {
                return String(work());
            } catch (error) {
                return error.message;
            }
        })"""
    )
    assert "version 2" in told[0] and "run the cell again" in told[0]
    assert "missing" in told[1] and "missing" in told[2] and "ArrayBuffer" in told[3]


def test_a_mark_of_a_kind_that_is_not_known_leaves_the_others(canvas):
    frame = single(lambda b: [{"kind": "hologram"}, bars(b)])
    assert is_painted(canvas.paint(frame, 400)).any()

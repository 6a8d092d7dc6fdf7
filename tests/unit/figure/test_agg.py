"""The still painter puts pixels where a frame says, and matches Matplotlib's drawing of the same shapes."""

import numpy as np
import pytest

from course_lib.figure.agg import paint
from course_lib.figure.frame import Blobs

BOX = (40.0, 30.0, 200.0, 100.0)
SIZE = (280, 160)
BLUE, RED = "#0000ff", "#ff0000"
INK = (34, 34, 34)


class Picture:
    """A frame of one panel, mark by mark."""

    def __init__(self, **dress):
        self.blobs = Blobs()
        self.dress = {
            "axes": False,
            "scale": None,
            "xticks": [0.25],
            "yticks": [0.5],
            "grid": "",
            "notches": "",
        }
        self.dress |= dress
        self.place = {"box": BOX, "texts": [], "keys": [], "scale": None}
        self.marks, self.texts, self.title = [], [], []

    def add(self, kind, **mark):
        for name in {"x", "y", "base", "u", "v", "left", "top"} & set(mark):
            if np.ndim(mark[name]):
                mark[name] = self.blobs.numbers(mark[name])
        self.marks.append({"kind": kind, **mark})
        return self

    def line(self, x, y, color=BLUE, width=2.0, dash=()):
        return self.add("line", x=x, y=y, color=color, width=width, dash=list(dash))

    def image(self, cells, box=(0, 0, 1, 1), smooth=False, alpha=1, table=None):
        cells = np.asarray(cells, dtype=np.uint8)
        table = table if table is None else self.blobs.add(np.asarray(table, dtype=np.uint8).tobytes())
        size = [cells.shape[1], cells.shape[0]]
        at = self.blobs.add(cells.tobytes())
        return self.add("image", box=list(box), size=size, at=at, table=table, smooth=smooth, alpha=alpha)

    def points(self, x, y, colors=(BLUE,), size=10.0, marker=None, edge="#ffffff", width=0.0):
        rest = {"size": size, "marker": marker, "edge": edge, "edgeWidth": width}
        return self.add("points", x=x, y=y, colors=colors, **rest)

    def frame(self):
        marks = self.blobs.json({"marks": self.marks, "texts": [self.texts]})
        dress = self.blobs.json({**self.dress, "places": [self.place]})
        plan = self.blobs.json({"places": [{"width": SIZE[0], "height": SIZE[1], "texts": self.title}]})
        return self.blobs.frame({"alt": "", "readouts": [], "plan": plan, "panels": [[dress, marks]]})

    def pixels(self, ratio=1.0):
        return paint(self.frame(), ratio).astype(int)


def ink(pixels):
    """How dark, 0 to 1, in the darkest channel."""
    return 1 - pixels.min(axis=-1) / 255


def inside(pixels, ratio=1):
    left, top, width, height = (round(side * ratio) for side in BOX)
    return pixels[top : top + height, left : left + width]


def full_of_everything(picture=None):
    """Each kind of mark, reaching far outside the box."""
    picture = picture or Picture()
    far = np.array([-0.5, 0.2, 0.7, 1.5])
    wide = np.array([-9.0, 0.6, np.nan, 0.3, 40.0])
    picture.image(np.full((2, 2), 7), (-0.5, -0.5, 1.5, 1.5), table=np.full((256, 4), 200))
    picture.add("area", x=far, y=far, base=np.zeros(4) - 3, color="#00ff0040")
    picture.add("polygon", x=far, y=[2, -1, 2, -1], color="#ff000040")
    picture.add("bars", left=[-0.5, 0.9], top=[2, 0.5], width=0.3, base=-1.0, colors=[RED], hatch="xxx")
    picture.line(wide, [0.1, -8, 0.3, 30.0, 0.5], width=9.0)
    picture.line(wide, [0.1, -8, 0.3, 30.0, 0.5], RED, 3.0, (4, 2))
    picture.points(far, far, size=40.0, width=2.0)
    picture.points(far, far[::-1], marker=[[-0.5, -0.5], [0.5, -0.5], [0, 0.5]], size=40.0)
    picture.add("arrows", x=[0.5, 0.9], y=[0.5, 0.5], u=[3.0, 0.2], v=[4.0, 0.9], color="#222222", width=3.0)
    text = {"string": "far too long for this box\nand two lines", "size": 20.0, "align": "center"}
    return picture.add("text", x=0.8, y=0.99, color="#222222", **text)


def test_everything_stays_in_the_box():
    pixels = full_of_everything().pixels()
    outside = np.ones(pixels.shape[:2], bool)
    inside(outside)[:] = False
    assert (pixels[outside] == 255).all()
    assert (inside(pixels) < 255).any(axis=-1).mean() > 0.9


def test_twice_the_ratio_is_twice_the_size_of_the_same_picture():
    frame = full_of_everything(Picture(axes=True, grid="xy", notches="xy")).frame()
    one, two = paint(frame, 1.0).astype(float), paint(frame, 2.0).astype(float)
    assert one.shape == (SIZE[1], SIZE[0], 3)
    assert two.shape == (2 * SIZE[1], 2 * SIZE[0], 3)
    halved = two.reshape(SIZE[1], 2, SIZE[0], 2, 3).mean(axis=(1, 3))
    # Edges are sharper at twice the ratio, and straight lines as wide as whole pixels allow.
    assert np.abs(halved - one).mean() < 6


def test_a_line_is_where_it_belongs_to_a_fraction_of_a_pixel():
    for y in (0.5, 0.503, 0.7049):
        strength = inside(ink(Picture().line([0, 1], [y, y], width=2.0).pixels()))
        assert strength.sum(axis=0)[5:-5] == pytest.approx(2.0, abs=0.03)
        middle = (strength * (np.arange(100) + 0.5)[:, None]).sum(axis=0) / strength.sum(axis=0)
        assert middle[5:-5] == pytest.approx(100 * (1 - y), abs=0.03)


def test_a_line_of_one_point_is_a_dot():
    strength = ink(Picture().line([0.1, np.nan, 0.5, np.nan], [0.1, np.nan, 0.5, np.nan], width=9.0).pixels())
    assert strength.sum() == pytest.approx(2 * np.pi * 4.5**2, rel=0.02)
    assert strength[30 + 50, 40 + 100] == strength[30 + 90, 40 + 20] == 1


def test_a_transparent_line_has_one_strength_where_it_crosses_itself():
    for dash in ((), (12.0, 3.0)):
        x, y = [0.1, 0.9, 0.9, 0.1, 0.5], [0.1, 0.9, 0.1, 0.9, 0.1]
        strength = ink(Picture().line(x, y, BLUE + "80", 11.0, dash).pixels())
        assert strength.max() == pytest.approx(128 / 255, abs=1 / 255)


def test_transparent_points_add_up():
    strength = ink(Picture().points([0.5, 0.5], [0.5, 0.5], (BLUE + "80",), size=20.0).pixels())
    assert strength.max() == pytest.approx(1 - (1 - 128 / 255) ** 2, abs=2 / 255)


def test_points_have_their_size_colour_edge_and_order():
    marker = [[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]]
    for shape, area in ((None, np.pi * 100), (marker, 400)):
        strength = ink(Picture().points([0.5], [0.5], size=20.0, marker=shape).pixels())
        assert strength.sum() == pytest.approx(area, rel=0.01)
        # With an edge of 2 the dark part is 1 less on each side.
        smaller = ink(Picture().points([0.5], [0.5], size=20.0, marker=shape, width=2.0).pixels())
        assert smaller.sum() == pytest.approx(area * 0.9**2, rel=0.01)
    picture = Picture()
    colors = picture.blobs.add(np.array([[255, 0, 0, 255], [0, 0, 255, 255]], np.uint8).tobytes())
    pixels = picture.points([0.5, 0.52], [0.5, 0.5], {"at": colors}, size=20.0).pixels()
    assert pixels[80, 133].tolist() == [255, 0, 0]
    assert pixels[80, 141].tolist() == [0, 0, 255]


def test_a_marker_stands_upright():
    strength = ink(
        Picture().points([0.5], [0.5], size=40.0, marker=[[-0.5, -0.5], [0.5, -0.5], [0, 0.5]]).pixels()
    )
    assert strength[62:72].sum() < strength[88:98].sum()


def test_an_area_lies_between_its_edges_and_breaks():
    x = [0.0, 0.25, np.nan, 0.75, 1.0]
    picture = Picture().add("area", x=x, y=np.full(5, 0.75), base=np.full(5, 0.25), color=BLUE)
    strength = inside(ink(picture.pixels()))
    expected = np.zeros((100, 200))
    expected[25:75, :50] = expected[25:75, 150:] = 1
    assert np.abs(strength - expected).max() < 0.01


def test_bars_stand_on_their_base_in_their_colours():
    mark = {"left": [0.0, 0.5], "top": [0.5, 0.0], "width": 0.25, "base": 0.25, "hatch": ""}
    pixels = inside(Picture().add("bars", colors=[BLUE, RED], **mark).pixels())
    expected = np.full((100, 200, 3), 255)
    expected[50:75, :50] = [0, 0, 255]
    expected[75:, 100:150] = [255, 0, 0]
    assert (pixels == expected).all()


@pytest.mark.parametrize(
    ("hatch", "share"),
    [
        # The widths of the lines, or the discs, over their distance.
        ("///", 1.4 / 9.7),
        ("\\\\\\", 1.4 / 9.7),
        ("xxx", 1 - (1 - 1.4 / 9.7) ** 2),
        ("...", np.pi * 1.6**2 / 9.7**2),
    ],
)
def test_hatching_covers_its_share_of_the_bars_and_nothing_else(hatch, share):
    mark = {"left": [0.1], "top": [0.95], "width": 0.8, "base": 0.05, "colors": [BLUE]}
    strength = inside(ink(Picture().add("bars", hatch=hatch, **mark).pixels()))
    assert 1 - strength[5:95, 20:180].mean() == pytest.approx(share, abs=0.012)
    assert strength[:5].max() == strength[:, :20].max() == 0


def test_hatching_is_counted_from_the_corner_of_the_box():
    mark = {"left": [0.0], "top": [1.0], "width": 1.0, "base": 0.0, "colors": [BLUE]}
    for hatch in ("///", "\\\\\\", "..."):
        strokes = 1 - inside(ink(Picture().add("bars", hatch=hatch, **mark).pixels(4.0)), 4)
        # From the corner, or half a step of 9.7 from it, to the next line along the edge, or the next dot.
        start, step = (9.7 / 2, 9.7) if hatch == "..." else (0, 9.7 * 2**0.5)
        row = strokes[round(start * 4)]
        assert (row[[round((start + k * step) * 4) for k in range(10)]] == 1).all()
        assert (row[[round((start + (k + 0.5) * step) * 4) for k in range(10)]] == 0).all()


def test_hatching_leans_as_its_strokes_do():
    mark = {"left": [0.0], "top": [1.0], "width": 1.0, "base": 0.0, "colors": [BLUE]}
    strokes = 1 - inside(ink(Picture().add("bars", hatch="///", **mark).pixels()))
    # One step up and one to the right stays on a stroke.
    assert (strokes[1:, :-1] * strokes[:-1, 1:]).mean() > 2 * (strokes[1:, 1:] * strokes[:-1, :-1]).mean()


def test_arrows_reach_their_tip_and_shrink_as_a_whole():
    arrow = {"x": [0.25], "y": [0.5], "v": [0.0], "color": BLUE, "width": 4.0}
    strength = inside(ink(Picture().add("arrows", u=[0.5], **arrow).pixels()))
    assert strength[:, :50].sum() == strength[:, 150:].sum() == 0
    # A shaft of 80 and a head of 20 by 18.
    assert strength.sum() == pytest.approx(80 * 4 + 20 * 18 / 2, rel=0.01)
    short = inside(ink(Picture().add("arrows", u=[0.05], **arrow).pixels()))
    assert short.sum() == pytest.approx(10 * 9 / 2, rel=0.02)
    assert ink(Picture().add("arrows", u=[0.0], **arrow).pixels()).sum() == 0


def test_cells_of_an_image_have_the_colours_of_its_table_row_zero_on_top():
    table = np.zeros((256, 4), np.uint8)
    table[[3, 7], :] = [[255, 0, 0, 255], [0, 0, 255, 255]]
    pixels = inside(Picture().image([[3, 7], [7, 3]], table=table).pixels())
    for rows, columns, color in (
        (slice(50), slice(100), (255, 0, 0)),
        (slice(50), slice(100, None), (0, 0, 255)),
        (slice(50, None), slice(100), (0, 0, 255)),
    ):
        assert (pixels[rows, columns] == color).all()


def test_an_image_is_where_its_box_is_and_may_be_mirrored():
    cells = np.zeros((2, 2, 4), np.uint8)
    cells[..., 3], cells[0, 0, 0] = 255, 255
    upright = inside(Picture().image(cells, (0.25, 0.2, 0.75, 0.8)).pixels())
    assert (upright[20:50, 50:100] == [255, 0, 0]).all()
    assert ink(upright).sum() == 60 * 100
    mirrored = inside(Picture().image(cells, (0.75, 0.8, 0.25, 0.2)).pixels())
    assert (mirrored == upright[::-1, ::-1]).all()
    # Zoomed in, so that a quarter of it fills the box.
    assert (inside(Picture().image(cells, (0, -1, 2, 1)).pixels()) == [255, 0, 0]).all()


def test_smooth_colours_pass_through_those_between():
    cells = np.array([[[255, 0, 0, 255], [0, 0, 255, 255]]], np.uint8)
    middle = inside(Picture().image(cells, smooth=True).pixels())[50]
    # Linear from the middle of the one cell to that of the other, each 100 pixels wide.
    expected = np.clip((np.arange(200) + 0.5 - 50) / 100, 0, 1) * 255
    assert np.abs(middle[:, 2] - expected).max() <= 1
    assert np.abs(middle[:, 0] - (255 - expected)).max() <= 1


def test_holes_are_transparent_and_do_not_colour_what_is_beside_them():
    cells = np.array([[[255, 0, 0, 0], [0, 0, 255, 255]]], np.uint8)
    for smooth in (False, True):
        pixels = inside(Picture().image(cells, smooth=smooth).pixels())
        assert (pixels[:, :49] == 255).all()
        assert (pixels[:, 151:] == [0, 0, 255]).all()
        # The red of the hole is nowhere.
        assert (pixels[..., 0] <= pixels[..., 1] + 1).all()


def test_an_image_can_be_faint():
    cells = np.array([[[255, 0, 0, 255]]], np.uint8)
    pixels = inside(Picture().image(cells, alpha=0.25).pixels())
    assert np.abs(pixels - [255, 191, 191]).max() <= 1


def test_axes_have_a_left_and_a_lower_line_notches_and_a_grid():
    pixels = Picture(axes=True, grid="xy", notches="xy").pixels(2.0)
    muted, grid = [95, 99, 104], [230, 232, 235]
    left, below, right, top = 80, 260, 480, 60
    assert (pixels[top:below, left - 1 : left + 2] == muted).all()
    assert (pixels[below - 1 : below + 2, left:right] == muted).all()
    assert (pixels[top : below - 3, right + 3 :] == 255).all()
    # A tick at a quarter of x and at half of y: five pixels outwards.
    assert (pixels[below + 2 : below + 10, 180] == muted).all()
    assert (pixels[below + 11 :, 180] == 255).all()
    assert (pixels[160, left - 10 : left - 2] == muted).all()
    assert (pixels[top : below - 3, 180] == grid).all()
    assert (pixels[160, left + 3 : right] == grid).all()


def test_ticks_outside_are_not_drawn_and_grid_lines_at_the_ends_lie_in_the_box():
    look = {"axes": True, "grid": "xy", "notches": "xy", "yticks": []}
    bare, outside = (Picture(**look, xticks=ticks).pixels() for ticks in ([], [-0.1, 1.1]))
    assert (bare == outside).all()
    pixels = Picture(**look, xticks=[1.0]).pixels(2.0)
    # 1.4 CSS pixels are three of these.
    assert (pixels[60:250, 477:480] == [230, 232, 235]).all()
    assert (pixels[60:250, 476] == 255).all()


def test_each_place_has_its_own_size_box_and_texts():
    picture = Picture().line([0, 1], [0.5, 0.5])
    marks = picture.blobs.json(
        {"marks": picture.marks, "texts": [[], [["H", 5, 90, 20.0, "left", 0, "#222222", "normal"]]]}
    )
    narrow = {**picture.place, "box": [50.0, 40.0, 60.0, 20.0]}
    dress = picture.blobs.json({**picture.dress, "places": [picture.place, narrow]})
    sizes = [{"width": width, "height": 100, "texts": []} for width in (280, 120)]
    head = {
        "alt": "",
        "readouts": [],
        "plan": picture.blobs.json({"places": sizes}),
        "panels": [[dress, marks]],
    }
    strength = ink(paint(picture.blobs.frame(head), 1.0, place=1).astype(int))
    assert strength.shape == (100, 120)
    assert strength[70:].any()
    assert strength[:70].sum() == pytest.approx(60 * 2)


def test_the_middle_of_a_text_stands_at_its_place():
    for string in ("H", "H\nH"):
        text = {"string": string, "size": 30.0, "align": "center", "color": BLUE}
        rows = np.flatnonzero(inside(ink(Picture().add("text", x=0.5, y=0.5, **text).pixels())).any(axis=1))
        # The baseline stands on a whole pixel.
        assert abs((rows[0] + rows[-1] + 1) / 2 - 50) <= 1


def test_a_panel_without_axes_is_bare():
    assert (Picture(grid="xy", notches="xy").pixels() == 255).all()


def test_a_scale_of_colours_shows_its_last_colour_on_top_unless_it_is_flipped():
    table = np.zeros((256, 4), np.uint8)
    table[:, 0], table[:, 3] = np.arange(256), 255
    for flip in (False, True):
        picture = Picture()
        at = picture.blobs.add(table.tobytes())
        picture.dress["scale"] = {"table": at, "ticks": [0.5], "flip": flip}
        picture.place["scale"] = [250.0, 30.0, 10.0, 100.0]
        pixels = picture.pixels()
        red = pixels[30:130, 255, 0][:: 1 if flip else -1]
        assert np.abs(red - (np.arange(100) + 0.5) * 2.55).max() < 3
        assert (pixels[80, 260:265] == [95, 99, 104]).all()
        assert (pixels[80, 266:] == 255).all()


def test_keys_stand_in_their_boxes():
    common = {"color": BLUE, "width": 2.0, "dash": [], "marker": None, "hatch": ""}
    picture = Picture()
    picture.place["keys"] = [
        {"kind": "line", "box": [40, 10, 30, 10], **common},
        {"kind": "dot", "box": [100, 10, 30, 10], **common},
        {"kind": "patch", "box": [160, 10, 30, 10], **common},
    ]
    strength = ink(picture.pixels())[:30]
    assert strength[14:16, 40:70].min() == 1
    assert strength[:, :100].sum() == pytest.approx(60)
    assert strength[:, 100:150].sum() == pytest.approx(np.pi * 25, rel=0.02)
    assert strength[10:20, 160:190].min() == 1
    assert strength[:, 150:].sum() == pytest.approx(300)


def test_texts_stand_over_the_marks_at_their_places():
    picture = Picture().add("area", x=[0, 1], y=[1, 1], base=[0, 0], color="#ffff00")
    picture.texts = [["I", 140, 100, 40.0, "center", 0, "#222222", "normal"]]
    picture.place["texts"] = [["H", 10, 20, 20.0, "left", 0, "#222222", "normal"]]
    picture.title = [["H", 270, 155, 20.0, "right", 0, "#222222", "bold"]]
    dark = (picture.pixels() == INK).all(axis=-1)
    rows, columns = np.nonzero(dark[:140, 40:240])
    # A capital of DejaVu Sans is 0.73 of the size high.
    assert abs(rows.max() + 1 - 100) <= 1
    assert abs(rows.max() - rows.min() + 1 - 0.73 * 40) <= 1.5
    assert abs(columns.mean() + 0.5 - 100) <= 0.5
    assert dark[:22, 10:26].any()
    assert dark[140:, 250:270].any()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("numbers", [[], [np.nan] * 2, [np.inf, -np.inf], [0.5], [0.0, 0.0], [1e30, -1e30]])
def test_nothing_and_numbers_of_any_size_can_be_painted(numbers):
    n = len(numbers)
    picture = (
        Picture()
        .line(numbers, numbers)
        .line(numbers, numbers, dash=(3, 1))
        .points(numbers, numbers, width=1.0)
    )
    picture.add("area", x=numbers, y=numbers, base=numbers, color=BLUE)
    picture.add("polygon", x=numbers, y=numbers, color=BLUE)
    for colors in ([BLUE], [BLUE] * n):
        rest = {"width": 0.1, "base": 0.0, "colors": colors, "hatch": "///"}
        picture.add("bars", left=numbers, top=numbers, **rest)
    picture.add("arrows", x=numbers, y=numbers, u=numbers, v=numbers, color=BLUE, width=2.0)
    picture.add("text", x=0.5, y=0.5, string="", size=9.0, align="left", color=BLUE)
    picture.image(np.zeros((0, 3, 4)))
    assert picture.pixels().shape == (*SIZE[::-1], 3)


def test_bad_input_is_named():
    frame = Picture().frame()
    with pytest.raises(ValueError, match="ratio: expected a positive number of pixels, got 0"):
        paint(frame, 0)
    with pytest.raises(ValueError, match="place: expected one of the 1 places, got 1"):
        paint(frame, place=1)
    with pytest.raises(ValueError, match=r"kind: expected one of 'line', .*, got 'spline'"):
        Picture().add("spline").pixels()
    with pytest.raises(ValueError, match=r"hatch: expected one of '///', .*, got 'ooo'"):
        mark = {"left": [0], "top": [1], "width": 1, "base": 0, "colors": [BLUE], "hatch": "ooo"}
        Picture().add("bars", **mark).pixels()
    with pytest.raises(ValueError, match="color: expected '#rrggbb' or '#rrggbbaa', got 'blue'"):
        Picture().line([0, 1], [0, 1], "blue").pixels()


def by_matplotlib(draw):
    """Pixels of a figure of the same size, whose axes fill the panel's box."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE, dpi=1)
    canvas = FigureCanvasAgg(figure)
    left, top, width, height = BOX
    bottom = SIZE[1] - top - height
    axes = figure.add_axes((left / SIZE[0], bottom / SIZE[1], width / SIZE[0], height / SIZE[1]))
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.axis("off")
    draw(axes)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].astype(int)


def test_a_dashed_line_and_markers_are_those_of_matplotlib():
    # With one dot an inch, a pixel is 72 points. Matplotlib would round the places of markers of one colour.
    t = np.linspace(0, 1, 60)
    x, y = 0.1 + 0.8 * t, 0.5 + 0.4 * np.sin(9 * t)
    look = {"color": BLUE, "solid_joinstyle": "round", "dash_joinstyle": "round", "dash_capstyle": "butt"}
    drawn = [
        (
            Picture().line(x, y, width=4.0, dash=(16, 6)),
            lambda axes: axes.plot(x, y, lw=288, ls=(0, (4, 1.5)), **look),
        ),
        (
            Picture().points(x, y, size=9.0, width=1.0),
            lambda axes: axes.scatter(x, y, (9 * 72) ** 2, [BLUE] * 60, edgecolors="white", linewidths=72),
        ),
    ]
    for picture, draw in drawn:
        ours, theirs = ink(picture.pixels()), ink(by_matplotlib(draw))
        assert theirs.sum() > 500
        # Both round coordinates and coverage, chords differ, and a point shines through the edge around it a little
        # more than Matplotlib's; nowhere are two outlines a quarter of a pixel apart.
        assert np.abs(ours - theirs).max() < 0.25
        assert np.abs(ours - theirs).sum() < 0.05 * theirs.sum()

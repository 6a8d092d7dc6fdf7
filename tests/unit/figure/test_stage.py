"""Properties of the canvas: moving what is there gives the picture that drawing it anew gives."""

import io
import threading

import numpy as np
import pytest
import torch
from PIL import Image

from course_lib.figure.panel import Panel
from course_lib.figure.stage import Stage

_X = np.linspace(-3, 3, 60)
_GRID_X, _GRID_Y = np.meshgrid(_X, _X)


def _points(t):
    return np.random.default_rng(3).normal(size=(40, 2)) * (0.5 + t)


# One drawing a primitive; t moves it.
_PRIMITIVES = {
    "curve": lambda panel, t: panel.curve("a", _X, np.sin(_X + t), label="sine"),
    "fill": lambda panel, t: panel.fill(
        "a", _X, np.cos(_X * (1 + t)), base=-0.5, color="third", label="area"
    ),
    "bars": lambda panel, t: panel.bars("a", ["one", "two", "three"], [t, 2 - t, np.inf], values=".2f"),
    "bars side by side": lambda panel, t: [
        panel.bars(color, ["one", "two"], [t + 0.5, 1.0], color=color, label=color) for color in ("p", "q")
    ],
    "heatmap": lambda panel, t: panel.heatmap(
        "a", np.exp(-((_GRID_X - t) ** 2) - _GRID_Y**2), (-3, 3, -2, 2)
    ),
    "image": lambda panel, t: panel.image(
        "a", np.arange(12.0).reshape(3, 4) % (2 + 3 * t), (-2, 2, -1.5, 1.5)
    ),
    "contour": lambda panel, t: panel.contour(
        "a", _X, _X, (_GRID_X - t) ** 2 + _GRID_Y**2, levels=[0.5, 1, 2]
    ),
    "ellipse": lambda panel, t: panel.ellipse(
        "a", [t, 0], [[1, 0.6 * t], [0.6 * t, 1]], std=(1, 2), color="q"
    ),
    "scatter": lambda panel, t: panel.scatter("a", _points(t), color="model", label="samples"),
    "scatter in colours": lambda panel, t: panel.scatter("a", _points(t), color=["p", "q"] * 20),
    "vline": lambda panel, t: panel.vline("a", t, label="here"),
    "hline": lambda panel, t: panel.hline("a", t - 0.5, color="accent"),
    "arrows": lambda panel, t: panel.arrows("a", _points(t), _points(0.5)[:, ::-1], scale=t, color="third"),
    "text": lambda panel, t: panel.text("a", t, 0.5, f"t = {t}"),
    "title": lambda panel, t: panel.title(f"t is {t}"),
}


def _stage(**changes):
    settings = {"xlabel": "x", "ylabel": "y", "title": "Title", "xlim": (-3, 3), "ylim": (-2, 2.5), **changes}
    return Stage([Panel("main", **settings)], size=(4, 3), scale=1.0)


def _show(stage, draw, *values):
    view = stage.view()
    draw(view["main"], *values)
    stage.show(view)
    return stage.pixels().copy()


@pytest.mark.parametrize("draw", _PRIMITIVES.values(), ids=_PRIMITIVES)
def test_moved_is_pixel_for_pixel_what_is_drawn_anew(draw):
    moved, anew = _stage(), _stage()
    before = _show(moved, draw, 0.2)
    assert (_show(moved, draw, 0.9) == _show(anew, draw, 0.9)).all()
    assert (_show(moved, draw, 0.2) == before).all()
    assert (before != _show(anew, draw, 0.9)).any()


@pytest.mark.parametrize("draw", _PRIMITIVES.values(), ids=_PRIMITIVES)
def test_blitted_is_pixel_for_pixel_a_full_draw(draw):
    stage = _stage()
    _show(stage, draw, 0.2)
    blitted = _show(stage, draw, 0.9)
    stage.canvas.draw()
    assert (np.asarray(stage.canvas.buffer_rgba()) == blitted).all()


@pytest.mark.parametrize("draw", _PRIMITIVES.values(), ids=_PRIMITIVES)
def test_a_name_that_is_not_drawn_again_vanishes_and_comes_back(draw):
    stage = _stage(legend=False)

    def nothing(panel):
        if draw is _PRIMITIVES["title"]:
            panel.title("Title")
        if draw in (_PRIMITIVES["bars"], _PRIMITIVES["bars side by side"]):
            pytest.skip("the labels of the bars stay")

    empty = _show(stage, nothing)
    shown = _show(stage, draw, 0.5)
    assert (shown != empty).any()
    # A heading that moves is painted again over the same background: equal to the last bit too.
    assert (_show(stage, nothing) == empty).all()
    assert (_show(stage, draw, 0.5) == shown).all()


def test_bars_that_are_not_drawn_again_leave_no_colour():
    stage = _stage()
    shown = _show(stage, lambda panel: panel.bars("a", ["one"], [2.0], color="#ff00ff"))
    hidden = _show(stage, lambda panel: None)
    magenta = np.array([255, 0, 255, 255])
    assert (shown == magenta).all(axis=2).sum() > 1000
    assert (hidden == magenta).all(axis=2).sum() == 0


def test_the_legend_follows_what_is_shown():
    stage = _stage()

    def draw(panel, names):
        for index, name in enumerate(names):
            panel.curve(name, _X, _X * 0 + index, label=name, color="p")

    labels = []
    for names in (["a", "b"], ["a", "d"], ["a"], [], ["c", "a"]):
        _show(stage, draw, names)
        labels.append([entry[1] for entry in stage.slots["main"].legend.entries])
    assert labels == [["a", "b"], ["a", "d"], ["a"], [], ["c", "a"]]


def test_the_legend_covers_no_part_of_the_axes():
    stage = _stage()
    _show(
        stage,
        lambda panel: [panel.curve(str(i), _X, _X, label=f"a long label, number {i}") for i in range(5)],
    )
    slot = stage.slots["main"]
    assert len({entry.get_position()[1] for entry in slot.legend.artists if hasattr(entry, "get_text")}) > 1
    renderer = stage.canvas.get_renderer()
    for artist in slot.legend.artists:
        box = artist.get_window_extent(renderer)
        assert box.y0 >= slot.axes.bbox.y1
        # Half a character: extents at one resolution differ a little from those without hinting.
        assert box.x1 <= slot.axes.bbox.x1 + 5 and box.y1 <= stage.figure.bbox.y1


def test_a_label_with_a_changing_number_does_not_repaint_the_background_for_ever():
    stage = _stage()
    painted = []
    original = stage._paint_background
    stage._paint_background = lambda: (painted.append(1), original())
    for step in range(20):
        _show(stage, lambda panel, step=step: panel.curve("a", _X, _X, label=f"step {step:02d}"))
    assert len(painted) <= 6
    blitted = stage.pixels().copy()
    stage.canvas.draw()
    assert (np.asarray(stage.canvas.buffer_rgba()) == blitted).all()


def test_moving_does_not_repaint_the_background():
    stage = _stage()
    _show(stage, _PRIMITIVES["curve"], 0.0)
    stage._paint_background = lambda: pytest.fail("painted the background again")
    for t in np.linspace(0, 1, 5):
        _show(stage, _PRIMITIVES["curve"], t)


def test_fixed_limits_never_change_and_free_ones_grow_without_jitter():
    fixed, free = _stage(), _stage(ylim=None)
    seen = []
    for height in np.linspace(1, 2, 50):
        for stage in (fixed, free):
            _show(stage, lambda panel, height=height: panel.curve("a", _X, height * np.sin(_X)))
        assert fixed.slots["main"].axes.get_ylim() == (-2, 2.5)
        low, high = free.slots["main"].axes.get_ylim()
        assert low <= -height * 0.99 and high >= height * 0.99
        seen.append((low, high))
    assert len(set(seen)) <= 5


def test_a_view_that_grew_has_the_ticks_of_its_new_limits():
    stage = _stage(ylim=None)
    _show(stage, lambda panel: panel.curve("a", _X, _X))
    grown = _show(stage, lambda panel: panel.curve("a", _X, 50 * _X))
    stage.canvas.draw()
    assert (np.asarray(stage.canvas.buffer_rgba()) == grown).all()


def test_a_panel_of_equal_aspect_leaves_the_room_it_cannot_use_to_the_others():
    square = Panel("square", xlim=(0, 1), ylim=(0, 1), aspect="equal")
    stage = Stage([square, Panel("wide", xlim=(0, 1), ylim=(0, 1))], size=(9, 3), scale=1.0)
    stage.show(stage.view())
    stage.pixels()
    boxes = {name: slot.axes.bbox for name, slot in stage.slots.items()}
    assert boxes["square"].width == pytest.approx(boxes["square"].height)
    assert boxes["wide"].width > 1.8 * boxes["square"].width
    assert boxes["square"].x1 < boxes["wide"].x0 and boxes["wide"].x1 <= 900


def test_nothing_that_is_written_leaves_the_figure():
    stage = Stage(
        [
            [
                Panel(
                    "a",
                    title="A",
                    xlabel="x",
                    ylabel="a long label in nats",
                    xlim=(0, 1),
                    ylim=(0, 1),
                    aspect="equal",
                ),
                Panel("b", title="B", xlabel="x", ylabel="y"),
            ],
            [Panel("c", ylabel="y", ylim=(0, 1)), Panel("d", axes=False, title="D")],
        ],
        size=(8, 6),
        title="All",
        scale=1.0,
    )
    view = stage.view()
    view["a"].heatmap("h", np.eye(3), (0, 1, 0, 1), limits=(0, 1000), bar="density in 1/m²")
    view["b"].curve("c", _X, 1e5 * _X, label="a curve")
    view["c"].bars(
        "bars", ["a long name of a bar", "another long name", "a third one"] * 2, [1, 2, 3, 4, 5, 6]
    )
    view["d"].image("i", np.eye(8))
    stage.show(view)
    stage.pixels()
    renderer = stage.canvas.get_renderer()
    whole = stage.figure.bbox
    for slot in stage.slots.values():
        tights = [slot.axes.get_tightbbox(renderer, bbox_extra_artists=[])]
        if slot.bar.own:
            tights.append(slot.bar.own.get_tightbbox(renderer))
        for tight in tights:
            assert tight.x0 >= 0 and tight.y0 >= 0 and tight.x1 <= whole.x1 and tight.y1 <= whole.y1
    boxes = {
        name: slot.axes.get_tightbbox(renderer, bbox_extra_artists=[]) for name, slot in stage.slots.items()
    }
    assert (
        boxes["a"].y0 > boxes["c"].y1 and stage.slots["a"].bar.own.get_tightbbox(renderer).x1 < boxes["b"].x0
    )


def test_a_scale_of_colours_runs_from_limit_to_limit_and_vanishes_with_its_heatmap():
    stage = _stage()

    def draw(panel):
        panel.heatmap("a", np.eye(4), (-3, 3, -2, 2), limits=(-1, 3), cmap="signed", bar="nats")

    before = _show(stage, _PRIMITIVES["curve"], 0.5)
    _show(stage, draw)
    bar = stage.slots["main"].bar
    assert bar.own.get_ylim() == (-1, 3) and bar.own.get_ylabel() == "nats"
    assert bar.own.bbox.x0 > stage.slots["main"].axes.bbox.x1
    _show(stage, _PRIMITIVES["vline"], 0.5)
    assert (_show(stage, _PRIMITIVES["curve"], 0.5) == before).all()
    with pytest.raises(ValueError, match="limits: expected two different values"):
        stage.view().heatmap("a", np.eye(4), (0, 1, 0, 1), bar="nats")


def test_equal_aspect_gives_both_axes_one_scale():
    stage = _stage(aspect="equal")
    _show(stage, _PRIMITIVES["ellipse"], 0.5)
    box = stage.slots["main"].axes.bbox
    assert box.width / 6 == pytest.approx(box.height / 4.5, rel=1e-6)


def test_a_heatmap_has_row_zero_at_the_bottom_and_an_image_at_the_top():
    values = np.zeros((2, 2))
    values[0, 1] = 1.0
    stage = _stage(xlim=(0, 2), ylim=(0, 2), axes=False, title="")

    def dark(draw):
        pixels = _show(stage, draw)[..., 0].astype(float)
        box = stage.slots["main"].axes.bbox
        rows = stage.canvas.get_width_height()[1]
        inside = pixels[rows - int(box.y1) : rows - int(box.y0), int(box.x0) : int(box.x1)]
        half = np.array(inside.shape) // 2
        parts = {"upper left": inside[: half[0], : half[1]], "upper right": inside[: half[0], half[1] :]}
        parts |= {"lower left": inside[half[0] :, : half[1]], "lower right": inside[half[0] :, half[1] :]}
        return min(parts, key=lambda name: parts[name].mean())

    assert dark(lambda panel: panel.heatmap("a", values, (0, 2, 0, 2), smooth=False)) == "lower right"
    assert dark(lambda panel: panel.image("a", values)) == "upper right"


def test_a_heatmap_beyond_the_view_is_cut_where_its_cells_lie():
    # Columns of alternating colour, one unit wide: in a view from 2.5 to 4.5 they change at 3 and at 4.
    stage = _stage(xlim=(2.5, 4.5), ylim=(0.25, 0.75), title="", xlabel="", ylabel="")
    values = np.tile(np.arange(8) % 2, (2, 1)).astype(float)
    pixels = _show(stage, lambda panel: panel.heatmap("a", values, (0, 8, 0, 1), smooth=False))
    box = stage.slots["main"].axes.bbox
    row = pixels[pixels.shape[0] - int(box.y0 + box.height / 2), int(box.x0) + 3 : int(box.x1) - 3, 0].astype(
        int
    )
    changes = np.flatnonzero(np.abs(np.diff(row)) > 100) + 4
    # Two pixels: edges are rounded to whole pixels, and so is the crop.
    assert changes == pytest.approx([box.width / 4, box.width * 3 / 4], abs=2)


_STRANGE = [np.nan, np.inf, -np.inf, 1e300, -1e300, 0.0]


@pytest.mark.parametrize("limits", [None, (-2, 2.5)], ids=["free", "fixed"])
def test_strange_numbers_crash_nothing(limits):
    stage = _stage(xlim=limits, ylim=limits)
    x = np.arange(6.0)

    def draw(panel, values):
        panel.curve("curve", x, values)
        panel.fill("fill", x, values)
        panel.scatter("scatter", np.stack([values, x], axis=1))
        panel.heatmap("heatmap", np.tile(values, (6, 1)), (0, 5, 0, 5))
        panel.image("image", np.tile(values, (6, 1)), (0, 5, 0, 5))
        panel.contour("contour", x, x, np.tile(values, (6, 1)))
        panel.arrows("arrows", np.stack([x, x], axis=1), np.stack([values, values], axis=1))
        panel.text("text", np.nan, np.inf, "nowhere")
        panel.vline("vline", np.inf)
        panel.hline("hline", np.nan)

    _show(stage, draw, _STRANGE)
    _show(stage, draw, [np.nan] * 6)
    after = _show(stage, _PRIMITIVES["curve"], 0.5)
    if limits is not None:
        assert (after == _show(_stage(xlim=limits, ylim=limits), _PRIMITIVES["curve"], 0.5)).all()


def test_an_infinite_bar_reaches_the_top_and_says_so():
    stage = _stage()
    _show(stage, lambda panel: panel.bars("a", ["x", "y", "z"], [1.0, np.inf, np.nan]))
    painted = stage.slots["main"].painted["a"]
    tops = [path.vertices[:, 1].max() for path in painted.bars.get_paths()]
    assert tops == pytest.approx([1.0, 2.5, 0.0])
    assert [text.get_text() for text in painted.texts if text.get_visible()] == ["∞", "NaN"]


def test_a_bar_that_leaves_the_view_shows_its_height():
    stage = _stage()
    _show(stage, lambda panel: panel.bars("a", ["x"], [123.0]))
    assert "123" in stage.slots["main"].painted["a"].texts[0].get_text()


def test_bars_can_change_their_labels_and_number():
    stage = _stage(xlim=None)
    for names in (["a", "b"], ["a", "b", "c"], ["d"]):
        _show(stage, lambda panel, names=names: panel.bars("a", names, [1.0] * len(names)))
        axes = stage.slots["main"].axes
        assert [label.get_text() for label in axes.get_xticklabels()] == names
        assert axes.get_xlim() == (-0.6, len(names) - 0.4)


def test_lists_arrays_and_tensors_draw_the_same():
    def draw(panel, make):
        panel.curve("a", make([0.0, 1.0, 2.0]), make([1.0, 0.0, 1.0]))
        panel.scatter("b", make([[0.0, 1.0], [1.0, 1.0]]))

    kinds = [list, np.array, lambda x: torch.tensor(x, requires_grad=True), lambda x: torch.tensor(x).half()]
    pictures = [_show(_stage(), draw, kind) for kind in kinds]
    assert all((picture == pictures[0]).all() for picture in pictures)


def test_what_was_drawn_does_not_change_with_the_author_s_array():
    stage = _stage()
    x = np.array([0.0, 1.0])
    view = stage.view()
    view.curve("a", x, x)
    x += 1
    assert view["main"].marks["a"].x.tolist() == [0.0, 1.0]


_BAD = {
    "y: expected shape (3), got (2,)": lambda panel: panel.curve("a", [1, 2, 3], [1, 2]),
    "xy: expected shape (any, 2), got (3,)": lambda panel: panel.scatter("a", [1, 2, 3]),
    "cov: expected a positive semi-definite matrix": lambda panel: panel.ellipse(
        "a", [0, 0], [[1, 2], [2, 1]]
    ),
    "color: expected one of 'p'": lambda panel: panel.curve("a", [1], [1], color="nonsense"),
    "style: expected one of": lambda panel: panel.curve("a", [1], [1], style="wavy"),
    "heights: expected shape (2), got (1,)": lambda panel: panel.bars("a", ["x", "y"], [1]),
    "extent: expected finite": lambda panel: panel.heatmap("a", [[1.0]], (1, 0, 0, 1)),
    "cmap: expected": lambda panel: panel.heatmap("a", [[1.0]], (0, 1, 0, 1), cmap="nonsense"),
    "alpha: expected": lambda panel: panel.curve("a", [1], [1], alpha=2),
    "name: expected": lambda panel: panel.curve([1], [1], [1]),
    "x: expected numbers": lambda panel: panel.curve("a", ["one"], [1]),
}


@pytest.mark.parametrize(("sentence", "draw"), _BAD.items(), ids=[text.split(":")[0] for text in _BAD])
def test_bad_input_is_named(sentence, draw):
    with pytest.raises(ValueError) as error:
        draw(_stage().view()["main"])
    assert str(error.value).startswith(sentence)


def test_an_unknown_panel_says_which_there_are():
    with pytest.raises(ValueError, match="expected one of 'main', got 'left'"):
        _stage().view()["left"]


def test_line_art_is_an_exact_png_and_what_passes_or_is_a_heatmap_a_faithful_jpeg():
    stage = _stage()
    for name, passing, expected, tolerance in (
        ("curve", False, "png", 0), ("curve", True, "jpeg", 4), ("heatmap", False, "jpeg", 4)
    ):  # fmt: skip
        view = stage.view()
        _PRIMITIVES[name](view["main"], 0.5)
        format, data = stage.frame(view, passing=passing)
        decoded = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
        assert format == expected
        # A JPEG of quality 90 errs by a few levels on average.
        assert np.abs(decoded - stage.pixels()[..., :3]).mean() <= tolerance


@pytest.mark.parametrize(
    ("limits", "labels"), [((0.23, 4.4), ["0.5", "1", "2"]), ((0.23, 440), ["10^{0}", "10^{1}", "10^{2}"])]
)
def test_a_short_log_axis_can_be_read(limits, labels):
    stage = Stage([Panel("main", xscale="log", xlim=limits)])
    _show(stage, _PRIMITIVES["vline"], 1.0)
    axis = stage.slots["main"].axes.xaxis
    low, high = limits
    shown = [tick.label1.get_text() for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
    assert [text.removeprefix("$\\mathdefault{").removesuffix("}$") for text in shown] == labels


def test_the_static_picture_is_small_faithful_and_repeats():
    stage = _stage()
    pixels = _show(stage, _PRIMITIVES["heatmap"], 0.5).astype(int)
    data = stage.static_png()
    decoded = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    # A palette of 256 colours errs by less than two levels on average.
    assert np.abs(decoded - pixels[..., :3]).mean() < 2
    assert data == stage.static_png()


def test_stages_that_were_not_used_for_long_give_the_same_picture():
    first = _stage()
    before = _show(first, _PRIMITIVES["curve"], 0.5)
    for _ in range(8):
        _show(_stage(), _PRIMITIVES["vline"], 0.5)
    assert first._background is None and not hasattr(first.canvas, "renderer")
    assert (first.pixels() == before).all()


def test_a_stage_like_another_shares_its_limits():
    one = _stage(ylim=None)
    other = Stage(one.panels, one.size, scale=2.0, like=one)
    _show(one, lambda panel: panel.curve("a", _X, 10 * _X))
    _show(one, lambda panel: panel.curve("a", _X, 15 * _X))
    _show(other, lambda panel: panel.curve("a", _X, 9 * _X))
    assert other.slots["main"].axes.get_ylim() == one.slots["main"].axes.get_ylim()


def test_threads_that_paint_at_once_give_whole_pictures():
    values = np.linspace(0.1, 0.9, 6)
    wanted = [_show(_stage(), _PRIMITIVES["curve"], t) for t in values]
    stage, other = _stage(), _stage()
    wrong = []

    def work(seed):
        for index in np.random.default_rng(seed).integers(0, 6, 12):
            own = (stage, other)[seed % 2]
            view = own.view()
            _PRIMITIVES["curve"](view["main"], values[index])
            decoded = np.asarray(Image.open(io.BytesIO(own.frame(view)[1])).convert("RGBA"))
            if (decoded != wanted[index]).any():
                wrong.append(index)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong

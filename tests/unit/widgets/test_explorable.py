"""Properties of explorables: what a reader moves, what a program sets, what a saved notebook keeps."""

import base64
import io
import random
import threading

import numpy as np
import pytest
import torch
from PIL import Image

from course_lib.figure.frame import Frame
from course_lib.widgets import Choice, Panel, Slider, Toggle, explore, idle, live_cells
from tests.unit.widgets.reader import Reader

_ALT = "A straight line whose slope follows the slider."


def _draw(view, slope=1.0):
    view.curve("line", [0, 1], [0, slope], color="p", label="line")
    view.readout("slope", slope, ".2f")


def _line(draw=_draw, **changes):
    settings = {
        "panels": [Panel("main", xlim=(0, 1), ylim=(-2, 2))],
        "alt": _ALT,
        "size": (4, 3),
        "slope": Slider(-2.0, 2.0, step=0.1, value=1.0, label="the slope"),
        **changes,
    }
    return explore(draw, **settings)


def test_the_first_picture_is_there_at_once():
    explorable = _line()
    assert Frame.from_bytes(explorable.widget.frame) == explorable.frame
    assert explorable.readouts == {"slope": 1.0}
    assert explorable.draws == 1


def test_moving_the_slider_gives_the_picture_drawn_anew_at_that_value():
    moved, anew = _line(), _line(slope=Slider(-2.0, 2.0, step=0.1, value=-0.5))
    page, before = Reader(moved), moved.png()
    page.move_to(slope=-0.5)
    assert moved.values == {"slope": -0.5} and page.values == {"slope": "−0.5"}
    assert page.frame == moved.frame == anew.frame and page.readouts == {"slope": "−0.50"}
    assert moved.png() == anew.png() != before
    # Only what changed went to the page.
    assert page.told[-1]["base"] == 1 and -1 in page.told[-1]["places"] and 1 in page.told[-1]["places"]


def test_the_author_gets_clean_numbers_and_whole_ones_stay_whole():
    seen = []
    explorable = _line(
        lambda view, slope, n: seen.append((slope, n)),
        n=Slider(1, 9, value=3),
        slope=Slider(0.0, 1.0, step=0.1, value=0.0),
    )
    Reader(explorable).move(slope=3, n=3)
    assert seen[-1] == (0.3, 4)
    assert isinstance(seen[-1][1], int)


def test_set_moves_several_controls_draws_once_and_tells_the_page():
    explorable = _line(lambda view, slope, on: _draw(view, slope), on=Toggle())
    page = Reader(explorable)
    explorable.set(slope=0.5, on=True)
    assert explorable.draws == 2
    assert page.values == {"slope": "0.5", "on": "on"} and page.frame == explorable.frame
    explorable.set(slope=0.123)
    # Between two steps: the nearest one, and the value itself.
    assert page.state["values"]["slope"] == [21, "0.123"] and page.readouts == {"slope": "0.12"}


_WRONG_VALUES = {
    "slope: expected a number from -2 to 2, got 5": {"slope": 5},
    "slope: expected a number from -2 to 2, got 'x'": {"slope": "x"},
    "slope: expected a number from -2 to 2, got nan": {"slope": float("nan")},
    "kind: expected one of 'a', 'b', got 'c'": {"kind": "c"},
    "on: expected True or False, got 7": {"on": 7},
    "control: expected one of 'slope', 'kind', 'on', got 'slop'": {"slope": 0.0, "slop": 1},
}


@pytest.mark.parametrize(("sentence", "values"), _WRONG_VALUES.items())
def test_a_wrong_value_says_what_exists_and_moves_nothing(sentence, values):
    explorable = _line(lambda view, slope, kind, on: None, kind=Choice(["a", "b"]), on=Toggle())
    before = explorable.values
    with pytest.raises(ValueError) as error:
        explorable.set(**values)
    assert str(error.value) == sentence
    assert explorable.values == before and explorable.draws == 1


def test_a_wrong_preset_alt_control_or_function_is_refused():
    with pytest.raises(ValueError, match=r"preset 'steep': expected one of 'slope', got 'slop'"):
        _line(presets={"steep": {"slop": 2.0}})
    with pytest.raises(ValueError, match="alt: expected a sentence"):
        _line(alt=" ")
    with pytest.raises(ValueError, match="slope: expected a Slider, Choice or Toggle"):
        _line(slope=3)
    with pytest.raises(ValueError, match=r"draw: expected a function that takes \(view, slope\)"):
        _line(lambda view: None)
    with pytest.raises(ValueError, match="panels: expected different names"):
        _line(panels=[Panel("a"), Panel("a")])


def test_buttons_of_presets_and_reset():
    explorable = _line(presets={"steep": {"slope": 2.0}, "flat": {"slope": 0.0}})
    page, start = Reader(explorable), explorable.frame
    assert [one["label"] for one in page.spec["buttons"]] == ["steep", "flat", "Reset"]
    page.press("steep")
    assert explorable.values == {"slope": 2.0} and explorable.readouts == {"slope": 2.0}
    page.press("flat")
    assert explorable.values == {"slope": 0.0} and page.frame != start
    page.press("Reset")
    assert explorable.values == {"slope": 1.0} and page.frame == start


def test_an_exception_shows_with_the_author_s_line_and_the_slider_lives_on():
    def draw(view, slope):
        if slope > 1.5:
            raise RuntimeError("slopes above <1.5> are steep")
        _draw(view, slope)

    explorable = _line(draw)
    page, before = Reader(explorable), explorable.frame
    page.move_to(slope=2.0)
    card = page.state["card"]
    assert "RuntimeError" in card and "slopes above &lt;1.5&gt; are steep" in card
    assert "raise RuntimeError(&quot;slopes above" in card
    assert isinstance(explorable.error, RuntimeError) and page.frame == before
    page.move_to(slope=-1.0)
    assert explorable.error is None and page.state["card"] == ""
    assert explorable.readouts == {"slope": -1.0}


def test_half_a_picture_is_never_shown():
    def draw(view, slope):
        view.curve("line", [0, 1], [0, slope])
        view.readout("slope", slope)
        view["nowhere"].vline("v", 0)

    broken = _line(draw)
    assert "panel: expected one of &#x27;main&#x27;, got &#x27;nowhere&#x27;" in broken.widget.state["card"]
    assert broken.readouts == {} and "last values" not in broken.widget.state["card"]
    assert "The drawing function failed" in broken._repr_mimebundle_()[0]["text/plain"]
    marks = broken.frame.json(broken.frame.head["panels"][0][1])
    assert marks["marks"] == [] and _line().frame != broken.frame


def test_the_bundle_has_the_view_a_good_picture_and_the_words():
    explorable = _line()
    data, metadata = explorable._repr_mimebundle_()
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == explorable.widget.model_id
    assert data["text/plain"] == f"{_ALT} [slope = 1.00]"
    picture = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
    # Two pixels for each CSS pixel, shown at the size of the live picture.
    assert picture.size == (800, 600) and metadata["image/png"]["width"] == 400


def test_every_picture_has_its_alternative_text():
    explorable = _line(alt='Two "curves" & <one> line.')
    assert Reader(explorable).spec["alt"] == explorable.frame.head["alt"] == 'Two "curves" & <one> line.'


def test_without_controls_it_is_a_picture_with_its_words():
    explorable = explore(lambda view: view.hline("h", 1.0), alt="A line.", size=(3, 2))
    assert explorable.values == {} and Reader(explorable).spec["buttons"] == []


def test_read_outs_show_exact_numbers_text_and_infinity():
    def draw(view):
        view.readout("a", -0.123456)
        view.readout("b", np.float64("inf"))
        view.readout("c", float("nan"))
        view.readout("d", 12)
        view.readout("zero from below", np.float32(-1e-9))
        view.readout("draws", torch.tensor(2048))
        view.readout("<e>", "words")

    explorable = explore(draw, alt="Numbers.", size=(3, 2))
    shown = {"a": "−0.1235", "b": "∞", "c": "undefined", "d": "12", "zero from below": "0.0000"}
    assert dict(explorable.frame.head["readouts"]) == {**shown, "draws": "2,048", "<e>": "words"}
    assert explorable.readouts["a"] == -0.123456


def test_stale_values_are_skipped_and_the_last_is_drawn():
    seen, entered, go = [], threading.Event(), threading.Event()

    def draw(view, slope):
        seen.append(slope)
        _draw(view, slope)
        if slope == 0.1:
            entered.set()
            assert go.wait(10)

    explorable = _line(draw)
    page = Reader(explorable)
    thread = threading.Thread(target=lambda: page.move_to(slope=0.1))
    thread.start()
    assert entered.wait(10)
    # While the first value is being drawn elsewhere, these return at once.
    for value in (0.2, 0.3, 0.4):
        page.move_to(slope=value)
    assert seen == [1.0, 0.1]
    go.set()
    explorable.flush()
    thread.join()
    assert seen == [1.0, 0.1, 0.4]
    assert explorable.readouts == {"slope": 0.4}
    # The question that was asked last has its answer.
    assert page.told[-1]["ask"] == 4 and page.values == {"slope": "0.4"}


def test_concurrent_sets_leave_the_picture_of_the_last_values():
    explorable, reference = _line(), _line()
    values = [round(value, 1) for value in np.linspace(-2, 2, 41)]
    page = Reader(explorable)

    def work(seed):
        for value in np.random.default_rng(seed).permutation(values)[:15]:
            if seed % 2:
                explorable.set(slope=float(value))
            else:
                page.move_to(slope=float(value))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    explorable.flush()
    assert explorable.error is None
    final = explorable.values["slope"]
    assert explorable.readouts["slope"] == final
    reference.set(slope=final)
    assert page.frame == explorable.frame == reference.frame


# Ahead of the reader


def test_a_neighbour_is_drawn_ahead_and_nobody_notices_until_it_is_shown():
    explorable = _line()
    page = Reader(explorable)
    page.move_to(slope=0.5)
    told = page.look_ahead(slope=explorable.controls["slope"].index(0.6))
    assert told["ahead"] and told["values"] == {"slope": [26, "0.6"]}
    assert (
        explorable.values == {"slope": 0.5}
        and explorable.readouts == {"slope": 0.5}
        and explorable.draws == 2
    )
    assert page.readouts == {"slope": "0.50"}

    page.show_kept(told["number"])
    assert explorable.values == {"slope": 0.6} and explorable.readouts == {"slope": 0.6}
    assert explorable.draws == 2
    reference = _line()
    reference.set(slope=0.6)
    assert page.frame == reference.frame == explorable.frame
    # A page that is opened now starts from there.
    assert Frame.from_bytes(explorable.widget.get_state()["frame"]) == reference.frame


def test_a_frame_that_was_shown_before_may_be_shown_again():
    explorable = _line()
    page = Reader(explorable)
    first = page.number
    page.move_to(slope=0.5)
    page.show_kept(first)
    assert explorable.values == {"slope": 1.0} and explorable.readouts == {"slope": 1.0}


@pytest.mark.parametrize("end", ["begins", "ends"])
def test_what_a_cell_may_have_changed_is_not_kept(end):
    height = [1.0]
    explorable = _line(lambda view, slope: view.readout("slope", slope * height[0]))
    page = Reader(explorable)
    page.move_to(slope=0.5)
    number = page.look_ahead(slope=26)["number"]
    if end == "begins":
        idle._starts()
    height[0] = 10.0
    idle._ends()
    assert [told["tell"] for told in page.told].count("drop") >= 1
    # The page had shown it already when the word came: it gets the true one.
    page.frames[number] = page.frame
    page.show_kept(number)
    assert explorable.readouts == {"slope": pytest.approx(6.0)} and page.readouts == {"slope": "6.0000"}


def test_nothing_is_drawn_ahead_while_a_cell_runs():
    explorable = _line()
    page = Reader(explorable)
    page.move_to(slope=0.5)
    idle._starts()
    try:
        assert page.look_ahead(slope=26) == {"tell": "refused", "ask": 2, "again": True}
    finally:
        idle._ends()
    assert page.look_ahead(slope=26)["ahead"]


def test_what_takes_long_or_fails_or_moves_the_limits_is_not_drawn_ahead():
    def draw(view, slope):
        if slope == 0.6:
            raise RuntimeError("not here")
        _draw(view, slope)

    page = Reader(_line(draw))
    page.move_to(slope=0.5)
    refused = page.look_ahead(slope=26)
    assert (refused["tell"], refused["again"]) == ("refused", False) and page.shown.error is None

    free = _line(panels=[Panel("main")])
    page = Reader(free)
    memory = free._stage.memory()
    assert page.look_ahead(slope=0)["tell"] == "refused" and free._stage.memory() == memory

    slow = _line()
    page = Reader(slow)
    slow._ahead._seconds = 0.06
    assert page.look_ahead(slope=26)["again"] is False


def test_drawing_ahead_leaves_the_random_numbers_of_the_reader_alone():
    def draw(view, slope):
        view.readout("draw", float(torch.rand(()) + np.random.rand() + random.random()))  # noqa: NPY002

    explorable = _line(draw)
    page = Reader(explorable)
    page.move_to(slope=0.5)
    torch.manual_seed(1), np.random.seed(1), random.seed(1)  # noqa: NPY002
    wanted = torch.rand(3).tolist(), np.random.rand(3).tolist(), random.random()  # noqa: NPY002
    torch.manual_seed(1), np.random.seed(1), random.seed(1)  # noqa: NPY002
    assert page.look_ahead(slope=26)["ahead"]
    assert (torch.rand(3).tolist(), np.random.rand(3).tolist(), random.random()) == wanted  # noqa: NPY002


def test_a_page_that_lost_the_thread_gets_everything():
    explorable = _line()
    page = Reader(explorable)
    page.move_to(slope=0.5)
    page.frames.clear()
    page.say(do="full")
    assert page.told[-1]["base"] is None and page.frame == explorable.frame


def test_a_page_that_begins_to_listen_late_hears_what_it_missed():
    explorable = _line()
    first = explorable.widget.number
    explorable.set(slope=0.5)
    page = Reader(explorable)
    page.frames, page.number = {}, first
    page.say(do="hello", number=first)
    assert page.frame == explorable.frame and page.values == {"slope": "0.5"}
    told = len(page.told)
    page.say(do="hello", number=explorable.widget.number)
    assert [one["tell"] for one in page.told[told:]] == ["state"]


def test_a_closed_explorable_leaves_no_widget():
    before = set(_instances())
    explorable = _line(
        presets={"steep": {"slope": 2.0}}, on=Toggle(), draw=lambda view, slope, on: _draw(view, slope)
    )
    explorable.set(slope=0.0)
    # The controls are no widgets of their own: one, and its layout.
    assert len(set(_instances()) - before) <= 2
    explorable.close()
    explorable.close()
    assert set(_instances()) <= before
    assert explorable._repr_mimebundle_()[0].keys() == {"text/plain"}


def _instances():
    from ipywidgets.widgets import widget

    return list(widget._instances)


def test_running_a_cell_again_takes_its_old_pictures_down(monkeypatch):
    cell = ["cell-a", 1]
    monkeypatch.setattr(live_cells, "_running_cell", lambda: tuple(cell))
    monkeypatch.setattr(live_cells, "_LIVE", {})
    first, second = _line(), _line()
    cell[:] = ["cell-b", 2]
    other = _line()
    cell[:] = ["cell-a", 3]
    third = _line()
    assert [one._closed for one in (first, second, other, third)] == [True, True, False, False]

"""Properties of explorables: what a reader moves, what a program sets, what a saved notebook keeps."""

import asyncio
import base64
import io
import threading
import time

import ipywidgets as widgets
import numpy as np
import pytest
import torch
from PIL import Image

from course_lib.widgets import Choice, Panel, Slider, Toggle, explore, live_cells

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


def _pixels(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


def _shown(explorable):
    return _pixels(explorable._picture.value)


def test_the_first_picture_is_there_at_once():
    explorable = _line()
    assert bytes(explorable._picture.value).startswith(b"\x89PNG")
    assert explorable.readouts == {"slope": 1.0}
    assert explorable.draws == 1


def test_moving_the_slider_gives_the_picture_drawn_anew_at_that_value():
    moved, anew = _line(), _line(slope=Slider(-2.0, 2.0, step=0.1, value=-0.5))
    before = moved.png()
    moved._inputs["slope"].value = -0.5
    assert moved.values == {"slope": -0.5}
    assert moved.png() == anew.png() != before
    anew.set(slope=0.0)
    anew.set(slope=-0.5)
    assert (_shown(moved) == _shown(anew)).all()


def test_the_author_gets_clean_numbers_and_whole_ones_stay_whole():
    seen = []
    explorable = _line(
        lambda view, slope, n: seen.append((slope, n)),
        n=Slider(1, 9, value=3),
        slope=Slider(0.0, 1.0, step=0.1, value=0.0),
    )
    explorable._inputs["slope"].value = 0.1 + 0.2
    explorable._inputs["n"].value = 4
    assert seen[-1] == (0.3, 4)
    assert isinstance(seen[-1][1], int)


def test_set_moves_several_controls_and_draws_once():
    explorable = _line(lambda view, slope, on: _draw(view, slope), on=Toggle())
    explorable.set(slope=0.5, on=True)
    assert explorable.draws == 2
    assert explorable._inputs["slope"].value == 0.5 and explorable._inputs["on"].value is True


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
    start = explorable.png()
    buttons = {one.description: one for one in explorable.parts if isinstance(one, widgets.Button)}
    assert list(buttons) == ["steep", "flat", "Reset"]
    buttons["steep"].click()
    assert explorable.values == {"slope": 2.0} and explorable.readouts == {"slope": 2.0}
    buttons["flat"].click()
    assert explorable.values == {"slope": 0.0} and explorable.png() != start
    buttons["Reset"].click()
    assert explorable.values == {"slope": 1.0} and explorable.png() == start


def test_an_exception_shows_with_the_author_s_line_and_the_slider_lives_on():
    def draw(view, slope):
        if slope > 1.5:
            raise RuntimeError("slopes above <1.5> are steep")
        _draw(view, slope)

    explorable = _line(draw)
    before = _shown(explorable)
    explorable._inputs["slope"].value = 2.0
    card = explorable._card.value
    assert "RuntimeError" in card and "slopes above &lt;1.5&gt; are steep" in card
    assert "raise RuntimeError(&quot;slopes above" in card
    assert "course-hidden" not in explorable._card._dom_classes
    assert isinstance(explorable.error, RuntimeError)
    assert (_shown(explorable) == before).all()
    explorable._inputs["slope"].value = -1.0
    assert explorable.error is None and explorable._card.value == ""
    assert "course-hidden" in explorable._card._dom_classes
    assert explorable.readouts == {"slope": -1.0}


def test_half_a_picture_is_never_shown():
    def draw(view, slope):
        view.curve("line", [0, 1], [0, slope])
        view.readout("slope", slope)
        view["nowhere"].vline("v", 0)

    explorable = _line()
    broken = _line(draw)
    assert "panel: expected one of &#x27;main&#x27;, got &#x27;nowhere&#x27;" in broken._card.value
    assert broken.readouts == {}
    assert "The drawing function failed" in broken._repr_mimebundle_()[0]["text/plain"]
    # No curve: all its pixels would be blue.
    blue = np.array([0, 114, 178])
    assert (_pixels(explorable.png()) == blue).all(axis=2).any()
    assert not (_pixels(broken.png()) == blue).all(axis=2).any()


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
    assert explorable._picture.tooltip == 'Two "curves" & <one> line.'
    assert 'data-alt="Two &quot;curves&quot; &amp; &lt;one&gt; line."' in explorable.widget.children[0].value


def test_without_controls_it_is_a_picture_with_its_words():
    explorable = explore(lambda view: view.hline("h", 1.0), alt="A line.", size=(3, 2))
    assert explorable.values == {}
    assert not any(isinstance(one, widgets.Button) for one in explorable.parts)


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
    table = explorable._table.value
    for text in (
        "<b>−0.1235</b>",
        "<b>0.0000</b>",
        "<b>2,048</b>",
        "<b>∞</b>",
        "<b>undefined</b>",
        "<b>12</b>",
        "&lt;e&gt;</span><b>words</b>",
    ):
        assert text in table
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
    slider = explorable._inputs["slope"]
    thread = threading.Thread(target=lambda: setattr(slider, "value", 0.1))
    thread.start()
    assert entered.wait(10)
    # While the first value is being drawn elsewhere, these return at once.
    for value in (0.2, 0.3, 0.4):
        slider.value = value
    assert seen == [1.0, 0.1]
    go.set()
    explorable.flush()
    thread.join()
    assert seen == [1.0, 0.1, 0.4]
    assert explorable.readouts == {"slope": 0.4}


def test_concurrent_sets_leave_the_picture_of_the_last_values():
    explorable, reference = _line(), _line()
    values = [round(value, 1) for value in np.linspace(-2, 2, 41)]

    def work(seed):
        for value in np.random.default_rng(seed).permutation(values)[:15]:
            explorable.set(slope=float(value))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    explorable.flush()
    assert explorable.error is None
    final = explorable.values["slope"]
    assert explorable.readouts["slope"] == final
    reference.set(slope=0.0)
    reference.set(slope=final)
    assert (_shown(explorable) == _shown(reference)).all()


def test_a_picture_at_rest_becomes_sharp():
    async def story():
        explorable = _line()
        sharp = _shown(explorable).shape
        explorable.set(slope=0.0)
        moving = _shown(explorable).shape
        assert explorable._picture.format == "jpeg"
        deadline = time.monotonic() + 10
        while _shown(explorable).shape == moving and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        return explorable, sharp, moving, _shown(explorable)

    explorable, sharp, moving, after = asyncio.run(story())
    assert sharp == (600, 800, 3) and moving == (300, 400, 3)
    assert explorable._picture.format == "png"
    anew = _line(slope=Slider(-2.0, 2.0, step=0.1, value=0.0))
    assert (after == _shown(anew)).all()
    assert explorable.draws == 2


def test_a_closed_explorable_leaves_no_widgets_and_no_figure():
    before = set(_instances())
    explorable = _line(
        presets={"steep": {"slope": 2.0}}, on=Toggle(), draw=lambda view, slope, on: _draw(view, slope)
    )
    explorable.set(slope=0.0)
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

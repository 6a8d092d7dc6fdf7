"""What explorables and trainings share: controls and their presets, whoever moves them."""

import threading

import ipywidgets as widgets
import pytest

from course_lib.widgets import Choice, LiveTraining, Slider, Toggle, explore

_CONTROLS = {
    "slope": Slider(-2.0, 2.0, step=0.5, value=1.0, label="the slope", play=True),
    "n": Slider.of([1, 32, 2048], play=True),
    "kind": Choice(["a", "b"]),
    "on": Toggle(),
}
_START = {"slope": 1.0, "n": 1, "kind": "a", "on": False}


class Still:
    """A stepper that only keeps what it is given."""

    def step(self):
        pass

    def reset(self):
        pass


def _explorable(**settings):
    return explore(lambda view, **values: None, alt="Nothing.", size=(3, 2), **settings)


def _training(**settings):
    return LiveTraining(Still(), lambda view, stepper: None, alt="Nothing.", size=(3, 2), **settings)


@pytest.fixture(params=[_explorable, _training], ids=["explorable", "training"])
def show(request):
    made = []

    def make(**settings):
        made.append(request.param(**_CONTROLS, **settings))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_a_preset_leads_to_the_same_values_wherever_it_is_pressed(show):
    one = show(presets={"steep": {"slope": 2.0}, "many": {"n": 2048, "on": True}})
    for start in ({}, {"on": True, "n": 32}, {"kind": "b", "slope": -2.0}):
        one.set(**start)
        one.preset("steep")
        assert one.values == {**_START, "slope": 2.0}
        one.preset("many")
        assert one.values == {**_START, "n": 2048, "on": True}
    with pytest.raises(ValueError, match="preset: expected one of 'steep', 'many', got 'flat'"):
        one.preset("flat")


def test_controls_go_back_to_where_they_started(show):
    one = show()
    one.set(slope=0.0, n=2048, kind="b", on=True)
    one.reset_controls()
    assert one.values == _START
    assert {name: made.value for name, made in one._inputs.items()} == _START


def test_the_buttons_are_those_of_the_presets_and_one_back(show):
    one = show(presets={"steep": {"slope": 2.0}})
    names = [part.description for part in one.parts if isinstance(part, widgets.Button)]
    assert names[-2] == "steep" and names[-1] in ("Reset", "Start values")


def test_a_preset_that_does_not_fit_is_refused_when_it_is_made(show):
    for presets, sentence in (
        ({"steep": {"slop": 2.0}}, "preset 'steep': expected one of 'slope', 'n', 'kind', 'on', got 'slop'"),
        ({"steep": {"n": 5}}, "n: expected one of 1, 32, 2048, got 5"),
        ({"steep": 2.0}, "presets: expected a mapping of control to value for 'steep', got 2.0"),
    ):
        with pytest.raises(ValueError) as error:
            show(presets=presets)
        assert str(error.value) == sentence


def test_play_steps_through_the_values_of_a_slider(show):
    one = show()
    slope, n = (part for part in one.parts if isinstance(part, widgets.Play))
    assert (slope.min, slope.max, slope.value) == (0, 8, 6) and (n.min, n.max, n.value) == (0, 2, 0)
    slope.value, n.value = 5, 1
    assert one.values == {**_START, "slope": 0.5, "n": 32}
    one.set(slope=-2.0, n=2048)
    assert (slope.value, n.value) == (0, 2)


def test_what_an_input_passes_through_between_two_steps_counts_for_nothing(show):
    one = show()
    one._hear("slope", 17.0)
    assert one.values == _START


def test_a_reader_s_move_that_a_program_overtook_is_not_taken_for_the_last(show):
    """The reader's slider says 2.0, but before that is heard, a program has set all controls."""
    one = show()
    inside, go = threading.Event(), threading.Event()
    hear = one._hear

    def late(name, value):
        if threading.current_thread() is reader:
            inside.set()
            assert go.wait(10)
        hear(name, value)

    one._hear = late
    reader = threading.Thread(target=lambda: setattr(one._inputs["slope"], "value", 2.0))
    reader.start()
    assert inside.wait(10)
    one.set(slope=-1.0)
    go.set()
    reader.join()
    assert one.values["slope"] == -1.0 == one._inputs["slope"].value


def test_every_part_is_as_wide_as_the_picture_at_most(show):
    one = show()
    assert {part.layout.max_width for part in one.widget.children[2:]} == {"300px"}

"""What explorables and trainings share: controls and their presets, whoever moves them."""

import pytest

from course_lib.widgets import Choice, LiveTraining, Slider, Toggle, explore
from tests.unit.widgets.reader import Reader

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
    assert {name: text for name, (_, text) in one.widget.state["values"].items()} == {
        "slope": "1.0",
        "n": "1",
        "kind": "a",
        "on": "off",
    }


def test_the_buttons_are_those_of_the_presets_and_one_back(show):
    one = show(presets={"steep": {"slope": 2.0}})
    names = [button["label"] for button in Reader(one).spec["buttons"]]
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


def test_a_slider_may_play(show):
    controls = {control["name"]: control for control in Reader(show()).spec["controls"]}
    assert [controls[name]["play"] for name in _START] == [True, True, False, False]
    assert len(controls["slope"]["texts"]) == 9 and controls["n"]["texts"] == ["1", "32", "2,048"]


def test_what_the_hand_moves_a_program_sees_and_the_other_way_round(show):
    one = show()
    page = Reader(one)
    page.move(slope=0, n=2, kind=1, on=1)
    assert one.values == {"slope": -2.0, "n": 2048, "kind": "b", "on": True}
    one.set(n=32)
    assert page.values == {"slope": "−2.0", "n": "32", "kind": "b", "on": "on"}


def test_the_page_is_told_how_wide_the_picture_is(show):
    assert Reader(show()).spec["width"] == 300


def test_an_unknown_message_is_left_alone(show):
    one = show()
    Reader(one).say(do="dance")
    assert one.values == _START

"""Properties of controls: every value they accept reaches the author's function, no other does."""

import itertools

import ipywidgets as widgets
import numpy as np
import pytest

from course_lib.widgets.controls import Choice, Slider, Toggle

_SLIDERS = [
    Slider(0.0, 1.0),
    Slider(-0.99, 0.99, step=0.01, value=0.9),
    Slider(0, 10),
    Slider(1, 100, step=7, value=1),
    Slider(0.001, 100.0, log=True),
    Slider(0.01, 1.0, log=True, step=1.5),
]


@pytest.mark.parametrize("slider", _SLIDERS)
def test_steps_lead_from_end_to_end_and_back_to_their_number(slider):
    values = [slider.at(index) for index in range(slider.count + 1)]
    assert values[0] == slider.low and slider.low < values[-1] <= slider.high
    assert all(a < b for a, b in itertools.pairwise(values))
    assert [slider.index(value) for value in values] == list(range(slider.count + 1))
    assert all(slider.check("x", value) == value for value in values)


@pytest.mark.parametrize("slider", _SLIDERS)
def test_the_widget_starts_at_the_value_and_reaches_both_ends(slider):
    made = slider.widget("x")
    assert made.value == pytest.approx(slider.initial)
    for end in (slider.low, slider.high):
        made.value = end
        assert slider.check("x", made.value) == pytest.approx(end)


def test_a_log_slider_multiplies():
    slider = Slider(0.01, 100.0, log=True, step=10)
    assert [slider.at(index) for index in range(5)] == [0.01, 0.1, 1.0, 10.0, 100.0]
    assert slider.initial == 1.0


def test_a_log_slider_meets_the_powers_of_ten_whatever_its_range():
    slider = Slider(1e-5, 1e-1, log=True)
    values = [slider.at(index) for index in range(slider.count + 1)]
    assert {1e-5, 1e-4, 1e-3, 1e-2, 1e-1} <= set(values)
    assert 15 <= Slider(2.0, 3.0, log=True).count <= 25


def test_whole_numbers_stay_whole_and_refuse_fractions():
    slider = Slider(0, 10)
    assert isinstance(slider.check("n", 3.0), int) and isinstance(slider.check("n", np.int64(3)), int)
    with pytest.raises(ValueError, match=r"n: expected a whole number, got 3\.5"):
        slider.check("n", 3.5)


@pytest.mark.parametrize(
    ("sentence", "make"),
    [
        ("low: expected less than high", lambda: Slider(1, 1)),
        ("low: expected a positive number on a log slider", lambda: Slider(0.0, 1.0, log=True)),
        ("step: expected a positive number", lambda: Slider(0.0, 1.0, step=0)),
        ("step: expected a factor above 1", lambda: Slider(0.1, 1.0, step=0.5, log=True)),
        ("value: expected a number from 0.0 to 1.0, got 2", lambda: Slider(0.0, 1.0, value=2)),
        ("slider: expected finite numbers", lambda: Slider(0.0, float("inf"))),
        ("options: expected at least one option", lambda: Choice([])),
        ("options: expected at least one option", lambda: Choice("abc")),
        ("value: expected one of 'a', 'b', got 'c'", lambda: Choice(["a", "b"], value="c")),
    ],
)
def test_bad_controls_are_named(sentence, make):
    with pytest.raises(ValueError) as error:
        make()
    assert str(error.value).startswith(sentence)


def test_few_short_options_are_buttons_and_many_a_menu():
    assert isinstance(Choice(["a", "b"]).widget("x"), widgets.ToggleButtons)
    assert isinstance(Choice([str(n) for n in range(9)]).widget("x"), widgets.Dropdown)


def test_a_choice_gives_the_value_behind_what_is_shown():
    choice = Choice({"KL(p‖q)": 1, "KL(q‖p)": 2}, value=2)
    assert choice.widget("x").value == 2
    assert choice.check("x", "KL(p‖q)") == 1
    assert Choice({"none": None, "some": 3}).check("x", None) is None


def test_a_choice_tells_apart_true_and_one():
    assert Choice([True, 1, 2]).check("x", 1) is not True


def test_a_toggle_is_a_checkbox():
    assert Toggle(True).widget("x").value is True
    assert Toggle().check("x", 1) is True

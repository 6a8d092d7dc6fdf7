"""Properties of choices and toggles: every value they accept reaches the author's function, no other does."""

import ipywidgets as widgets
import pytest

from course_lib.widgets.controls import Choice, Toggle


@pytest.mark.parametrize(
    ("sentence", "make"),
    [
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

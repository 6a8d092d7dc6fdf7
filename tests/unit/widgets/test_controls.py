"""Properties of choices and toggles: every value they accept reaches the author's function, no other does."""

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
    assert Choice(["a", "b"]).spec("x")["kind"] == "buttons"
    assert Choice([str(n) for n in range(9)]).spec("x")["kind"] == "menu"
    assert Choice(["a long text of an option", "another long text of one"]).kind == "menu"


def test_a_choice_gives_the_value_behind_what_is_shown():
    choice = Choice({"KL(p‖q)": 1, "KL(q‖p)": 2}, value=2)
    assert choice.spec("x")["texts"] == ["KL(p‖q)", "KL(q‖p)"]
    assert choice.index(choice.initial) == 1 and choice.at(0) == 1 and choice.say(2) == "KL(q‖p)"
    assert choice.check("x", "KL(p‖q)") == 1
    assert Choice({"none": None, "some": 3}).check("x", None) is None


def test_a_choice_tells_apart_true_and_one():
    assert Choice([True, 1, 2]).check("x", 1) is not True


def test_options_may_be_anything():
    makers = Choice({"list": list, "none": None, "array": (1, 2)})
    assert [makers.index(makers.at(index)) for index in range(3)] == [0, 1, 2]


def test_a_toggle_is_on_or_off():
    toggle = Toggle(True, label="noisy")
    assert toggle.spec("x") == {
        "name": "x",
        "label": "noisy",
        "kind": "toggle",
        "texts": ["off", "on"],
        "play": False,
    }
    assert toggle.index(toggle.initial) == 1 and toggle.at(0) is False
    assert Toggle().check("x", 1) is True

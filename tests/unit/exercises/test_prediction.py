"""A prediction is kept with the progress, shows its answer only afterwards, and is no exercise."""

import pytest

from course_lib.exercises import predict, progress_summary, store


def ask(**changes):
    given = {"choices": ("up", "down"), "answer": "It goes `up`.", **changes}
    return predict("01.way", "Which way?", **given)


def shown(prediction):
    prediction._repr_mimebundle_()
    row, answer, again, _ = prediction._parts
    return row.children, answer.value, again


def test_the_answer_appears_with_the_click_and_the_prediction_is_kept(course_home):
    before = progress_summary()
    first = ask()
    buttons, answer, _ = shown(first)
    assert [button.description for button in buttons] == ["up", "down"] and answer == ""
    buttons[1].click()
    _, answer, again = shown(first)
    assert "down" in answer and "<code>up</code>" in answer and all(button.disabled for button in buttons)
    assert ask().said == "down"
    assert progress_summary() == before  # nothing is counted
    again.click()
    assert shown(first)[1] == "" and not buttons[0].disabled
    buttons[0].click()
    assert ask().said == "up"


def test_it_survives_in_the_file_beside_the_exercises(course_home, monkeypatch):
    ask().commit("down")
    store.record("01.kl_discrete", passed=True, attempted=True)
    monkeypatch.setattr(store, "_known", {})
    monkeypatch.setattr(store, "_pending", {})
    assert ask().said == "down"
    assert store.entries()[0]["01.kl_discrete"]["passed"]


def test_a_number_is_asked_for_in_its_unit(course_home):
    question = ask(choices=None, number="draws")
    (field, button), _, _ = shown(question)
    field.value = 3.5
    button.click()
    assert question.said == "3.5 draws"


def test_a_saved_notebook_asks_before_it_answers(course_home):
    data = ask()._repr_mimebundle_()
    assert (
        data["text/html"].index("Which way?")
        < data["text/html"].index("<details>")
        < data["text/html"].index("It goes")
    )
    assert "<b>" not in ask(answer="a <b> tag")._repr_mimebundle_()["text/html"]


@pytest.mark.parametrize(
    ("changes", "argument"),
    [
        ({"choices": None}, "choices"),
        ({"number": "draws"}, "choices"),
        ({"choices": ("one",)}, "choices"),
        ({"choices": ("one", "one")}, "choices"),
        ({"choices": "up"}, "choices"),
        ({"choices": None, "number": " "}, "number"),
        ({"answer": ""}, "answer"),
    ],
)
def test_what_does_not_fit_is_named(changes, argument):
    with pytest.raises(ValueError, match=f"^{argument}: expected"):
        ask(**changes)
    with pytest.raises(ValueError, match=r"^id: expected"):
        predict("way", "Which way?", choices=("up", "down"), answer="Up.")


@pytest.mark.parametrize("said", ["sideways", None, 3])
def test_only_a_choice_can_be_committed(course_home, said):
    with pytest.raises(ValueError, match=r"^said: expected one of 'up', 'down'"):
        ask().commit(said)

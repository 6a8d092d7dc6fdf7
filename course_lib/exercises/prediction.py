"""Predictions: a question before a picture, committed in one click, answered afterwards and never marked."""

import re

from course_lib.exercises import store
from course_lib.exercises.cards import notice_line
from course_lib.markup import card, element, rich, styled

__all__ = ["Prediction", "predict"]

_ID = re.compile(r"\d\d\.[a-z0-9_]+")


def predict(id: str, question: str, *, choices=None, number: str | None = None, answer: str) -> "Prediction":
    """Asks what will happen, and shows the answer once the reader has committed to a prediction.

    What was predicted is kept with the progress. It is no exercise: nothing is marked and nothing counted.

    Args:
        id: ``"NN.name"``, NN the notebook's two digits; unique among the predictions of the course.
        question: one or two sentences; text between backticks is shown as code, formulas between dollars.
            Choices are the captions of buttons: plain text.
        choices: two to six short answers, of which one can be clicked.
        number: instead of choices, what the number that is asked for is counted in ("draws", "nats").
        answer: what happens and why, in sentences; an f-string may hold numbers that the notebook computed.

    Returns:
        What the last line of a cell shows.

    Raises:
        ValueError: the id is malformed, a text is empty, or neither or both of ``choices`` and ``number`` are given.

    >>> predict("00.highest", "Where is the curve highest?", choices=("in the middle", "at the ends"),
    ...         answer="In the middle.")
    Predict: Where is the curve highest?
      - in the middle
      - at the ends
      Answer: In the middle.
    """
    return Prediction(id, question, choices=choices, number=number, answer=answer)


class Prediction:
    """One question; ``commit`` does what a click does.

    Attributes:
        said: what was predicted, as text, or None.
    """

    def __init__(self, id, question, *, choices=None, number=None, answer):
        if not isinstance(id, str) or not _ID.fullmatch(id):
            raise ValueError(f"id: expected 'NN.name' in small letters, got {id!r}")
        for name, text in (("question", question), ("answer", answer)):
            if not isinstance(text, str) or not text.strip():
                raise ValueError(f"{name}: expected a text, got {text!r}")
        if (choices is None) == (number is None):
            raise ValueError(
                "choices: expected either choices or number, got " + ("both" if choices else "neither")
            )
        if choices is not None:
            choices = tuple(choices) if isinstance(choices, list | tuple) else ()
            if not 2 <= len(set(choices)) == len(choices) <= 6 or not all(
                isinstance(one, str) for one in choices
            ):
                raise ValueError(f"choices: expected two to six different texts, got {choices!r}")
        elif not isinstance(number, str) or not number.strip():
            raise ValueError(f"number: expected what it is counted in, as text, got {number!r}")
        self.id, self.question, self.answer = id, " ".join(question.split()), " ".join(answer.split())
        self.choices, self.number = choices, number
        self.said = store.entries()[0].get(self._key, {}).get("said")
        self._parts = None

    @property
    def _key(self) -> str:
        return f"predict:{self.id}"

    def commit(self, said) -> None:
        """Keeps a prediction and shows the answer.

        Raises:
            ValueError: it is none of the choices, or no number.
        """
        if self.choices is not None:
            if said not in self.choices:
                raise ValueError(f"said: expected one of {', '.join(map(repr, self.choices))}, got {said!r}")
        else:
            if isinstance(said, bool) or not isinstance(said, int | float):
                raise ValueError(f"said: expected a number of {self.number}, got {said!r}")
            said = f"{said:g} {self.number}"
        self.said = said
        notice = store.record(self._key, said=said).notice
        self._show(notice)

    def ask_again(self) -> None:
        """Hides the answer; the kept prediction is replaced by the next one."""
        self.said = None
        self._show()

    # What is shown

    def __repr__(self):
        lines = [f"Predict: {self.question}"]
        lines += [f"  - {choice}" for choice in self.choices or (f"a number of {self.number}",)]
        lines += [f"  You predicted: {self.said}"] if self.said else []
        return "\n".join([*lines, f"  Answer: {self.answer}"])

    def _repr_html_(self):
        choices = self.choices or (f"a number of {self.number}",)
        listed = styled("ul", "course-list", *(element("li", rich(choice)) for choice in choices))
        answer = element("details", element("summary", "Then look at the answer"), rich(self.answer))
        return card("predict", *self._heading(), listed, answer)

    def _heading(self):
        return element("strong", "Predict"), " · ", rich(self.question)

    def _repr_mimebundle_(self, include=None, exclude=None):
        data = {"text/plain": repr(self), "text/html": self._repr_html_()}
        view = self._widget()._repr_mimebundle_()
        return {**data, **{kind: one for kind, one in view.items() if kind.startswith("application/")}}

    def _widget(self):
        import ipywidgets as widgets  # a plain script needs none

        if self._parts is None:
            question = widgets.HTMLMath(card("predict", *self._heading(), role="group"))
            row = widgets.Box(self._inputs(widgets), layout=widgets.Layout(flex_flow="row wrap"))
            shown = widgets.HTMLMath()
            again = widgets.Button(
                description="Ask again", layout=widgets.Layout(width="auto", align_self="flex-start")
            )
            again.on_click(lambda _: self.ask_again())
            self._parts = row, shown, again, widgets.VBox([question, row, shown, again])
            self._show()
        return self._parts[-1]

    def _inputs(self, widgets):
        auto = widgets.Layout(width="auto")
        if self.choices is None:
            field = widgets.FloatText(
                description=self.number, style={"description_width": "initial"}, layout=auto
            )
            button = widgets.Button(description="Commit", layout=auto)
            button.on_click(lambda _: self.commit(field.value))
            return [field, button]
        buttons = [widgets.Button(description=choice, tooltip=choice, layout=auto) for choice in self.choices]
        for button, choice in zip(buttons, self.choices, strict=True):
            button.on_click(lambda _, choice=choice: self.commit(choice))
        return buttons

    def _show(self, notice: str = ""):
        if self._parts is None:
            return
        row, shown, again, _ = self._parts
        committed = self.said is not None
        for one in row.children:
            one.disabled = committed
        again.layout.display = None if committed else "none"
        shown.value = ""
        if committed:
            said = element("div", "You predicted: ", element("strong", rich(str(self.said))))
            warning = [notice_line(notice)] if notice else []
            shown.value = card("predict", said, element("div", rich(self.answer)), *warning)

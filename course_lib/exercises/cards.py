"""The cards that an exercise shows: HTML that reads in light and dark themes, with a plain text of the same words.

A card has an icon and a word, never a colour alone, and no time or random number, so that the "not started" and the
"passed" card can stand in a committed notebook.
"""

from dataclasses import dataclass
from html import escape

from course_lib.exercises.exercise import Exercise
from course_lib.exercises.marking import Verdict
from course_lib.exercises.texts import clean

__all__ = ["Card", "card_for", "note_card", "rich", "show", "unknown_card"]

# Okabe-Ito colours, at least 3:1 against white and against JupyterLab's dark page.
_LOOKS = {
    "passed": ("✓", "Passed", "#009E73"),
    "wrong": ("✗", "Not yet right", "#D55E00"),
    "open": ("○", "Not started", "#3B8BC2"),
    "hint": ("?", "Hint", "#B8860B"),
    "note": ("!", "Note", "#B8860B"),
}

# JupyterLab's own variables, so that a card follows its theme; elsewhere the page's colours.
_BOX = (
    "border:1px solid var(--jp-border-color2, #bdbdbd); border-radius:4px; padding:10px 14px; margin:6px 0; "
    "max-width:760px; line-height:1.5; color:var(--jp-content-font-color1, inherit); "
    "background:var(--jp-layout-color1, transparent);"
)
_QUIET = "color:var(--jp-content-font-color2, inherit)"
_CELL = "text-align:left; vertical-align:top; font-weight:normal; padding:1px 0;"


@dataclass(frozen=True)
class Card:
    """One card, in this order: heading, message, ``facts`` as rows (label, text, is code), numbered ``items``, quiet
    ``notes``, and ``notices``, which say that something went wrong beside the answer.

    Every text is cut to what a reader can use, and what cannot be printed is replaced: some come from the student.
    """

    look: str
    heading: str
    message: str = ""
    facts: tuple[tuple[str, str, bool], ...] = ()
    notes: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()

    def __post_init__(self):
        facts = ((clean(label, 80), clean(text, 500), is_code) for label, text, is_code in self.facts)
        short = {
            "heading": clean(self.heading, 200),
            "message": clean(self.message, 1500),
            "facts": tuple(facts),
        }
        for name, limit in (("notes", 600), ("notices", 600), ("items", 2000)):
            short[name] = tuple(clean(one, limit) for one in getattr(self, name))
        for name, value in short.items():
            object.__setattr__(self, name, value)

    @property
    def word(self) -> str:
        return _LOOKS[self.look][1]

    def __repr__(self):
        lines = [f"{_LOOKS[self.look][0]} {self.word}: {self.heading}"]
        lines += [f"  {self.message}"] if self.message else []
        width = max((len(label) for label, _, _ in self.facts), default=0)
        lines += [f"  {label:<{width}}  {text}" for label, text, _ in self.facts]
        lines += [f"  {number}. {text}" for number, text in enumerate(self.items, start=1)]
        lines += [f"  {note}" for note in self.notes]
        lines += [f"  ! Note: {notice}" for notice in self.notices]
        return "\n".join(lines)

    def _repr_html_(self):
        icon, word, colour = _LOOKS[self.look]
        rows = "".join(_row(*fact) for fact in self.facts)
        items = "".join(f"<li>{rich(one)}</li>" for one in self.items)
        parts = [
            f'<div role="status" style="{_BOX} border-left:6px solid {colour}">',
            f'<div><span aria-hidden="true" style="color:{colour}; font-weight:bold; font-size:1.15em">{icon}</span> '
            f"<strong>{word}</strong> · {rich(self.heading)}</div>",
            f'<div style="margin-top:4px">{rich(self.message)}</div>' if self.message else "",
            f'<table style="margin:6px 0 0 0; border-collapse:collapse">{rows}</table>' if rows else "",
            f'<ol style="margin:6px 0 0 0; padding-left:22px">{items}</ol>' if items else "",
            *(f'<div style="margin-top:4px; {_QUIET}">{rich(note)}</div>' for note in self.notes),
            *(
                f'<div style="margin-top:4px"><strong>! Note</strong> · {rich(one)}</div>'
                for one in self.notices
            ),
            "</div>",
        ]
        return "".join(parts)

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/plain": repr(self), "text/html": self._repr_html_()}


def _row(label, text, is_code):
    value = f"<code>{escape(text)}</code>" if is_code else rich(text)
    return (
        f'<tr style="background:transparent"><th scope="row" style="{_CELL} padding-right:14px; white-space:nowrap">'
        f'{escape(label)}</th><td style="{_CELL} white-space:normal">{value}</td></tr>'
    )


def rich(text: str) -> str:
    """Escaped text in which `code` is shown as code."""
    pieces = escape(text).split("`")
    if len(pieces) % 2 == 0:  # a lone backtick
        return escape(text)
    return "".join(f"<code>{piece}</code>" if index % 2 else piece for index, piece in enumerate(pieces))


def card_for(
    exercise: Exercise, verdict: Verdict, *, had_passed: bool = False, notices: tuple[str, ...] = ()
) -> Card:
    """The card of one check."""
    heading = f"{exercise.title} (`{exercise.id}`)"
    is_value = not callable(exercise.reference)
    thing = "answer" if is_value else ("class" if isinstance(exercise.reference, type) else "function")
    if verdict.passed:
        return Card("passed", heading, f"What follows runs on your own {thing}.", notices=notices)
    reference = f"Until it passes, what follows runs on the reference {thing}."
    help_line = f"For help run `hint({exercise.id!r})`."
    if verdict.kind in ("stub", "nothing"):
        message = f"{'Write your answer' if is_value else 'Complete the code'} above and run the cell again."
        if verdict.kind == "nothing":
            message = "Your function returns nothing (`None`). If it is written, its `return` is missing."
        message += " You had passed it before, and the pass is kept." if had_passed else ""
        level = f"Difficulty {exercise.difficulty} of 3, about {exercise.minutes} minutes. {help_line}"
        return Card("open", heading, message, notes=(level, reference), notices=notices)
    message = _message(exercise, verdict, thing)
    message += " You had passed it before, and the pass is kept." if had_passed else ""
    return Card("wrong", heading, message, _facts(verdict), notes=(reference, help_line), notices=notices)


def _message(exercise, verdict, thing):
    if verdict.kind in ("mistake", "rejected", "relation", "changed", "gradient", "endless", "memory"):
        return verdict.message
    told = {
        "exception": f"Your {thing} stopped with an error.",
        "later": f"What your {thing} returned stopped with an error when it was used.",
        "shape": "The shape is not the one that was expected.",
        "type": "This is not the kind of answer that was expected.",
        "nan": "The result is NaN (not a number): look for 0/0, 0·log 0, or a logarithm or root of a negative number.",
        "value": "The value is not the expected one.",
    }[verdict.kind]
    # The error's own text stands among the facts.
    return told if verdict.kind in ("exception", "later") else f"{told} {verdict.message}".strip()


def _facts(verdict):
    facts = []
    if verdict.kind in ("exception", "later"):
        facts.append(("Error", verdict.message, True))
    if verdict.line:
        facts.append(("Your code", verdict.line, True))
    if verdict.given:
        facts.append(("Input", verdict.given, True))
    place = f" ({verdict.where})" if verdict.where else ""
    # A right answer to a question would give it away; a function's value on one input does not.
    if verdict.measured:
        facts.append((f"Yours{place}", verdict.measured, verdict.kind not in ("shape", "type")))
    if verdict.expected:
        facts.append((f"Expected{place}", verdict.expected, verdict.kind not in ("shape", "type")))
    if verdict.share:
        facts.append(("Right on", verdict.share, False))
    return tuple(facts)


def note_card(heading: str, message: str = "", notes: tuple[str, ...] = ()) -> Card:
    """A card that reports something about the course itself, not about an answer."""
    return Card("note", heading, message, notes=notes)


def unknown_card(error) -> Card:
    """The card for an id that no lesson has (a ``registry.UnknownExercise``)."""
    near = " or ".join(f"`{one}`" for one in error.near)
    return note_card(
        "Unknown exercise",
        f"{error} " + (f"Did you mean {near}?" if near else "Look at its number and name."),
    )


def show(thing):
    """Displays a card or a table: HTML in a notebook, plain text elsewhere."""
    from IPython.display import display

    display(thing)

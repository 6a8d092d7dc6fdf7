"""The cards that an exercise shows: HTML that reads in light and dark themes, with a plain text of the same words.

A card has an icon and a word, never a colour alone, and no time or random number, so that the "not started" and the
"passed" card can stand in a committed notebook.
"""

from dataclasses import dataclass

from course_lib.exercises.exercise import Exercise
from course_lib.exercises.marking import Verdict
from course_lib.exercises.texts import clean
from course_lib.markup import Markup, card, element, rich, styled

__all__ = ["Card", "card_for", "note_card", "notice_line", "show", "unknown_card"]

_LOOKS = {
    "passed": ("✓", "Passed"),
    "wrong": ("✗", "Not yet right"),
    "open": ("○", "Not started"),
    "hint": ("?", "Hint"),
    "note": ("!", "Note"),
}


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
        icon = styled(
            "span", f"course-icon course-icon-{self.look}", _LOOKS[self.look][0], aria_hidden="true"
        )
        parts = [element("div", icon, " ", element("strong", self.word), " · ", rich(self.heading))]
        if self.message:
            parts.append(styled("div", "course-line", rich(self.message)))
        if self.facts:
            parts.append(styled("table", "course-facts", *(_row(*fact) for fact in self.facts)))
        if self.items:
            parts.append(styled("ol", "course-list", *(element("li", rich(one)) for one in self.items)))
        parts += [styled("div", "course-quiet", rich(note)) for note in self.notes]
        parts += [notice_line(one) for one in self.notices]
        return card(self.look, *parts)

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/plain": repr(self), "text/html": self._repr_html_()}


def _row(label, text, is_code):
    name = styled("th", "course-fact course-fact-label", label, scope="row")
    value = styled("td", "course-fact", element("code", text) if is_code else rich(text))
    return styled("tr", "course-facts-row", name, value)


def notice_line(text: str) -> Markup:
    """What went wrong beside the answer, as a line of a card."""
    return styled("div", "course-line", element("strong", "! Note"), " · ", rich(text))


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

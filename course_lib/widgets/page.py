"""The HTML around a picture: the stylesheet, read-outs, the cards of errors and of trainings."""

import linecache
import traceback
from types import SimpleNamespace

from course_lib.markup import Markup, card, element, stylesheet

__all__ = ["dressing", "error_card", "error_text", "readout_table", "training_card"]

# The image widget has no alternative text of its own; the stylesheet gives it one when it has loaded. The picture's
# view may appear a moment later.
_NAMING = """let tries = 0; const timer = setInterval(() => {
const picture = this.closest('.course-explorable')?.querySelector('img.course-picture');
if (picture) { picture.alt = this.dataset.alt; picture.removeAttribute('title'); }
if (picture || ++tries > 100) clearInterval(timer); }, 50)"""


def dressing(alt: str) -> str:
    """The stylesheet, and the alternative text for the picture."""
    return element("style", Markup(stylesheet()), data_alt=alt, onload=_NAMING)


def readout_table(readouts) -> str:
    """The exact numbers under a picture."""
    cells = [element("div", element("span", one.label), element("b", one.text)) for one in readouts]
    return (
        element("div", *cells, class_="course-readouts", role="group", aria_label="exact values")
        if cells
        else ""
    )


def error_text(error: BaseException, draw) -> str:
    """Type, message and the author's line of an error, as plain text."""
    where = _authors_line(error, draw)
    place = f"\n  line {where[0]}: {where[1]}" if where else ""
    return f"{type(error).__name__}: {error}{place}"


def error_card(error: BaseException, draw, drawn: bool = True, advice: str = "") -> str:
    """The same as a card; ``drawn``: a picture of earlier values stands above it."""
    where = _authors_line(error, draw)
    name = element("code", getattr(draw, "__name__", "draw"))
    place = [element("pre", f"line {where[0]}:  {where[1]}")] if where else []
    earlier = "The picture shows the last values that could be drawn. " if drawn else ""
    heading = element("b", type(error).__name__)
    return card("alert", heading, " in ", name, f": {error}", *place, earlier + advice, role="alert")


def _authors_line(error, draw):
    """The deepest line of the author's own file or cell: its number and its text."""
    code = getattr(draw, "__code__", None)
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if code is not None and frame.filename == code.co_filename]
    if not own:
        return None
    frame = own[-1]
    line = frame.line or linecache.getline(frame.filename, frame.lineno).strip()
    return (frame.lineno, line) if line else None


def training_card(runner, draw, reason: str = "") -> str:
    """Why a training stands still and what to do; empty while there is nothing to say.

    ``reason``: what the stepper knows of why it diverged.
    """
    if runner.status == "failed":
        advice = "Mend the function, then run its cell and this one again: Reset alone keeps the old one."
        return error_card(runner.error, _culprit(runner.error, draw), runner.frames > 0, advice)
    if runner.status == "diverged":
        heading = "The training diverged"
        advice = reason or "Lower the learning rates, then press Reset."
        text = f" by step {runner.steps:,}: some numbers are infinite or not a number. {advice}"
    elif runner.status == "finished":
        heading = "The end:"
        text = f" {runner.cap:,} steps are the limit of this picture. Press Reset to start again."
    else:
        return ""
    return card("alert", element("b", heading), text, role="alert")


def _culprit(error, draw):
    """The deepest function of a notebook cell that the error came through, such as a student's own step."""
    found, trace = draw, error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if "ipykernel" in code.co_filename and "site-packages" not in code.co_filename:
            found = SimpleNamespace(__code__=code, __name__=code.co_name)
        trace = trace.tb_next
    return found

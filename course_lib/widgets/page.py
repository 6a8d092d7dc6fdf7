"""The cards under a picture: of errors and of trainings."""

from course_lib.markup import card, element
from course_lib.places import places_of

__all__ = ["error_card", "error_text", "training_card"]


def error_text(error: BaseException, draw) -> str:
    """Type, message and the author's line of an error, as plain text."""
    place = _place_in(error, draw)
    where = f"\n  line {place.number}: {place.text}" if place else ""
    return f"{type(error).__name__}: {error}{where}"


def error_card(error: BaseException, draw, drawn: bool = True, advice: str = "") -> str:
    """The same as a card; ``drawn``: a picture of earlier values stands above it."""
    return _error_card(error, getattr(draw, "__name__", "draw"), _place_in(error, draw), drawn, advice)


def _error_card(error, name, place, drawn, advice):
    line = [element("pre", f"line {place.number}:  {place.text}")] if place and place.text else []
    earlier = "The picture shows the last values that could be drawn. " if drawn else ""
    heading = element("b", type(error).__name__)
    told = (heading, " in ", element("code", name), f": {error}", *line, earlier + advice)
    return card("alert", *told, role="alert")


def _place_in(error, draw):
    """The deepest place in the author's own file or cell."""
    own = getattr(getattr(draw, "__code__", None), "co_filename", None)
    return next((place for place in places_of(error) if place.file == own and place.text), None)


def training_card(runner, draw, reason: str = "") -> str:
    """Why a training stands still and what to do; empty while there is nothing to say.

    ``reason``: what the stepper knows of why it diverged.
    """
    if runner.status == "failed":
        advice = "Mend the function, then run its cell and this one again: Reset alone keeps the old one."
        cell = next((one for one in places_of(runner.error) if _in_a_cell(one.file)), None)
        if cell is None:
            return error_card(runner.error, draw, runner.frames > 0, advice)
        # The deepest function of a cell, such as a student's own step.
        return _error_card(runner.error, cell.function, cell, runner.frames > 0, advice)
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


def _in_a_cell(file: str) -> bool:
    return "ipykernel" in file and "site-packages" not in file

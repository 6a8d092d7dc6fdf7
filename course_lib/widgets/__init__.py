"""What is on the screen: pictures that one moves, in one style. Knows no theory."""

from course_lib.widgets.controls import Choice, Slider, Toggle
from course_lib.widgets.explore import Explorable, explore
from course_lib.widgets.panel import Panel
from course_lib.widgets.stage import Stage

__all__ = ["Choice", "Explorable", "LiveTraining", "Panel", "Slider", "Stage", "Toggle", "explore"]


def __getattr__(name):
    # Only notebooks that train ask for it.
    if name == "LiveTraining":
        from course_lib.widgets.live import LiveTraining

        return LiveTraining
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

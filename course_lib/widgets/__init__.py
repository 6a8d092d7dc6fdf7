"""What is on the screen: pictures that one moves, in one style. Knows no theory."""

from course_lib.figure.panel import Panel
from course_lib.figure.stage import Stage
from course_lib.widgets.controls import Choice, Toggle
from course_lib.widgets.explorable import Explorable, explore
from course_lib.widgets.slider import Slider

__all__ = ["Choice", "Explorable", "LiveTraining", "Panel", "Slider", "Stage", "Toggle", "explore"]


def __getattr__(name):
    # Only notebooks that train ask for it.
    if name == "LiveTraining":
        from course_lib.widgets.live_training import LiveTraining

        return LiveTraining
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

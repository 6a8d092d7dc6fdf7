"""Runs in the kernel of a notebook, after its last cell: moves every control of every picture to its ends.

Prints one line of JSON: how many settings were tried, and what went wrong.
"""

import json

from IPython import get_ipython

from course_lib.widgets import Choice, LiveTraining, Slider
from course_lib.widgets.shown import Shown


def ends(control):
    """The values of a control that are tried: the ends of a slider, every option of anything else."""
    if isinstance(control, Slider):
        return [control.low, control.high]
    return [value for _, value in control.pairs] if isinstance(control, Choice) else [False, True]


def inside(slider):
    """A value between the ends, and no simple part of the way: a whole turn of an angle ends where it began."""
    return slider.at(round(0.4 * slider.count))


def settings(picture):
    """Each control at its ends with the others at their start; then all sliders low, all high."""
    for name, control in picture.controls.items():
        for value in ends(control):
            yield {name: value}
    sliders = {name: one for name, one in picture.controls.items() if isinstance(one, Slider)}
    for end in ("low", "high"):
        yield {name: getattr(slider, end) for name, slider in sliders.items()}


def draw(picture, setting):
    """What the picture shows under a setting, and what went wrong."""
    start = {name: control.initial for name, control in picture.controls.items()}
    try:
        picture.set(**{**start, **setting})
        if isinstance(picture, LiveTraining):
            picture.reset()
            picture.run(2, progress=False)
            return picture.png(), None
        return (picture.png(), str(picture.readouts)), picture.error and repr(picture.error)
    except Exception as error:
        return None, repr(error)


def report(pictures):
    """Moves everything; the counts and the complaints."""
    complaints, count = [], 0
    for picture in pictures:
        shown = {}
        for setting in settings(picture):
            count += 1
            shown[str(setting)], wrong = draw(picture, setting)
            if wrong:
                complaints.append(f"{picture.alt} {setting}: {wrong}")
        for name, control in picture.controls.items():
            seen = {shown[str({name: value})] for value in ends(control)}
            if len(seen) == 1 and isinstance(control, Slider):
                seen.add(draw(picture, {name: inside(control)})[0])
            if len(seen) == 1:
                complaints.append(f"{picture.alt} {name}: changes nothing")
    return {"pictures": len(pictures), "settings": count, "complaints": complaints}


if __name__ == "__main__":
    values = get_ipython().user_ns["Out"].values()
    print(json.dumps(report([value for value in values if isinstance(value, Shown)])))

"""Runs in the kernel of a notebook, after its last cell: moves every control of every picture to its ends.

Writes into a folder ``report.json``, how many settings were tried and what went wrong, and three frames of each
picture: at the start, all sliders low, all high.
"""

import json
from pathlib import Path

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
    yield ends_of(picture, "low")
    yield ends_of(picture, "high")


def ends_of(picture, end):
    """All sliders at one end, ``"low"`` or ``"high"``."""
    return {name: getattr(one, end) for name, one in picture.controls.items() if isinstance(one, Slider)}


def draw(picture, setting):
    """What the picture shows under a setting, and what went wrong."""
    start = {name: control.initial for name, control in picture.controls.items()}
    try:
        picture.set(**{**start, **setting})
        if isinstance(picture, LiveTraining):
            picture.reset()
            picture.run(2, progress=False)
            return picture.frame.to_bytes(), None
        return picture.frame.to_bytes(), picture.error and repr(picture.error)
    except Exception as error:
        return None, repr(error)


def report(pictures, keep=lambda name, frame: None):
    """Moves everything; the counts and the complaints. ``keep`` gets the frames at the start and at both ends."""
    complaints, count = [], 0
    for number, picture in enumerate(pictures):
        shown = {}
        frames = {"start": {}, "low": ends_of(picture, "low"), "high": ends_of(picture, "high")}
        for name, setting in frames.items():
            frame, _ = draw(picture, setting)
            if frame is not None:
                keep(f"{number:02d}_{name}.frame", frame)
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


def run(folder):
    """Moves the pictures of this kernel's notebook and leaves what was found in ``folder``."""
    values = get_ipython().user_ns["Out"].values()
    folder = Path(folder)
    found = report(
        [value for value in values if isinstance(value, Shown)],
        keep=lambda name, frame: (folder / name).write_bytes(frame),
    )
    (folder / "report.json").write_text(json.dumps(found))

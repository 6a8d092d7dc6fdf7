"""What every moving picture has in common: controls, exact numbers, a still picture for the saved notebook."""

import base64
from collections.abc import Mapping

import ipywidgets as widgets
import traitlets

from course_lib.widgets.controls import check_control

__all__ = ["Picture", "Shown", "width_of"]


class Shown:
    """The base of ``Explorable`` and ``LiveTraining``; a subclass makes ``_stage`` and ``widget``, and draws.

    Attributes:
        alt: one sentence that says what is to be seen.
        controls: name to ``Slider``, ``Choice`` or ``Toggle``.
        widget: what JupyterLab shows.
    """

    def __init__(self, alt, controls, presets):
        if not isinstance(alt, str) or not alt.strip():
            raise ValueError(f"alt: expected a sentence that says what is to be seen, got {alt!r}")
        self.alt = alt.strip()
        self.controls = {name: check_control(name, control) for name, control in (controls or {}).items()}
        self._values = {name: control.initial for name, control in self.controls.items()}
        self._presets = self._check_presets(presets or {})
        self._readouts, self._closed = {}, False

    @property
    def values(self) -> dict:
        """The value of each control."""
        return dict(self._values)

    @property
    def readouts(self) -> dict:
        """The exact numbers under the picture."""
        return {label: one.value for label, one in self._readouts.items()}

    def _repr_mimebundle_(self, include=None, exclude=None, **_):
        data = {"text/plain": self._as_text()}
        if not self._closed:
            # A live JupyterLab prefers the widget; a saved notebook, GitHub and nbviewer show the picture.
            data["image/png"] = base64.b64encode(self.png()).decode("ascii")
            view = self.widget._repr_mimebundle_()
            data.update({kind: one for kind, one in view.items() if kind.startswith("application/")})
        return data, {"image/png": {"width": round(self._stage.size[0] * 100)}}

    def _as_text(self):
        numbers = "; ".join(f"{one.label} = {one.text}" for one in self._readouts.values())
        return self.alt + (f" [{numbers}]" if numbers else "")

    def _check_values(self, what, values):
        for name in values:
            if name not in self.controls:
                known = ", ".join(repr(control) for control in self.controls) or "none"
                raise ValueError(f"{what}: expected one of {known}, got {name!r}")
        return {name: self.controls[name].check(name, value) for name, value in values.items()}

    def _check_presets(self, presets):
        checked = {}
        for name, values in presets.items():
            if not isinstance(values, Mapping):
                raise ValueError(
                    f"presets: expected a mapping of control to value for {name!r}, got {values!r}"
                )
            checked[str(name)] = self._check_values(f"preset {name!r}", values)
        return checked

    def _inputs_that_call(self, moved):
        """An input widget for each control; ``moved(name, value)`` hears of every value that the control takes."""
        inputs = {name: control.widget(name) for name, control in self.controls.items()}
        for name, made in inputs.items():
            made.observe(lambda change, name=name: self._pass_on(moved, name, change["new"]), "value")
        return inputs

    def _pass_on(self, moved, name, value):
        try:
            value = self.controls[name].check(name, value)
        except ValueError:
            return  # an input may pass through values between two steps
        moved(name, value)

    @property
    def parts(self) -> list:
        """Every widget of the picture, from the outside in, with its layouts and styles."""
        return list(_descendants(self.widget))

    def _take_down(self):
        for one in self.parts:
            one.unobserve_all()
            one.close()


class Picture(widgets.Image):
    """An image widget whose tooltip works: its view looks for a description, which ipywidgets' own lacks."""

    description = traitlets.Unicode("").tag(sync=True)

    def __init__(self, stage, alt):
        layout = widgets.Layout(width=width_of(stage), max_width="100%", height="auto")
        super().__init__(format="png", tooltip=alt, layout=layout)
        self.add_class("course-picture")


def width_of(stage) -> str:
    """The width of a stage's picture in CSS pixels, 100 an inch."""
    return f"{round(stage.size[0] * 100)}px"


def _descendants(widget):
    yield widget
    for attribute in ("layout", "style"):
        if hasattr(widget, attribute):
            yield getattr(widget, attribute)
    for child in getattr(widget, "children", ()):
        yield from _descendants(child)

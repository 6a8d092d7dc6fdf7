"""What every moving picture has in common: controls, presets, exact numbers, a still picture for the saved notebook."""

import base64
import threading
from collections.abc import Mapping

import ipywidgets as widgets

from course_lib import checks
from course_lib.widgets import live_cells, page
from course_lib.widgets.assembly import Picture, box, button, descendants, dressed, hide, write
from course_lib.widgets.controls import Control

__all__ = ["Shown", "known_as"]


class Shown:
    """The base of ``Explorable`` and ``LiveTraining``, which say what happens when controls move, and draw.

    A subclass makes its ``_stage``, calls ``_assemble``, and defines ``_moved(values)``: controls took these values.

    Attributes:
        alt: one sentence that says what is to be seen.
        controls: name to ``Slider``, ``Choice`` or ``Toggle``.
        widget: what JupyterLab shows.
    """

    def __init__(self, alt, controls, presets):
        if not isinstance(alt, str) or not alt.strip():
            raise checks.refuse("alt", "a sentence that says what is to be seen", alt)
        self.alt = alt.strip()
        self.controls = {name: _checked(name, control) for name, control in (controls or {}).items()}
        self._initial = {name: control.initial for name, control in self.controls.items()}
        self._values = dict(self._initial)
        self._presets = self._check_presets(presets or {})
        self._readouts, self._closed = {}, False
        # Held while controls move, so that what several threads set stays together.
        self._hand = threading.RLock()
        self._setting = False

    # What a program sees

    @property
    def values(self) -> dict:
        """The value of each control."""
        return dict(self._values)

    @property
    def readouts(self) -> dict:
        """The exact numbers under the picture."""
        return {label: one.value for label, one in self._readouts.items()}

    def set(self, **values):
        """Moves controls, all at once.

        Raises:
            ValueError: an unknown control, or a value that it does not take; nothing is moved then.
        """
        checked = self._check_values("control", values)
        with self._hand:
            self._setting = True
            try:
                for name, value in checked.items():
                    self._inputs[name].value = value
            finally:
                self._setting = False
            # An input may round; the author's function gets what the program asked for.
            self._values.update(checked)
        self._moved(checked)

    def preset(self, name):
        """Moves every control to where a preset has it.

        Raises:
            ValueError: there is none of that name.
        """
        known_as("preset", name, self._presets)
        self.set(**self._presets[name])

    def reset_controls(self):
        """Moves every control back to where it started."""
        self.set(**self._initial)

    @property
    def parts(self) -> list:
        """Every widget of the picture, from the outside in, with its layouts and styles."""
        return list(descendants(self.widget))

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

    # Values

    def _check_values(self, what, values):
        for name in values:
            known_as(what, name, self.controls)
        return {name: self.controls[name].check(name, value) for name, value in values.items()}

    def _check_presets(self, presets):
        """Each preset with a value for every control, so that a button always leads to the same picture."""
        checked = {}
        for name, values in presets.items():
            if not isinstance(values, Mapping):
                raise checks.refuse("presets", f"a mapping of control to value for {name!r}", values)
            checked[str(name)] = {**self._initial, **self._check_values(f"preset {name!r}", values)}
        return checked

    def _hear(self, name, heard):
        """An input moved; it may pass through values between two steps, which count for nothing."""
        control = self.controls[name]
        try:
            value = control.check(name, control.read(heard))
        except ValueError:
            return
        with self._hand:
            # A program is moving the controls, or did so after the reader.
            if self._setting or self._inputs[name].value is not heard:
                return
            self._values[name] = value
        self._moved({name: value})

    # Widgets

    def _row(self, *beside):
        """An input for each control, and what else stands in their row."""
        self._inputs = {name: control.widget(name) for name, control in self.controls.items()}
        for name, made in self._inputs.items():
            made.observe(lambda change, name=name: self._hear(name, change["new"]), "value")
        inputs = [dressed(self.controls[name], made) for name, made in self._inputs.items()]
        return box([*inputs, *beside], "course-row")

    def _preset_buttons(self, reset):
        """A button for each preset, and one that says ``reset`` and moves every control back."""
        presets = [button(name, lambda name=name: self.preset(name)) for name in self._presets]
        tip = "Every control back to where it started"
        return [*presets, button(reset, self.reset_controls, "undo", tip)] if self.controls else []

    def _assemble(self, *between):
        """All of it, from top to bottom: the picture, the card of errors, ``between``, the exact numbers."""
        width = f"{round(self._stage.size[0] * 100)}px"  # 100 CSS pixels an inch
        self._picture, self._card, self._table = Picture(width, self.alt), widgets.HTML(), widgets.HTML()
        hide(self._card, True)
        self._table.add_class("course-numbers")
        below = [self._card, *between, self._table]
        for part in below:
            part.layout.max_width = width
        self.widget = widgets.VBox([widgets.HTML(page.dressing(self.alt)), self._picture, *below])
        self.widget.add_class("course-explorable")
        live_cells.register(self)

    def _show_card(self, text):
        write(self._card, text)
        hide(self._card, not text)

    def _show_readouts(self, readouts):
        self._readouts = readouts
        write(self._table, page.readout_table(readouts.values()))

    def _take_down(self):
        for one in self.parts:
            one.unobserve_all()
            one.close()


def known_as(what: str, name, known):
    """Refuses a name that is none of those in ``known``."""
    if name not in known:
        raise checks.refuse(what, f"one of {', '.join(map(repr, known)) or 'none'}", name)


def _checked(name, control):
    if not isinstance(control, Control):
        raise checks.refuse(name, "a Slider, Choice or Toggle", control)
    return control

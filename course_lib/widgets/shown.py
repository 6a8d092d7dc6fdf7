"""What every moving picture has in common: controls, presets, exact numbers, a still picture for the saved notebook."""

import base64
import threading
from collections.abc import Mapping

from course_lib import checks
from course_lib.figure.still import still
from course_lib.widgets import live_cells
from course_lib.widgets.controls import Control
from course_lib.widgets.picture import Picture

__all__ = ["Shown", "button", "known_as"]


class Shown:
    """The base of ``Explorable`` and ``LiveTraining``, which say what happens when controls move, and make frames.

    A subclass makes its ``_stage``, calls ``_assemble``, and defines ``_moved(values, message)``: controls took these
    values, because of a message of the page or, without one, of a program.

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
        self.widget = None
        # Held while controls move, so that what several threads set stays together.
        self._hand = threading.RLock()

    # What a program sees

    @property
    def values(self) -> dict:
        """The value of each control."""
        return dict(self._values)

    @property
    def readouts(self) -> dict:
        """The exact numbers under the picture."""
        return dict(self._readouts)

    def set(self, **values):
        """Moves controls, all at once.

        Raises:
            ValueError: an unknown control, or a value that it does not take; nothing is moved then.
        """
        checked = self._check_values("control", values)
        with self._hand:
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

    def png(self) -> bytes:
        """The picture now, as a PNG."""
        return still(self.frame)

    def _repr_mimebundle_(self, include=None, exclude=None, **_):
        data = {"text/plain": self._as_text()}
        if not self._closed:
            # A live JupyterLab prefers the widget; a saved notebook, GitHub and nbviewer show the picture.
            data["image/png"] = base64.b64encode(self.png()).decode("ascii")
            view = self.widget._repr_mimebundle_()
            view = view[0] if isinstance(view, tuple) else view
            data.update({kind: one for kind, one in (view or {}).items() if kind.startswith("application/")})
        return data, {"image/png": {"width": round(self._stage.size[0] * 100)}}

    def _as_text(self):
        said = "; ".join(f"{label} = {text}" for label, text in self.frame.head["readouts"])
        return self.alt + (f" [{said}]" if said else "")

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

    def _said(self, values) -> dict:
        """Values as the page knows them."""
        return {
            name: [self.controls[name].index(value), self.controls[name].say(value)]
            for name, value in values.items()
        }

    def _meant(self, indices) -> dict:
        """Values by their numbers, as the page sends them."""
        return {name: self.controls[name].at(int(index)) for name, index in indices.items()}

    # The page

    def _hear(self, message):
        """Something happened in the page."""
        if self._closed:
            return
        act = getattr(self, f"_on_{message.get('do')}", None)
        if act is not None:
            act(message)

    def _on_move(self, message):
        moved = self._meant(message["values"])
        with self._hand:
            self._values.update(moved)
        self._moved(moved, message)

    def _on_press(self, message):
        kind, _, name = message["name"].partition(":")
        if kind == "preset":
            self.preset(name)
        elif kind == "initial":
            self.reset_controls()

    def _assemble(self, reset, state, before=(), **spec):
        """Makes the widget, of the frame that there is.

        Args:
            reset: what the button says that moves every control back.
            state: what the page shows beside the picture.
            before: buttons that stand before those of the presets.
            spec: what the page is told besides.
        """
        presets = [button(f"preset:{name}", name) for name in self._presets]
        back = (
            [button("initial", reset, "undo", "Every control back to where it started")]
            if self.controls
            else []
        )
        spec = {
            "alt": self.alt,
            "width": round(self._stage.size[0] * 100),
            "controls": [control.spec(name) for name, control in self.controls.items()],
            "buttons": [*before, *presets, *back],
            "live": False,
            "speeds": None,
            **spec,
        }
        state = {"values": self._said(self._values), **state}
        self.widget = Picture(spec, self.frame, state, self._hear, self._bring_up_to_date)
        live_cells.register(self)

    def _tell(self, **state):
        """Tells the page what changed beside the picture."""
        if self.widget is not None and not self._closed:
            self.widget.tell(**state)

    def _bring_up_to_date(self):
        """Called before a page starts from the widget's traits."""

    def _take_down(self):
        self.widget.close()


def button(name, label, icon=None, title=None) -> dict:
    """A button of the page; pressing it sends its name."""
    return {"name": name, "label": label, "icon": icon, "title": title}


def known_as(what: str, name, known):
    """Refuses a name that is none of those in ``known``."""
    if name not in known:
        raise checks.refuse(what, f"one of {', '.join(map(repr, known)) or 'none'}", name)


def _checked(name, control):
    if not isinstance(control, Control):
        raise checks.refuse(name, "a Slider, Choice or Toggle", control)
    return control

"""The widget in the page: one for a picture with all its controls. What travels between it and the kernel."""

import importlib.resources
import itertools
import json
import threading
from collections import OrderedDict
from functools import cache

import anywidget
import traitlets

from course_lib.markup import stylesheet
from course_lib.widgets import idle

__all__ = ["Picture"]

# Frames sent last, of which the page may have one: the next is told as what changed.
_REMEMBERED = 16


@cache
def _module() -> str:
    """The painter and the controls as one module."""
    files = importlib.resources.files("course_lib")
    parts = (files / "figure" / "canvas.js", files / "widgets" / "widget.js")
    return "\n".join(part.read_text(encoding="utf-8") for part in parts)


class Picture(anywidget.AnyWidget):
    """Frames to the page, and what the reader did there to ``hear(message)``.

    The traits are what a page starts from that opens later; an open page is told of changes by messages, each with
    just what changed. ``widget.js`` says what the messages hold.

    Args:
        spec: what never changes: the alternative text, the controls, the buttons.
        frame: the first ``Frame``.
        state: what else there is at the start: ``values`` (name to ``[index, text]`` of each control), ``card``, ...
        hear: called with each message of the page, in whatever thread it arrives.
        current: called before a page starts from the traits, so that these can be brought up to date.
    """

    #: The number of the first frame.
    FIRST = 1

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)
    spec = traitlets.Unicode().tag(sync=True)
    state = traitlets.Dict().tag(sync=True)
    frame = traitlets.Bytes().tag(sync=True)
    number = traitlets.Int().tag(sync=True)

    def __init__(self, spec: dict, frame, state: dict, hear, current=lambda: None):
        self._hear, self._current = hear, lambda: None
        self._numbers = itertools.count(self.FIRST)
        number = self.next_number()
        self._sent = OrderedDict({number: frame})
        self._order = threading.RLock()
        start = {"spec": json.dumps(spec), "state": state, "frame": frame.to_bytes(), "number": number}
        super().__init__(**start, _esm=_module(), _css=stylesheet())
        self._current = current
        self.on_msg(self._arrived)

    def _arrived(self, _widget, content, _buffers):
        if content.get("do") == "hello":
            idle.harmless()
            self._greet(content["number"])
        else:
            self._hear(content)

    def _greet(self, number):
        """A page has begun to listen; what was told before that it has missed."""
        with self._order:
            self.send({"tell": "state", **self.state})
            if number != self.number:
                frame = self._sent.get(self.number)
                places, new = frame.since(None)
                content = {"number": self.number, "values": self.state["values"], "places": places}
                self.send({"tell": "frame", "ask": None, "ahead": False, "base": None, **content}, new)

    def _should_send_property(self, key, value):
        # These go as messages.
        return key not in ("state", "frame", "number") and super()._should_send_property(key, value)

    def get_state(self, *args, **settings):
        """The traits, for a page that opens now."""
        self._current()
        return super().get_state(*args, **settings)

    def next_number(self) -> int:
        """A number for a frame."""
        return next(self._numbers)

    def show(
        self, frame, values, *, have=None, ask=None, ahead=False, number=None, acknowledge=False, **state
    ):
        """Sends a frame.

        Args:
            frame: a ``Frame``.
            values: name to ``[index, text]`` of each control.
            have: the number of a frame that the page has.
            ask: the question of the page that this answers.
            ahead: nobody looks at it yet.
            acknowledge: the page shall say when it has painted this frame, or a later one.
            state: what else there is with it, such as the ``card``.
        """
        with self._order:
            number = self.next_number() if number is None else number
            base = self._sent.get(have)
            places, new = frame.since(base)
            content = {"tell": "frame", "number": number, "ask": ask, "ahead": ahead, "values": values}
            content |= {"places": places, "base": None if base is None else have, **state}
            if acknowledge:
                content["acknowledge"] = True
            self._sent[number] = frame
            while len(self._sent) > _REMEMBERED:
                self._sent.popitem(last=False)
            if not ahead:
                self.state = {**self.state, "values": values, **state}
                self.frame, self.number = frame.to_bytes(), number
            self.send(content, new)
        return number

    def answer(self, ask):
        """What the page asked for will be seen in a later frame."""
        self.send({"tell": "state", "ask": ask})

    def tell(self, **state):
        """Sends parts of the state that changed: ``values``, ``card``, ``status``, ``playing``, ``speed``."""
        with self._order:
            changed = {name: value for name, value in state.items() if self.state.get(name) != value}
            if changed:
                self.state = {**self.state, **changed}
                self.send({"tell": "state", **changed})

    def refuse(self, ask, again: bool):
        """The page may ask again later for what it wanted ahead, or never."""
        self.send({"tell": "refused", "ask": ask, "again": again})

    def drop(self):
        """Frames that the page keeps may be wrong from now on."""
        self.send({"tell": "drop"})

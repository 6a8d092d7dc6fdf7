"""A page without a browser: it keeps what the kernel tells, and does what a reader's hand does."""

import itertools
import json

from course_lib.figure.frame import Frame

__all__ = ["Reader"]


class Reader:
    """Stands where ``widget.js`` stands, for an explorable or a training.

    Attributes:
        frames: number to ``Frame``, as they were put together from what was told.
        told: every message of the kernel, in order.
        values, card, status: what the page shows.
    """

    def __init__(self, shown):
        self.shown, widget = shown, shown.widget
        self.spec = json.loads(widget.spec)
        self.frames = {widget.number: Frame.from_bytes(widget.frame)}
        self.number = widget.number
        self.state = dict(widget.state)
        self.told = []
        self._asks = itertools.count(1)
        widget.send = self._told

    @property
    def values(self):
        """The text that stands beside each control."""
        return {name: text for name, (_, text) in self.state["values"].items()}

    @property
    def frame(self):
        """What the page paints."""
        return self.frames[self.number]

    @property
    def readouts(self):
        """The exact numbers, as texts."""
        return dict(self.frame.head["readouts"])

    def _told(self, content, buffers=None):
        self.told.append(content)
        if content["tell"] == "frame":
            base = self.frames.get(content["base"])
            self.frames[content["number"]] = Frame.after(base, content["places"], buffers or [])
            if not content["ahead"]:
                self.number = content["number"]
                self.state.update({part: content[part] for part in self.state if part in content})
        elif content["tell"] == "state":
            self.state.update(content)
        elif content["tell"] == "drop":
            self.frames = {self.number: self.frame}

    def _send(self, **content):
        self.shown.widget._arrived(self.shown.widget, content, [])

    # The hand

    def move(self, **steps):
        """Moves controls to steps."""
        self._send(do="move", ask=next(self._asks), values=steps, have=self.number)

    def move_to(self, **values):
        """Moves controls to the steps that show these values."""
        self.move(**{name: self.shown.controls[name].index(value) for name, value in values.items()})

    def look_ahead(self, **steps):
        """Asks for a neighbour; the kernel's answer."""
        self._send(do="ahead", ask=next(self._asks), values=steps, have=self.number)
        return self.told[-1]

    def show_kept(self, number):
        """Shows a frame that is there."""
        self.number = number
        self._send(do="shown", number=number)

    def press(self, label):
        """Presses the button that says ``label``."""
        (name,) = [one["name"] for one in self.spec["buttons"] if one["label"] == label]
        self._send(do="press", name=name)

    def say(self, **content):
        """Any other message."""
        self._send(**content)

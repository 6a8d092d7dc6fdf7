"""Controls with a few states that an author names, and the widget a reader moves; ``slider`` has those with many."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ipywidgets as widgets

from course_lib import checks
from course_lib.checks.values import plain

__all__ = ["STYLE", "Choice", "Control", "Toggle"]

STYLE = {"description_width": "initial"}


class Control:
    """What every control is: it has a value at the start (``initial``), checks others, and makes its ``widget``."""

    def read(self, value):
        """The value that the input means when it stands at ``value``."""
        return value


@dataclass(frozen=True)
class Choice(Control):
    """One of several options.

    Args:
        options: a list of values, or a mapping from what the reader sees to the value.
        value: at the start; the first option otherwise.
        label: what the reader sees; the name of the argument otherwise.

    Raises:
        ValueError: no options, or a value that is none of them.
    """

    options: Sequence | Mapping
    value: object = None
    label: str | None = None

    def __post_init__(self):
        if isinstance(self.options, str) or not self.pairs:
            raise checks.refuse("options", "at least one option", self.options)
        self.check("value", self.initial)

    @property
    def pairs(self) -> list[tuple[str, object]]:
        """What the reader sees, and the value."""
        if isinstance(self.options, Mapping):
            return [(str(shown), value) for shown, value in self.options.items()]
        return [(str(value), value) for value in self.options]

    @property
    def initial(self):
        """The value at the start."""
        return self.pairs[0][1] if self.value is None else self.value

    def check(self, name: str, value):
        """The value as the author's function gets it; what the reader sees is accepted too.

        Raises:
            ValueError: it is none of the options.
        """
        for shown, option in self.pairs:
            if option is value or (type(option) is type(value) and option == value):
                return option
            if isinstance(value, str) and value == shown:
                return option
        known = ", ".join(repr(option) for _, option in self.pairs)
        raise checks.refuse(name, f"one of {known}", value)

    def widget(self, name: str):
        """Buttons side by side for few short options, a menu otherwise."""
        pairs = self.pairs
        common = {"options": pairs, "value": self.initial, "description": self.label or name, "style": STYLE}
        if len(pairs) <= 4 and sum(len(shown) + 3 for shown, _ in pairs) <= 48:
            buttons = widgets.ToggleButtons(**common)
            buttons.style.button_width = "auto"
            return buttons
        return widgets.Dropdown(**common, layout=widgets.Layout(width="auto", max_width="100%"))


@dataclass(frozen=True)
class Toggle(Control):
    """On or off."""

    value: bool = False
    label: str | None = None

    @property
    def initial(self):
        """The value at the start."""
        return bool(self.value)

    def check(self, name: str, value):
        """The value as the author's function gets it.

        Raises:
            ValueError: it is neither true nor false.
        """
        return bool(value) if plain(value) in (0, 1) else checks.flag(name, value)

    def widget(self, name: str):
        """The checkbox."""
        layout = widgets.Layout(width="auto")
        return widgets.Checkbox(self.initial, description=self.label or name, indent=False, layout=layout)

"""Controls with a few states that an author names; ``slider`` has those with many.

The page knows a control as a row of texts, and its state as the number of one of them.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from course_lib import checks
from course_lib.checks.values import plain

__all__ = ["Choice", "Control", "Toggle"]


class Control(ABC):
    """What every control is: it has a value at the start, checks others, and numbers those that the page can show.

    Attributes:
        kind: how the page shows it: ``"slider"``, ``"menu"``, ``"buttons"`` or ``"toggle"``.
        count: the number of steps from the first value to the last.
        initial: the value at the start.
        play: whether a button steps through the values.
    """

    play = False

    @abstractmethod
    def at(self, index: int):
        """The value with a number, from 0 to ``count``."""

    @abstractmethod
    def index(self, value) -> int:
        """The number of the value that comes nearest to ``value``."""

    @abstractmethod
    def say(self, value) -> str:
        """The value as the reader sees and hears it."""

    @abstractmethod
    def check(self, name: str, value):
        """The value as the author's function gets it; ``ValueError`` when it takes none like this."""

    def spec(self, name: str) -> dict:
        """What the page is told of the control under the author's ``name``."""
        texts = [self.say(self.at(index)) for index in range(self.count + 1)]
        return {
            "name": name,
            "label": self.label or name,
            "kind": self.kind,
            "texts": texts,
            "play": self.play,
        }


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

    @property
    def kind(self) -> str:
        """Buttons side by side for few short options, a menu otherwise."""
        shown = [text for text, _ in self.pairs]
        return "buttons" if len(shown) <= 4 and sum(len(text) + 3 for text in shown) <= 48 else "menu"

    @property
    def count(self) -> int:
        """The number of steps from the first option to the last."""
        return len(self.pairs) - 1

    def at(self, index: int):
        """The option with a number."""
        return self.pairs[index][1]

    def index(self, value) -> int:
        """The number of an option."""
        return next(
            number for number, (_, option) in enumerate(self.pairs) if option is value or option == value
        )

    def say(self, value) -> str:
        """What the reader sees of an option."""
        return self.pairs[self.index(value)][0]


@dataclass(frozen=True)
class Toggle(Control):
    """On or off."""

    value: bool = False
    label: str | None = None

    kind: ClassVar[str] = "toggle"
    count: ClassVar[int] = 1

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

    def at(self, index: int) -> bool:
        """Off is 0, on is 1."""
        return bool(index)

    def index(self, value) -> int:
        """Off is 0, on is 1."""
        return int(value)

    def say(self, value) -> str:
        """In a word."""
        return "on" if value else "off"

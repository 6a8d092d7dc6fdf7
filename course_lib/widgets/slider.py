"""Sliders: what values they take, and in which words."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from course_lib import checks
from course_lib.checks.values import plain
from course_lib.numerals import pretty
from course_lib.widgets.controls import Choice, Control

__all__ = ["Slider", "Steps"]


@dataclass(frozen=True)
class Slider(Control):
    """A number from ``low`` to ``high``; ``Slider.of`` makes one that stops at the values of a list instead.

    Whole numbers for ``low``, ``high``, ``step`` and ``value`` give the author's function an ``int``; the step of a log
    slider, a factor, may be any number then.

    Args:
        step: from one value to the next (1, or a hundredth of the range); with ``log`` a factor, such as 1.1 (twenty
            steps a decade, which meet every power of ten from ``low``; or twenty in all where there is no decade).
        value: at the start; the middle otherwise.
        label: what the reader sees; the name of the argument otherwise.
        play: adds a button that steps through the values.
        log: steps multiply instead of adding; ``low`` must be positive.
        format: how the value is shown and spoken, such as ``".2f"``; as many digits as a step needs without one.

    Raises:
        ValueError: an empty range, a step that is not positive, a value outside the range.

    >>> Slider(0, 10).initial, Slider(0.0, 1.0, value=0.25).initial, Slider(0.01, 100.0, log=True).initial
    (5, 0.25, 1.0)
    """

    low: float
    high: float
    step: float | None = None
    value: float | None = None
    label: str | None = None
    play: bool = False
    log: bool = False
    format: str | None = None

    kind: ClassVar[str] = "slider"

    def __post_init__(self):
        (checks.positive if self.log else checks.number)("low", self.low)
        if not self.low < checks.number("high", self.high):
            raise ValueError(f"low: expected less than high, got low={self.low!r}, high={self.high!r}")
        if self.step is not None:
            checks.number("step", self.step, 1 if self.log else 0, open_low=True)
        self.check("value", self.initial)

    @staticmethod
    def of(values, value=None, label=None, play=False, format=None) -> "Steps":
        """A slider over values in their order, which shows them and not their places in a list.

        Args:
            values: a list of numbers or texts, or a mapping from what the reader sees to the value.
            value: at the start; the first one otherwise.
            label, play: as for every slider.
            format: how numbers are shown, such as ``".2f"``; whole numbers in full and others as ``".4g"`` without one.

        Raises:
            ValueError: fewer than two values, or a value that is none of them.

        >>> Slider.of([1, 3, 10], value=3).initial
        3
        """
        return Steps(values, value, label, play, format)

    @property
    def whole(self) -> bool:
        """Whether the values are of type ``int``."""
        given = (self.low, self.high, self.value, None if self.log else self.step)
        return all(isinstance(one, int) for one in given if one is not None)

    @property
    def stride(self) -> float:
        """The step in the slider's own units (decades for a log slider)."""
        if self.log:
            return math.log10(self.step) if self.step else min(1, math.log10(self.high / self.low)) / 20
        if self.step is not None:
            return self.step
        return 1 if self.whole else (self.high - self.low) / 100

    @property
    def initial(self):
        """The value at the start."""
        if self.value is not None:
            return self.value
        return self.at(round(self.count / 2))

    @property
    def count(self) -> int:
        """The number of steps from one end to the other."""
        span = math.log10(self.high / self.low) if self.log else self.high - self.low
        # The last step may be shorter: both ends can be reached.
        return max(1, math.ceil(span / self.stride - 1e-9))

    def at(self, index: int):
        """The value after ``index`` steps from ``low``."""
        if index >= self.count:
            return self.high if self.whole else float(self.high)
        value = self.low * 10 ** (index * self.stride) if self.log else self.low + index * self.stride
        return min(round(value), self.high) if self.whole else min(self._clean(value), float(self.high))

    def _clean(self, value):
        """Without the dust of repeated additions: 0.30000000000000004 becomes 0.3, and 1e-17 becomes 0."""
        dust = 1e-12 * max(abs(self.low), abs(self.high))
        return float(f"{value:.12g}") if self.log or abs(value) > dust else 0.0

    def index(self, value) -> int:
        """The number of steps from ``low`` that comes nearest to ``value``."""
        if value >= self.high:
            return self.count
        distance = math.log10(value / self.low) if self.log else value - self.low
        return min(max(round(distance / self.stride), 0), self.count)

    def say(self, value) -> str:
        """The value as the reader sees and hears it: exact, and never with an exponent.

        >>> Slider(0.0, 1.0).say(0.3), Slider(0.0, 1.0).say(0.3125), Slider(1e-5, 1.0, log=True).say(2e-05)
        ('0.30', '0.3125', '0.00002')
        """
        if self.format is not None or self.whole:
            return pretty(value, self.format)
        if self.log:
            return _without_exponent(value, 3)
        decimals = min(6, max(0, math.ceil(-math.log10(self.stride) - 1e-9)))
        if abs(round(self.stride, decimals) - self.stride) > 1e-9:
            decimals += 1
        between = abs(round(value, decimals) - value) > 1e-9 * max(abs(self.low), abs(self.high))
        return _without_exponent(value, 6) if between else pretty(value, f",.{decimals}f")

    def check(self, name: str, value):
        """The value as the author's function gets it.

        Raises:
            ValueError: it is no number, or lies outside the range.
        """
        found = plain(value)
        if found is not None:
            # An input may miss its own ends by a rounding error.
            inside = min(max(found, self.low), self.high)
            found = inside if abs(found - inside) <= 1e-9 else found
        checks.number(name, value if found is None else found, self.low, self.high)
        if not self.whole:
            return min(max(self._clean(found), self.low), self.high)
        if found != int(found):
            raise checks.refuse(name, "a whole number", value)
        return int(found)


@dataclass(frozen=True)
class Steps(Choice):
    """Values in their order, shown as a slider that stops at each; made by ``Slider.of``, which explains it."""

    play: bool = False
    format: str | None = None

    kind: ClassVar[str] = "slider"

    def __post_init__(self):
        if isinstance(self.options, str) or self.count < 1:
            raise checks.refuse("values", "at least two", self.options)
        super().__post_init__()

    @property
    def pairs(self):
        """What the reader sees, and the value."""
        return (
            super().pairs
            if isinstance(self.options, Mapping)
            else [(self._say(one), one) for one in self.options]
        )

    def _say(self, value):
        if self.format is None and isinstance(value, float):
            return pretty(int(value)) if value.is_integer() else pretty(value, ".4g")
        return pretty(value, self.format)

    def check(self, name: str, value):
        """The value as the author's function gets it; 3.0 is 3 here.

        Raises:
            ValueError: it is none of the values.
        """
        number = plain(value)
        for _, option in self.pairs if number is not None else ():
            if plain(option) is not None and math.isclose(option, number, rel_tol=1e-9):
                return option
        return super().check(name, value)


def _without_exponent(value, digits):
    """So many significant digits, without zeros at the end."""
    if value == 0:
        return "0"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = pretty(value, f",.{decimals}f")
    return text.rstrip("0").rstrip(".") if "." in text else text

"""Controls that an author names: what values they take, and the widget a reader moves."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ipywidgets as widgets

__all__ = ["Choice", "Slider", "Toggle", "check_control"]

_STYLE = {"description_width": "initial"}


@dataclass(frozen=True)
class Slider:
    """A number from ``low`` to ``high``.

    Whole numbers for ``low``, ``high``, ``step`` and ``value`` give the author's function an ``int``.

    Args:
        step: from one value to the next (1, or a hundredth of the range); with ``log`` a factor, such as 1.1 (twenty
            steps a decade, which meet every power of ten from ``low``; or twenty in all where there is no decade).
        value: at the start; the middle otherwise.
        label: what the reader sees; the name of the argument otherwise.
        play: adds a button that steps through the values.
        log: steps multiply instead of adding; ``low`` must be positive.

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

    def __post_init__(self):
        numbers = [self.low, self.high] + [one for one in (self.step, self.value) if one is not None]
        if not all(_is_number(one) and math.isfinite(one) for one in numbers):
            raise ValueError(
                f"slider: expected finite numbers for low, high, step and value, got {numbers!r}"
            )
        if not self.low < self.high:
            raise ValueError(f"low: expected less than high, got low={self.low!r}, high={self.high!r}")
        if self.log and self.low <= 0:
            raise ValueError(f"low: expected a positive number on a log slider, got {self.low!r}")
        if self.step is not None and not self.step > (1 if self.log else 0):
            least = "a factor above 1 on a log slider" if self.log else "a positive number"
            raise ValueError(f"step: expected {least}, got {self.step!r}")
        self.check("value", self.initial)

    @property
    def whole(self) -> bool:
        """Whether the values are of type ``int``."""
        given = (self.low, self.high, *(one for one in (self.step, self.value) if one is not None))
        return not self.log and all(isinstance(one, int) for one in given)

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
        middle = round(self.count / 2)
        return self.at(middle)

    @property
    def count(self) -> int:
        """The number of steps from one end to the other."""
        span = math.log10(self.high / self.low) if self.log else self.high - self.low
        return max(1, math.floor(span / self.stride + 1e-9))

    def at(self, index: int):
        """The value after ``index`` steps from ``low``."""
        if self.whole:
            return min(self.low + index * self.stride, self.high)
        if self.log:
            return min(_short(self.low * 10 ** (index * self.stride)), self.high)
        return min(_short(self.low + index * self.stride), float(self.high))

    def index(self, value) -> int:
        """The number of steps from ``low`` that comes nearest to ``value``."""
        distance = math.log10(value / self.low) if self.log else value - self.low
        return round(distance / self.stride)

    def check(self, name: str, value):
        """The value as the author's function gets it.

        Raises:
            ValueError: it is no number, or lies outside the range.
        """
        if not _is_number(value) or not self.low - 1e-9 <= value <= self.high + 1e-9:
            raise ValueError(f"{name}: expected a number from {self.low!r} to {self.high!r}, got {value!r}")
        if self.whole:
            if value != int(value):
                raise ValueError(f"{name}: expected a whole number, got {value!r}")
            return int(value)
        return min(max(_short(float(value)), self.low), self.high)

    def widget(self, name: str):
        """The slider."""
        common = {"description": self.label or name, "style": _STYLE, "continuous_update": True}
        common["layout"] = widgets.Layout(width="auto")
        if self.whole:
            return widgets.IntSlider(self.initial, self.low, self.high, self.stride, **common)
        if self.log:
            ends = {"min": math.log10(self.low), "max": math.log10(self.high)}
            return widgets.FloatLogSlider(
                self.initial, step=self.stride, base=10, readout_format=".3g", **ends, **common
            )
        decimals = min(6, max(0, math.ceil(-math.log10(self.stride) - 1e-9)))
        if abs(round(self.stride, decimals) - self.stride) > 1e-9:
            decimals += 1
        return widgets.FloatSlider(
            self.initial,
            min=self.low,
            max=self.high,
            step=self.stride,
            readout_format=f".{decimals}f",
            **common,
        )


@dataclass(frozen=True)
class Choice:
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
            raise ValueError(f"options: expected at least one option, got {self.options!r}")
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
        raise ValueError(f"{name}: expected one of {known}, got {value!r}")

    def widget(self, name: str):
        """Buttons side by side for few short options, a menu otherwise."""
        pairs = self.pairs
        common = {"options": pairs, "value": self.initial, "description": self.label or name, "style": _STYLE}
        if len(pairs) <= 4 and sum(len(shown) + 3 for shown, _ in pairs) <= 48:
            buttons = widgets.ToggleButtons(**common)
            buttons.style.button_width = "auto"
            return buttons
        return widgets.Dropdown(**common, layout=widgets.Layout(width="auto", max_width="100%"))


@dataclass(frozen=True)
class Toggle:
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
        if isinstance(value, bool) or (_is_number(value) and value in (0, 1)):
            return bool(value)
        raise ValueError(f"{name}: expected True or False, got {value!r}")

    def widget(self, name: str):
        """The checkbox."""
        layout = widgets.Layout(width="auto")
        return widgets.Checkbox(self.initial, description=self.label or name, indent=False, layout=layout)


def check_control(name: str, control):
    """The control itself.

    Raises:
        ValueError: it is none of Slider, Choice and Toggle.
    """
    if not isinstance(control, (Slider, Choice, Toggle)):
        raise ValueError(f"{name}: expected a Slider, Choice or Toggle, got {control!r:.80}")
    return control


def _is_number(value) -> bool:
    if isinstance(value, bool):
        return False
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return not isinstance(value, str)


def _short(value: float) -> float:
    """A float without the dust of repeated additions: 0.30000000000000004 becomes 0.3."""
    return float(f"{value:.12g}")

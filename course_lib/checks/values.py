"""Numbers, names, functions and networks: what an argument is when it is no tensor."""

from __future__ import annotations

import math
import numbers
import operator
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = [
    "device",
    "flag",
    "floating_type",
    "function",
    "generator",
    "integer",
    "integers_wanted",
    "items",
    "methods",
    "module",
    "number",
    "number_wanted",
    "one_of",
    "plain",
    "positive",
    "refuse",
    "shown",
    "text",
]


def refuse(name: str, expected: str, got) -> ValueError:
    """The error to raise: ``raise checks.refuse("k", "an odd number", k)``; ``got`` is shown in one short line."""
    return ValueError(f"{name}: expected {expected}, got {shown(got)}")


def shown(value) -> str:
    """One line of at most 80 characters; a tensor or an array by its shape, something that has no repr by its type."""
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and shape != ():
        return f"{type(value).__name__} of shape {tuple(shape)}"
    try:
        line = " ".join(repr(value).split())
    except Exception:
        return type(value).__name__
    return line if len(line) <= 80 else f"{line[:77]}..."


def number(
    name: str,
    value,
    low: float = -math.inf,
    high: float = math.inf,
    *,
    open_low: bool = False,
    open_high: bool = False,
    infinite: bool = False,
) -> float:
    """A real number from ``low`` to ``high``; an open end does not belong to the range. No bool, no text, no NaN.

    Args:
        infinite: whether infinity will do.
    """
    found = plain(value)
    if (
        found is None
        or not (infinite or math.isfinite(_float(found)))
        or not low <= found <= high
        or (open_low and found == low)
        or (open_high and found == high)
    ):
        raise refuse(name, number_wanted(low, high, open_low, open_high), value)
    return found


def positive(name: str, value) -> float:
    """A finite number above zero."""
    return number(name, value, 0, open_low=True)


def integer(name: str, value, least: int | None = None, most: int | None = None) -> int:
    """An integer from ``least`` to ``most``, both included. No bool, and no 3.0."""
    found = plain(value)
    if (
        not isinstance(found, int)
        or (least is not None and found < least)
        or (most is not None and found > most)
    ):
        raise refuse(name, integers_wanted(least, most), value)
    return found


def flag(name: str, value) -> bool:
    """True or False themselves."""
    if not isinstance(value, (bool, np.bool_)):
        raise refuse(name, "True or False", value)
    return bool(value)


def text(name: str, value) -> str:
    """A string that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise refuse(name, "a non-empty string", value)
    return value


def one_of(name: str, value, options: Iterable):
    """``value`` when it is one of the options: names, or None and the like."""
    options = list(options)
    if not any(value is option or (isinstance(value, str) and value == option) for option in options):
        raise refuse(name, f"one of {', '.join(map(str, options))}", value)
    return value


def items(name: str, value, wanted: str = "a list") -> list:
    """The members of a list, tuple, array or other sequence; text, a single number and a mapping are none."""
    try:
        if isinstance(value, (str, bytes, Mapping)):
            raise TypeError
        return list(value)
    except TypeError:
        raise refuse(name, wanted, value) from None


def function(name: str, value, wanted: str = "a function"):
    """Something that can be called."""
    if not callable(value):
        raise refuse(name, wanted, value)
    return value


def methods(name: str, value, *wanted: str):
    """An object that has these methods."""
    if isinstance(value, type) or not all(callable(getattr(value, method, None)) for method in wanted):
        raise refuse(name, f"an object with {' and '.join(f'{method}()' for method in wanted)}", value)
    return value


def device(name: str, value) -> torch.device | None:
    """A device that torch knows and this machine has, from its name; None stays None."""
    import torch

    if value is None:
        return None
    try:
        found = value if isinstance(value, torch.device) else torch.device(text(name, value))
    except (RuntimeError, ValueError) as error:
        raise refuse(name, "'cpu', 'cuda', 'cuda:<n>' or 'mps'", value) from error
    there = {
        "cuda": lambda: torch.cuda.is_available() and (found.index or 0) < torch.cuda.device_count(),
        "mps": lambda: torch.backends.mps.is_available(),
    }
    if not there.get(found.type, lambda: True)():
        raise ValueError(f"{name}: {str(value)!r} is not available on this machine; 'cpu' always is")
    return found


def floating_type(name: str, value) -> torch.dtype:
    """A type of real floating point numbers."""
    import torch

    if not isinstance(value, torch.dtype) or not value.is_floating_point:
        raise refuse(name, "a floating point type such as torch.float64", value)
    return value


def module(name: str, value, wanted: str = "a torch.nn.Module") -> nn.Module:
    """A network."""
    from torch import nn

    if not isinstance(value, nn.Module):
        raise refuse(name, wanted, value)
    return value


def generator(name: str, value) -> torch.Generator | None:
    """A generator of random numbers, or None for the global one."""
    import torch

    if value is not None and not isinstance(value, torch.Generator):
        raise refuse(name, "a torch.Generator or None", value)
    return value


def plain(value) -> float | None:
    """A Python int or float from a number of any library; None where it is none."""
    if isinstance(value, (bool, np.bool_)):
        return None
    if isinstance(value, numbers.Integral):
        return operator.index(value)
    if isinstance(value, numbers.Real):
        return _float(value)
    # A tensor or array without axes.
    if getattr(value, "shape", None) != () or not callable(getattr(value, "item", None)):
        return None
    try:
        inner = value.item()
    except Exception:  # a tensor without data
        return None
    return None if type(inner) is type(value) else plain(inner)


def _float(value) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def number_wanted(low: float, high: float, open_low: bool, open_high: bool) -> str:
    if low == -math.inf and high == math.inf:
        return "a finite number"
    if high == math.inf:
        if open_low:
            return "a positive number" if low == 0 else f"a number above {low:g}"
        return f"a number of at least {low:g}"
    if low == -math.inf:
        return f"a number {'below' if open_high else 'of at most'} {high:g}"
    if open_low and open_high:
        return f"a number between {low:g} and {high:g}, without the ends"
    ends = f", without {low if open_low else high:g}" if open_low or open_high else ""
    return f"a number from {low:g} to {high:g}{ends}"


def integers_wanted(least: int | None, most: int | None) -> str:
    if least is not None and most is not None:
        return f"an integer from {least} to {most}"
    if least == 1:
        return "a positive integer"
    if least is not None:
        return f"an integer of at least {least}"
    return "an integer" if most is None else f"an integer of at most {most}"

"""Results in a few words: numbers without rounding noise, small arrays entry by entry, the rest by kind and shape."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from course_lib.exercises.frozen import Numbers, Opaque, freeze
from course_lib.exercises.texts import clean
from course_lib.numerals import written

__all__ = ["brief", "kind_of", "number_text", "shape_of"]


def brief(value: Any, limit: int = 96) -> str:
    """A value in a few words: small arrays entry by entry, large ones by their shape and first entries.

    >>> brief(np.array([0.5, 0.25, 0.25]))
    '[0.5, 0.25, 0.25]'
    >>> brief([1.0, -0.0, -5.6e-17])
    '[1, 0, 0]'
    """
    return clean(_brief(freeze(value), limit), 4 * limit)


def _brief(value, limit) -> str:
    if value is None:
        return "None"
    if isinstance(value, str):
        return repr(value if len(value) <= limit else value[: limit - 1] + "…")
    if isinstance(value, Mapping):
        text = ", ".join(f"{key}: {_brief(entry, 40)}" for key, entry in list(value.items())[:4])
        return "{" + text + (", …}" if len(value) > 4 else "}")
    if isinstance(value, Numbers):
        return _array_text(value.array, limit)
    if isinstance(value, tuple | list):
        text = ", ".join(_brief(entry, 40) for entry in value[:4]) + (", …" if len(value) > 4 else "")
        return f"({text})" if isinstance(value, tuple) else f"[{text}]"
    return value.text if len(value.text) <= limit else value.text[: limit - 1] + "…"


def _array_text(array, limit) -> str:
    noise = _noise(array)
    if array.ndim == 0:
        return number_text(array[()], noise=noise)
    if array.size <= 12:
        text = _rows(array, noise)
        if len(text) <= limit:
            return text
    head = ", ".join(number_text(entry, 4, noise) for entry in array.ravel()[:3])
    return f"shape {array.shape}: {head}, …" if array.size > 3 else f"shape {array.shape}: {head}"


def _rows(array, noise) -> str:
    if array.ndim == 0:
        return number_text(array[()], 4, noise)
    return "[" + ", ".join(_rows(row, noise) for row in array) + "]"


def _noise(array) -> float:
    """What counts as 0 beside the largest entry: a few roundings of it."""
    sizes = np.abs(array[np.isfinite(array)]) if array.size else array
    return 1e-14 * float(sizes.max()) if sizes.size > 1 else 0.0


def number_text(value, digits: int = 6, noise: float = 0.0) -> str:
    """One number; what is not larger than ``noise`` is 0, and zero has no sign.

    >>> number_text(-0.0), number_text(-5.6e-17, noise=1e-14), number_text(float("-inf"))
    ('0', '0', '-infinity')
    """
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, complex):
        real, imaginary = (0.0 if abs(part) <= noise else part + 0.0 for part in (value.real, value.imag))
        return f"{complex(real, imaginary):.{digits}g}"
    return "0" if abs(value) <= noise else written(value, f".{digits}g")


def shape_of(array) -> str:
    return "one number, shape ()" if array.ndim == 0 else f"shape {array.shape}"


def kind_of(value: Any) -> str:
    """What kind of thing a result is: "one number", "an array of shape (3,)", "a tuple of 2 results"."""
    value = freeze(value)
    if isinstance(value, Mapping):
        keys = ", ".join(list(value)[:8]) + (", …" if len(value) > 8 else "")
        return f"a dict with the keys {keys}" if value else "an empty dict"
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of {len(value)} results"
    if isinstance(value, Numbers):
        form = "complex " if value.array.dtype == complex else ""
        if value.array.ndim == 0:
            return f"one {form}number"
        return (
            f"an array of {form}numbers, shape {value.array.shape}"
            if form
            else f"an array of shape {value.array.shape}"
        )
    if isinstance(value, Opaque):
        return f"{value.kind}: {value.text}"
    return "a text" if isinstance(value, str) else "nothing (`None`)"

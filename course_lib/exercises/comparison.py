"""Compares what an answer gave with what the reference gave, and says in a few words where they differ."""

import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Difference", "brief", "compare"]


@dataclass(frozen=True)
class Difference:
    """Why two results differ: ``kind`` is "type", "shape", "nan" or "value"; the texts are for the card."""

    kind: str
    measured: str
    expected: str
    where: str = ""


def compare(
    measured: Any, expected: Any, rtol: float = 1e-5, atol: float = 1e-7, where: str = ""
) -> Difference | None:
    """The first difference between two results, or None.

    A Python number, a NumPy scalar and a 0-d array or tensor are one number; a list of numbers is an array. Two
    numbers agree when ``|a - b| <= atol + rtol |b|``; NaN agrees with NaN and an infinity with itself.

    >>> compare(np.float32(2.0), 2) is None
    True
    >>> compare([1.0, 2.0], np.array([1.0, 2.5])).where
    'entry [1]'
    """
    if isinstance(expected, Mapping):
        return _mappings(measured, expected, rtol, atol, where)
    if isinstance(expected, tuple | list) and not _is_array_like(expected):
        return _sequences(measured, expected, rtol, atol, where)
    if isinstance(expected, str):
        if isinstance(measured, str) and measured.strip().casefold() == expected.strip().casefold():
            return None
        return Difference(
            "value" if isinstance(measured, str) else "type", brief(measured), brief(expected), where
        )
    want = _array(expected)
    if want is None:
        same = measured is expected or (type(measured) is type(expected) and bool(measured == expected))
        return None if same else Difference("value", brief(measured), brief(expected), where)
    got = _array(measured)
    if got is None:
        return Difference("type", _kind(measured), _kind(expected), where)
    if got.shape != want.shape:
        return Difference("shape", _shape(got), _shape(want), where)
    return _arrays(got, want, rtol, atol, where)


def _arrays(got, want, rtol, atol, where):
    with np.errstate(invalid="ignore", over="ignore"):
        close = np.isclose(got, want, rtol=rtol, atol=atol, equal_nan=True)
    if close.all():
        return None
    first = tuple(int(i) for i in np.argwhere(~close)[0])
    # NaN is the more telling finding: it often makes everything after it wrong.
    strange = np.argwhere(np.isnan(got) & ~np.isnan(want))
    if len(strange):
        first = tuple(int(i) for i in strange[0])
    if got.ndim:
        entry = f"entry [{', '.join(map(str, first))}]"
        where = f"{where}, {entry}" if where else entry
    a, b = got[first], want[first]
    digits = 6
    while digits < 17 and _number(a, digits) == _number(b, digits):
        digits += 3
    kind = "nan" if len(strange) else "value"
    return Difference(kind, _number(a, digits), _number(b, digits), where)


def _sequences(measured, expected, rtol, atol, where):
    if not isinstance(measured, tuple | list):
        return Difference("type", _kind(measured), _kind(expected), where)
    if len(measured) != len(expected):
        return Difference("shape", f"{len(measured)} results", f"{len(expected)} results", where)
    for index, (got, want) in enumerate(zip(measured, expected, strict=True)):
        place = f"{where}, result {index + 1}" if where else f"result {index + 1}"
        if difference := compare(got, want, rtol, atol, place):
            return difference
    return None


def _mappings(measured, expected, rtol, atol, where):
    if not isinstance(measured, Mapping):
        return Difference("type", _kind(measured), _kind(expected), where)
    if set(measured) != set(expected):
        return Difference(
            "shape", f"keys {sorted(map(str, measured))}", f"keys {sorted(map(str, expected))}", where
        )
    for key, want in expected.items():
        place = f"{where}, {key}" if where else str(key)
        if difference := compare(measured[key], want, rtol, atol, place):
            return difference
    return None


def _array(value):
    """The value as a NumPy array of numbers, or None when it is none."""
    if isinstance(value, np.ndarray | numbers.Number | np.generic):
        array = np.asarray(value)
    elif hasattr(value, "detach") and hasattr(value, "cpu"):
        tensor = value.detach().cpu().resolve_conj().resolve_neg().to_dense()
        array = (tensor.double() if tensor.is_floating_point() else tensor).numpy()
    elif isinstance(value, tuple | list) and _is_array_like(value):
        try:
            array = np.asarray([_array(entry) for entry in value])
        except ValueError:  # rows of unequal length
            return None
    else:
        return None
    if array.dtype == bool:
        return array.astype(float)
    return array if array.dtype.kind in "iufc" else None


def _is_array_like(values) -> bool:
    """A non-empty list or tuple of plain numbers (or of such lists); a tuple of tensors is a tuple of results."""
    return bool(values) and all(
        isinstance(v, numbers.Number | np.generic) or (isinstance(v, list | tuple) and _is_array_like(v))
        for v in values
    )


def _number(value, digits: int = 6) -> str:
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, complex):
        return f"{value:.{digits}g}"
    if isinstance(value, float) and math.isinf(value):
        return "infinity" if value > 0 else "-infinity"
    # Adding 0 turns -0.0, which reads like a mistake, into 0.0.
    return "NaN" if value != value else f"{value + 0:.{digits}g}"


def _shape(array) -> str:
    return "one number, shape ()" if array.ndim == 0 else f"shape {array.shape}"


def _kind(value) -> str:
    if isinstance(value, Mapping):
        return f"a dict with the keys {', '.join(map(str, value))}"
    if isinstance(value, tuple | list) and _array(value) is None:
        return f"a {type(value).__name__} of {len(value)} results"
    array = _array(value)
    if array is None:
        return "a text" if isinstance(value, str) else f"{type(value).__name__} {brief(value)}".strip()
    return "one number" if array.ndim == 0 else f"an array of shape {array.shape}"


def brief(value: Any, limit: int = 96) -> str:
    """A value in a few words: small arrays entry by entry, large ones by their shape and first entries.

    >>> brief(np.array([0.5, 0.25, 0.25]))
    '[0.5, 0.25, 0.25]'
    """
    if isinstance(value, str):
        return repr(value if len(value) <= limit else value[: limit - 1] + "…")
    if isinstance(value, Mapping):
        text = ", ".join(f"{key}: {brief(entry, 40)}" for key, entry in list(value.items())[:4])
        return "{" + text + (", …}" if len(value) > 4 else "}")
    array = _array(value)
    if array is not None:
        if array.ndim == 0:
            return _number(array[()])
        text = _rows(array)
        if array.size <= 12 and len(text) <= limit:
            return text
        head = ", ".join(_number(entry, 4) for entry in array.ravel()[:3])
        return f"shape {array.shape}: {head}, …"
    if isinstance(value, tuple | list):
        text = ", ".join(brief(entry, 40) for entry in value[:4]) + (", …" if len(value) > 4 else "")
        return f"({text})" if isinstance(value, tuple) else f"[{text}]"
    if callable(value):
        return f"the function {getattr(value, '__name__', type(value).__name__)}"
    text = " ".join(repr(value).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _rows(array) -> str:
    if array.ndim == 0:
        return _number(array[()], 4)
    return "[" + ", ".join(_rows(row) for row in array) + "]"

"""Compares what an answer gave with what the reference gave, and says in a few words where they differ."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from course_lib.exercises.frozen import Numbers, Opaque, freeze
from course_lib.exercises.wording import brief, kind_of, number_text, shape_of

__all__ = ["Difference", "brief", "compare", "differences", "pairs"]


@dataclass(frozen=True)
class Difference:
    """Why two results differ: ``kind`` is "type", "shape", "nan" or "value"; the texts are for the card."""

    kind: str
    measured: str
    expected: str
    where: str = ""


def compare(
    measured: Any,
    expected: Any,
    rtol: float = 1e-5,
    atol: float = 1e-7,
    single: tuple[float, float] | None = None,
) -> Difference | None:
    """The first difference between two results, or None.

    Two numbers agree when ``|a - b| <= atol + rtol |b|``; NaN agrees with NaN and an infinity with itself. The form
    may be another one where it changes nothing: a Python number, a NumPy scalar, a 0-d and a one-entry array are one
    number; a list of numbers, or of 0-d tensors, is an array; a stacked array is a tuple of results. A list or a tuple
    is no number: a comma after a number makes one, and what computes with the number later would stop.

    Args:
        measured, expected: results of any kind, or frozen ones.
        rtol, atol: the tolerances.
        single: the (rtol, atol) of an array that was computed in single precision, when they are others.

    >>> compare(np.float32(2.0), 2) is None
    True
    >>> compare([1.0, 2.0], np.array([1.0, 2.5])).where
    'entry [1]'
    """
    return next(differences(measured, expected, rtol, atol, single), None)


def differences(measured, expected, rtol=1e-5, atol=1e-7, single=None) -> Iterator[Difference]:
    """Every difference, the first one of each array."""
    for found in pairs(freeze(measured), freeze(expected)):
        if isinstance(found, Difference):
            yield found
            continue
        where, got, want = found
        if got.array.shape != want.array.shape:
            yield Difference("shape", shape_of(got.array), shape_of(want.array), where)
            continue
        loose = single is not None and got.single and not want.single
        difference = _arrays(got.array, want.array, *(single if loose else (rtol, atol)), where)
        if difference is not None:
            yield difference


def pairs(got: Any, want: Any, where: str = "") -> Iterator[Difference | tuple[str, Numbers, Numbers]]:
    """Two frozen results, array by array as ``(where, got, want)``; a difference of form as such."""
    got = _in_the_form_of(want, got)
    if isinstance(want, Mapping):
        if not isinstance(got, Mapping):
            yield Difference("type", kind_of(got), kind_of(want), where)
        elif set(got) != set(want):
            yield Difference("shape", _keys(got), _keys(want), where)
        else:
            for key, entry in want.items():
                yield from pairs(got[key], entry, f"{where}, {key}" if where else key)
    elif isinstance(want, tuple | list):
        if not isinstance(got, tuple | list):
            yield Difference("type", kind_of(got), kind_of(want), where)
        elif len(got) != len(want):
            yield Difference("shape", f"{len(got)} results", f"{len(want)} results", where)
        else:
            for index, (one, other) in enumerate(zip(got, want, strict=True)):
                place = f"result {index + 1}"
                yield from pairs(one, other, f"{where}, {place}" if where else place)
    elif isinstance(want, Numbers):
        if not isinstance(got, Numbers) or (got.array.dtype == complex and want.array.dtype != complex):
            yield Difference("type", kind_of(got), kind_of(want), where)
        else:
            yield where, got, want
    elif not _same(got, want):
        alike = type(got) is type(want)
        words = brief if alike else kind_of
        yield Difference("value" if alike else "type", words(got), words(want), where)


def _in_the_form_of(want, got):
    """The same numbers in the expected form, where only the form is another one."""
    if isinstance(want, Numbers):
        if isinstance(got, tuple | list) and got and want.array.shape != () and _one_shape(got):
            first = got[0]
            stacked = np.stack([one.array for one in got])
            got = Numbers(stacked, first.form, first.dtype, all(one.attached for one in got))
        one = isinstance(got, Numbers) and got.form != "list" and got.array.size == 1
        if one and want.array.shape == ():
            return Numbers(got.array.reshape(()), got.form, got.dtype, got.attached)
    elif (
        isinstance(want, tuple)
        and isinstance(got, Numbers)
        and want
        and _one_shape(want)
        and got.array.shape == (len(want), *want[0].array.shape)
    ):
        return tuple(Numbers(row, got.form, got.dtype, got.attached) for row in got.array)
    return got


def _one_shape(entries) -> bool:
    return all(isinstance(one, Numbers) for one in entries) and len({one.array.shape for one in entries}) == 1


def _same(got, want) -> bool:
    if isinstance(want, str):
        return isinstance(got, str) and got.strip().casefold() == want.strip().casefold()
    if isinstance(got, Opaque) and isinstance(want, Opaque):
        # The expected object is the course's own: one of its own kind can be compared with it.
        return got.value is want.value or (
            type(got.value) is type(want.value) and bool(got.value == want.value)
        )
    return got is want


def _arrays(got, want, rtol, atol, where):
    with np.errstate(all="ignore"):
        finite = np.abs(want) < np.inf  # an infinity agrees with itself only, whatever the tolerance
        close = (got == want) | (finite & (np.abs(got - want) <= atol + rtol * np.abs(want)))
        close |= (got != got) & (want != want)
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
    noise = max(1e-6 * atol, 1e-12 * max((abs(one) for one in (a, b) if np.isfinite(one)), default=0.0))
    digits = 6
    while digits < 17 and number_text(a, digits, noise) == number_text(b, digits, noise):
        digits += 3
    kind = "nan" if len(strange) else "value"
    return Difference(kind, number_text(a, digits, noise), number_text(b, digits, noise), where)


def _keys(mapping) -> str:
    return f"keys {sorted(mapping)[:12]}"

"""A plain copy of what an answer returned, taken while the time limit still holds.

Everything after that (comparison, diagnosis, the card) works on the copy, and so never touches an object of the
student: its ``__repr__``, ``__eq__`` or ``detach`` may raise, print, or never end.
"""

import numbers
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from course_lib.exercises.texts import clean, one_line, safely

__all__ = ["Numbers", "Opaque", "freeze"]

_DEEPEST = 20
_LARGEST = 20_000_000  # entries: an expanded tensor can claim more than any memory holds
_LONGEST_TEXT = 10_000


@dataclass(frozen=True, eq=False)
class Numbers:
    """An array of numbers (``array``), and what it was: ``form`` is "tensor", "array", "number" or "list".

    ``dtype`` is the name of its own type, such as "float32"; ``array`` holds 64 bits. ``attached``: it carries a graph.
    """

    array: np.ndarray
    form: str
    dtype: str = ""
    attached: bool = False

    @property
    def single(self) -> bool:
        """It was computed in single precision or less."""
        return self.dtype in ("float32", "float16", "bfloat16", "complex64")


@dataclass(frozen=True, eq=False)
class Opaque:
    """Anything else: the name of its type, and its representation, shortened."""

    kind: str
    text: str
    value: Any = None


def freeze(value: Any) -> Any:
    """Numbers, arrays and tensors become :class:`Numbers`; texts, ``None``, tuples, lists and dicts of such things
    stay what they are; the rest becomes :class:`Opaque`. Never raises because of the value.

    >>> freeze([1, 2]).array
    array([1, 2])
    >>> freeze((1.0, "text", object()))[2].kind
    'object'
    """
    return _freeze(value, ())


def _freeze(value, above):
    if value is None or isinstance(value, Numbers | Opaque):
        return value
    if len(above) > _DEEPEST:
        return Opaque(_name(value), "… (nested deeper than is looked)")
    if any(value is one for one in above):
        return Opaque(_name(value), "… (it contains itself)")
    plain = safely(lambda: _plain(value, (*above, value)), None)
    return _opaque(value) if plain is None else plain


def _plain(value, above):
    """The frozen value, or None when it is none of the plain kinds."""
    kind = type(value)
    if issubclass(kind, str):
        return clean(str.__str__(value), _LONGEST_TEXT)
    if issubclass(kind, numbers.Number | np.generic | np.ndarray):
        return _from_numpy(value, above)
    torch = sys.modules.get("torch")
    if torch is not None and issubclass(kind, torch.Tensor):
        return _from_torch(torch, value)
    if issubclass(kind, Mapping):
        return {_key(key): _freeze(value[key], above) for key in list(value)[:1000]}
    if issubclass(kind, tuple | list):
        if _is_array_like(value):
            array = safely(lambda: np.asarray(value), None)
            if array is not None and array.dtype.kind in "biufc":
                return Numbers(_wide(array), "list", array.dtype.name)
        entries = [_freeze(entry, above) for entry in value]
        return tuple(entries) if issubclass(kind, tuple) else entries
    return None


def _from_numpy(value, above):
    if isinstance(value, np.ndarray):
        if value.dtype == object:
            return _freeze(value.tolist(), above)
        array, form = np.array(value, subok=False), "array"
    else:
        array, form = np.asarray(value), "number"
        if array.dtype == object:  # a fraction, a decimal, an integer beyond 64 bits
            array = np.asarray(float(value))
    return Numbers(_wide(array), form, array.dtype.name) if array.dtype.kind in "biufc" else None


def _from_torch(torch, value):
    with torch._C.DisableTorchFunctionSubclass():
        attached, dtype = value.requires_grad, str(value.dtype).removeprefix("torch.")
        if value.is_meta:
            return Opaque("a tensor on the meta device, which has no values", f"shape {tuple(value.shape)}")
        if value.is_nested:
            return Opaque("a nested tensor", f"of {value.size(0)} parts")
        if value.numel() > _LARGEST:
            return Opaque(f"an array of shape {tuple(value.shape)}", "too large to be looked at")
        value = value.detach()
        value = value.dequantize() if value.is_quantized else value
        value = (value if value.layout == torch.strided else value.to_dense()).cpu()
        value = value.resolve_conj().resolve_neg()
        value = value.double() if value.is_floating_point() else value
        return Numbers(_wide(np.array(value.numpy())), "tensor", dtype, attached)


def _wide(array):
    """In 64 bits, and true and false as 1 and 0."""
    return array.astype({"i": np.int64, "c": complex}.get(array.dtype.kind, float))


def _is_array_like(values) -> bool:
    """A non-empty list or tuple of plain numbers (or of such lists); a tuple of tensors is a tuple of results."""
    return len(values) > 0 and all(
        issubclass(type(one), numbers.Number | np.generic)
        or (issubclass(type(one), list | tuple) and one is not values and _is_array_like(one))
        for one in values
    )


def _key(key) -> str:
    return one_line(safely(lambda: str.__str__(str(key)), "?"), 60)


def _name(value) -> str:
    return one_line(safely(lambda: str(type(value).__name__), "object"), 60)


def _opaque(value) -> Opaque:
    """Any object, by the name of its type and its representation."""
    if issubclass(type(value), int) and not issubclass(type(value), bool):
        return Opaque("int", f"a whole number of about {int(value.bit_length() * 0.30103) + 1:,} digits")
    if issubclass(type(value), np.ndarray):
        return Opaque(f"an array of {safely(lambda: value.dtype.name, 'objects')}", f"shape {value.shape}")
    name = _name(value)
    if safely(lambda: callable(value), False):
        called = safely(lambda: value.__name__, name)
        called = called if type(called) is str else name
        return Opaque(name, f"the function {one_line(called, 60)}", value)
    text = safely(lambda: str.__str__(repr(value)), "") or f"<{name}>"
    # An address in memory would make two cards of one answer differ.
    return Opaque(name, one_line(re.sub(r" at 0x[0-9a-fA-F]+", "", text[:2000]), 200), value)

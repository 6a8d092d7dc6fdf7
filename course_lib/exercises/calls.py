"""How a wrong answer is related to the right function: called with other arguments than it was given.

Two exchanged, one transposed, one used twice, or a function of one of them (a log-variance taken for a variance).
"""

import itertools
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import numpy as np

from course_lib.exercises.exercise import Exercise

__all__ = ["called_otherwise", "other_values"]


class NotApplicable(Exception):
    """These arguments cannot be changed so."""


def called_otherwise(exercise: Exercise, answer: Callable) -> Iterator[tuple[str, Callable]]:
    """Ways to call the reference, in words ("with `p` and `q` exchanged") and as an answer; the simplest first."""
    names = _names(exercise.reference, answer)
    count = len(names)
    for i, j in itertools.combinations(range(count), 2):
        yield f"with {names[i]} and {names[j]} exchanged", _changed(exercise.reference, _exchange((i, j)))
    if count >= 4 and count % 2 == 0:
        pairs = [(i, i + count // 2) for i in range(count // 2)]
        words = " and ".join(f"{names[i]} and {names[j]}" for i, j in pairs)
        yield f"with {words} exchanged", _changed(exercise.reference, _exchange(*pairs))
    for i, j in itertools.permutations(range(count), 2):
        yield f"with {names[i]} in place of {names[j]}", _changed(exercise.reference, _copy(i, j))
    for i in range(count):
        yield f"with {names[i]} transposed", _changed(exercise.reference, _apply(i, _transposed))
        yield f"with {names[i]} in reversed order", _changed(exercise.reference, _apply(i, _reversed))
    for i in range(count):
        for words, function in _FUNCTIONS:
            words = words.format(names[i])
            yield f"with {words} in place of {names[i]}", _changed(exercise.reference, _apply(i, function))
    for (words, function), (i, j) in itertools.product(
        _FUNCTIONS[:6], itertools.combinations(range(count), 2)
    ):
        both = f"with {words.format(names[i])} and {words.format(names[j])} in place of them"
        yield both, _changed(exercise.reference, _both(_apply(i, function), _apply(j, function)))


def other_values(
    exercise: Exercise, answer: Callable
) -> Iterator[tuple[str, list[tuple[Callable, Callable]]]]:
    """For each argument its name, and pairs of the reference and the answer that get other values of it."""
    for i, name in enumerate(_names(exercise.reference, answer)):
        changes = [_apply(i, way) for way in (_scaled, _rolled)]
        yield name, [(_changed(exercise.reference, one), _changed(answer, one)) for one in changes]


def _names(reference, answer) -> list[str]:
    """The names of the arguments in the student's own words, if there are as many."""
    own, right = (_positional(one) for one in (answer, reference))
    return [f"`{name}`" for name in (own if len(own) == len(right) else right)]


def _positional(function) -> tuple[str, ...]:
    code = getattr(function, "__code__", None)  # a class, or a builtin, is not called otherwise
    return () if code is None else code.co_varnames[: code.co_argcount]


def _changed(function, change):
    @wraps(function)
    def called(*args, **keywords):
        return function(*change(list(args)), **keywords)

    return called


def _exchange(*pairs):
    def change(args):
        for i, j in pairs:
            _need(j < len(args) and _alike(args[i], args[j]))
            args[i], args[j] = args[j], args[i]
        return args

    return change


def _copy(source, target):
    def change(args):
        _need(not _trains(args) and max(source, target) < len(args) and _alike(args[source], args[target]))
        args[target] = args[source]
        return args

    return change


def _apply(index, function):
    def change(args):
        _need(not _trains(args) and index < len(args) and _is_real(args[index]))
        args[index] = function(args[index])
        return args

    return change


def _both(first, second):
    return lambda args: second(first(args))


def _need(condition):
    if not condition:
        raise NotApplicable


def _trains(args) -> bool:
    """Whether networks or optimisers are among the arguments: other numbers there would say little about a step."""
    return any(hasattr(one, "parameters") or hasattr(one, "param_groups") for one in args)


def _is_tensor(value) -> bool:
    return hasattr(value, "detach") and hasattr(value, "is_floating_point")


def _is_real(value) -> bool:
    return value.is_floating_point() if _is_tensor(value) else type(value) is float


def _alike(one, other) -> bool:
    """Whether two arguments can stand in for each other: both tensors of real numbers, both numbers, both functions."""
    if _is_tensor(one) and _is_tensor(other):
        return one.is_floating_point() == other.is_floating_point()
    return type(one) is type(other) and (type(one) in (int, float) or callable(one))


def _transposed(value):
    _need(_is_tensor(value) and value.ndim == 2)
    return value.mT


def _reversed(value):
    _need(_is_tensor(value) and value.ndim > 0 and len(value) > 1)
    return value.flip(0)


def _scaled(value):
    """Other numbers of much the same size: each entry is changed by a share of its own."""
    if not _is_tensor(value) or value.numel() == 1:
        return value * 1.25 + (0.25 if float(value) == 0 else 0.0)
    shares = np.cos(1.7 * np.arange(value.numel())).reshape(tuple(value.shape))
    return value * (1 + 0.2 * value.new_tensor(shares)) + 0.01 * value.new_tensor(shares)


def _rolled(value):
    """The same numbers at other places."""
    return value.flatten().roll(1).reshape(value.shape) if _is_tensor(value) else value * 0.75


def _only(condition, function):
    """The function where all entries fulfil the condition."""

    def apply(value):
        _need(bool(np.all(condition(np.asarray(value.detach() if _is_tensor(value) else value)))))
        return function(value)

    return apply


def _power(exponent):
    return lambda value: value**exponent


def _with_torch(name):
    def apply(value):
        import torch

        result = getattr(torch, name)(torch.as_tensor(value, dtype=getattr(value, "dtype", torch.float64)))
        return result if _is_tensor(value) else float(result)

    return apply


_FUNCTIONS: tuple[tuple[str, Callable[[Any], Any]], ...] = (
    ("the square of {}", _power(2)),
    ("the square root of {}", _only(lambda a: a >= 0, _power(0.5))),
    ("the exponential of {}", _with_torch("exp")),
    ("the logarithm of {}", _only(lambda a: a > 0, _with_torch("log"))),
    ("twice {}", lambda value: 2 * value),
    ("minus {}", lambda value: -value),
    ("half of {}", lambda value: value / 2),
    ("1 minus {}", lambda value: 1 - value),
    ("1 over {}", _only(lambda a: a != 0, _power(-1))),
    ("the sigmoid of {}", _with_torch("sigmoid")),
    ("the log-sigmoid of {}", lambda value: _with_torch("log")(_with_torch("sigmoid")(value))),
    ("the absolute value of {}", abs),
    ("zero", lambda value: 0 * value),
    ("one", lambda value: 0 * value + 1),
)

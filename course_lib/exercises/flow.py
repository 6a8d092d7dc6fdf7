"""What flows back through an answer: the gradient of its results with respect to its arguments."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from course_lib.exercises.comparison import Difference, compare
from course_lib.exercises.exercise import Case, Exercise
from course_lib.exercises.stopping import Stopped
from course_lib.exercises.texts import error_text

__all__ = ["Flow", "flow_of", "what_is_wrong"]


@dataclass(frozen=True)
class Flow:
    """The slope of a weighted sum of all results with respect to each argument, None where nothing flows.

    ``cut`` says what the results are when they carry no graph at all; ``failure`` which error came with arguments
    that require gradients; ``listed``, that the results stand in a list or a tuple.
    """

    slopes: Mapping[str, np.ndarray | None]
    cut: str = ""
    failure: str = ""
    listed: bool = False


def flow_of(exercise: Exercise, answer: Any, case: Case, copied: Callable) -> Flow:
    """Calls an answer with arguments that require gradients, and follows its results back to them."""
    import torch

    leaves: dict[str, Any] = {}
    args = tuple(
        _tracked(copied(arg), exercise.name_of(index), leaves) if exercise.asks("gradient", index) else copied(arg)
        for index, arg in enumerate(case.args)
    )  # fmt: skip
    try:
        with torch.enable_grad(), np.errstate(all="ignore"):
            value = exercise.use(answer, args)
            results: list = []
            _collect(value, results)
            total, start = 0.0, 0
            for one in results:
                if torch.is_tensor(one) and one.requires_grad and one.is_floating_point():
                    places = torch.arange(start, start + one.numel(), dtype=torch.float64)
                    weights = 1 + torch.cos(
                        1.7 * places
                    )  # no two entries alike, so that none can stand in for another
                    total = total + (one.flatten().double() * weights).sum()
                start += one.numel() if torch.is_tensor(one) else 1
            if not torch.is_tensor(total):
                return Flow(dict.fromkeys(leaves), cut=_what(torch, results))
            slopes = torch.autograd.grad(total, list(leaves.values()), allow_unused=True)
    except Stopped:
        raise
    except BaseException as error:
        return Flow({}, failure=error_text(error, 200))
    return Flow(
        {name: None if s is None else s.double().numpy() for name, s in zip(leaves, slopes, strict=True)},
        listed=isinstance(value, tuple | list),
    )


def _tracked(value, name, leaves):
    """The same with leaves that require gradients; what the answer gets are copies, which it may also change."""
    torch = sys.modules["torch"]
    if torch.is_tensor(value) and value.is_floating_point():
        leaves[name] = value.detach().clone().requires_grad_(True)
        return leaves[name].clone()
    if isinstance(value, torch.nn.Module):
        leaves.update({f"{name}.{key}": one for key, one in value.named_parameters()})
        return value
    if type(value) in (tuple, list):
        return type(value)(_tracked(one, f"{name}[{index}]", leaves) for index, one in enumerate(value))
    if type(value) is dict:
        return {key: _tracked(one, f"{name}[{key!r}]", leaves) for key, one in value.items()}
    return value


def _collect(value, results):
    """All numbers and tensors of a result, in an order that does not depend on its form."""
    if isinstance(value, Mapping):
        value = [value[key] for key in sorted(value, key=str)]
    if isinstance(value, tuple | list):
        for one in value:
            _collect(one, results)
    else:
        results.append(value)


def _what(torch, results) -> str:
    if results and all(torch.is_tensor(one) for one in results):
        return "tensor"
    return "array" if any(isinstance(one, np.ndarray) for one in results) else "number"


_ENDS = {
    "tensor": "The result is cut off from its arguments: by `.detach()`, `.item()`, `torch.no_grad()`, or by a new "
    "tensor made from numbers.",
    "array": "A NumPy array has no gradient: stay with torch tensors and functions.",
    "number": "A Python number has no gradient (`.item()`, `float()`, `.tolist()` and `math` end it): stay with torch "
    "tensors and functions.",
}

_LISTED = "Later cells compute with them as with one tensor: put them together with `torch.stack`."


def what_is_wrong(want: Flow, got: Flow, rtol: float, atol: float) -> tuple[str, Difference | None] | None:
    """A sentence on a wrong gradient (and the numbers that differ), or None when it is right."""
    if want.failure or want.cut:
        raise ValueError(
            f"gradient: expected that the reference carries one, got {want.failure or 'a ' + want.cut}"
        )
    if got.failure:
        return (
            f"The values are right, but with arguments that carry gradients it stops: `{got.failure}`.",
            None,
        )
    needed = [name for name, slope in want.slopes.items() if slope is not None and np.any(_finite(slope))]
    if got.cut and needed:
        return f"The values are right, but no gradient flows back to {_and(needed)}. {_ENDS[got.cut]}", None
    if got.listed and not want.listed:
        return f"The values are right, but they stand in a list. {_LISTED}", None
    missing = [name for name in needed if got.slopes.get(name) is None or not np.any(got.slopes[name])]
    if missing:
        others = [name for name in needed if name not in missing]
        beside = f" (to {_and(others)} it does)" if others else ""
        return (
            f"The values are right, but no gradient flows back to {_and(missing)}{beside}. {_ENDS['tensor']}",
            None,
        )
    for name, slope in want.slopes.items():
        measured = got.slopes.get(name)
        like = measured if slope is None else slope
        if like is None:
            continue
        expected = np.zeros_like(like) if slope is None else _finite(slope)
        measured = np.zeros_like(like) if measured is None else measured
        if slope is not None:
            measured = np.where(np.isfinite(slope), measured, 0.0)
        noise = 1e-8 * float(np.abs(expected).max(initial=0.0))
        difference = compare(measured, expected, rtol, max(atol, noise))
        if difference is not None:
            return f"The values are right, but the gradient with respect to {name} is not.", difference
    return None


def _finite(array):
    return np.where(np.isfinite(array), array, 0.0)


def _and(names) -> str:
    names = list(names)
    if len(names) > 4:
        return f"{names[0]} and {len(names) - 1} more"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"

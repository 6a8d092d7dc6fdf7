"""Every public function of the theory, every argument, bad values of six kinds: each is refused by its name.

The rooms are searched for what is public (``__all__``, and the public methods of its classes); beside this file, in
``refusals/<room>.py``, each room has a table with one valid call of each function. From the value that an argument has
there the bad ones are made: NaN and infinity, None, text, a wrong shape or none at all, a number outside its range, and
another type. A function without an example fails, and so does an argument that the example leaves at None.

A table is a module with

    CALLS       name -> function that returns a valid call as {argument: value}; ``self`` is the object of a method.
                Names are ``function``, ``Class``, ``Class.method``, or ``function()`` for what a function returns.
    RECORDS     classes that nobody builds by hand -> why
    OUTSIDE     (name, argument) -> bad values of its own, such as weights that are negative
    VALID       (name, argument, kind) -> why this one is no mistake; "*" stands for any name or argument
    EXCEPTIONS  (name, argument, kind) -> why the mistake is not refused; at most 2 % of all
"""

import importlib
import importlib.util
import inspect
import math
import re
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

ROOMS = (
    "divergences", "distributions", "data", "device", "networks", "training",
    "variational", "adversarial", "evaluation",
)  # fmt: skip
ALLOWED = 0.02


def table_of(room):
    path = Path(__file__).with_name("refusals") / f"{room}.py"
    if not path.exists():
        return None
    spec = importlib.util.spec_from_file_location(f"refusals_{room}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    parts = ("CALLS", "RECORDS", "OUTSIDE", "VALID", "EXCEPTIONS")
    return SimpleNamespace(**{part: getattr(module, part, {}) for part in parts})


TABLES = {room: table for room in ROOMS if (table := table_of(room)) is not None}


# What there is --------------------------------------------------------------------------------------------------------


def public(room):
    """Functions and classes of a room by name, and the public methods of its classes."""
    module = importlib.import_module(f"course_lib.{room}")
    found = {}
    for name in module.__all__:
        value = getattr(module, name)
        if inspect.isclass(value):
            if not hasattr(value, "_fields"):  # of a named tuple
                found[name] = value
            found |= {f"{name}.{method}": function for method, function in methods(value)}
        elif inspect.isfunction(value):
            found[name] = value
    return found


def methods(cls):
    for name, function in inspect.getmembers(cls, inspect.isfunction):
        ours = function.__module__.startswith("course_lib")
        if (
            ours
            and (not name.startswith("_") or name == "__call__")
            and len(inspect.signature(function).parameters) > 1
        ):
            yield name, function


def example(room, name):
    """The function, the arguments of its valid call, and its parameters by name."""
    arguments = dict(TABLES[room].CALLS[name]())
    owner = arguments.pop("self", None)
    if name.endswith("()"):
        function = owner
    elif "." in name:
        function = getattr(owner, name.split(".")[1])
    else:
        function = public(room)[name]
    return function, arguments, inspect.signature(function).parameters


def call(function, arguments, parameters):
    """The call, with ``*rest`` and ``**rest`` spread out."""
    positional, named = [], {}
    for name, value in arguments.items():
        kind = parameters[name].kind if name in parameters else None
        if kind is inspect.Parameter.VAR_POSITIONAL:
            positional += value
        elif kind is inspect.Parameter.POSITIONAL_ONLY:
            positional.append(value)
        else:
            named[name] = value
    rest = next((p.name for p in parameters.values() if p.kind is inspect.Parameter.VAR_POSITIONAL), None)
    if rest in arguments:  # what stands before *rest is given by its place
        before = list(parameters)[: list(parameters).index(rest)]
        positional = [named.pop(name) for name in before] + positional
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*positional, **named)


# What is wrong --------------------------------------------------------------------------------------------------------


def numbers(value):
    """The value as a float64 tensor where it is one, or a list, or an array of numbers; else None."""
    if isinstance(value, Tensor):
        return value.detach().double() if value.ndim else None
    if isinstance(value, (list, tuple, np.ndarray)) and not any(isinstance(part, Tensor) for part in value):
        try:
            array = np.asarray(value)
        except ValueError:
            return None
        return torch.from_numpy(array.astype(float)) if array.dtype.kind in "iuf" and array.ndim else None
    return None


def other_forms(value):
    """The same numbers as a list, a tuple, an array and a tensor; of integers where they are whole."""
    tensor = numbers(value)
    if tensor is None:
        return
    if np.asarray(value).dtype.kind == "f":
        yield from (tensor.tolist(), tuple(tensor.tolist()), tensor.numpy(), tensor)
    if bool((tensor.isfinite() & (tensor == tensor.round())).all()):
        whole = tensor.to(torch.int64)
        yield from (whole.tolist(), whole.numpy(), whole)


def bad_values(value):
    """(kind, bad value) for an argument that has this value in the valid call."""
    tensor = numbers(value)
    if tensor is not None:
        for kind, entry in (("nan", math.nan), ("infinite", math.inf)):
            wrong = tensor.clone()
            wrong.view(-1)[0] = entry
            yield kind, wrong
        yield "none", None
        yield "text", "abc"
        yield "empty", tensor[:0]
        yield "axis", tensor[None, None]
        yield "type", torch.complex(tensor, tensor)
        return
    if isinstance(value, bool):
        wrong = {"none": None, "text": "no", "shape": [value], "range": 2, "nan": math.nan, "type": 1j}
    elif isinstance(value, int):
        wrong = {
            "nan": math.nan, "none": None, "text": "abc", "shape": [value, value], "zero": 0, "negative": -1,
            "fraction": value + 0.5, "bool": True,
        }  # fmt: skip
    elif isinstance(value, float):
        wrong = {
            "nan": math.nan, "infinite": math.inf, "none": None, "text": "abc", "shape": [value, value], "zero": 0.0,
            "negative": -1.0, "type": complex(value, 1.0), "bool": True,
        }  # fmt: skip
    elif isinstance(value, str):
        wrong = {
            "nan": math.nan,
            "none": None,
            "text": "no such name",
            "shape": [value],
            "range": "",
            "type": 3,
        }
    elif isinstance(value, torch.Generator):
        wrong = {"nan": math.nan, "text": "abc", "shape": [0], "range": -1, "type": np.random.default_rng(0)}
    else:
        wrong = {"nan": math.nan, "none": None, "text": "abc", "shape": [], "range": -1, "type": 1j}
        if isinstance(value, nn.Module) or callable(value):
            wrong["type"] = object()
    yield from wrong.items()


def cases(room, name):
    """(argument, kind, bad value) for each argument of a function."""
    table = TABLES[room]
    _, arguments, parameters = example(room, name)
    spread = [name for name in arguments if name not in parameters]  # into **options
    for parameter in (
        *parameters.values(),
        *(inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in spread),
    ):
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            continue
        value = arguments.get(parameter.name, parameter.default)
        assert value is not inspect.Parameter.empty, f"{name}: the example has no {parameter.name}"
        assert value is not None, f"{name}: the example leaves {parameter.name} at None, give it a value"
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            value = value[0]
        for kind, bad in bad_values(value):
            if not (kind == "none" and parameter.default is None):
                yield parameter.name, kind, bad
        for bad in table.OUTSIDE.get((name, parameter.name), ()):
            yield parameter.name, "outside", bad


def listed(entries, name, argument, kind):
    keys = ((name, argument, kind), ("*", argument, kind), (name, "*", kind), (name, argument, "*"))
    return next((key for key in keys if key in entries), None)


def outcome(room, name, argument, bad):
    """None when the bad value is refused by name, else what happened."""
    function, arguments, parameters = example(room, name)
    if argument in parameters and parameters[argument].kind is inspect.Parameter.VAR_POSITIONAL:
        bad = (bad, *arguments[argument][1:])
    arguments[argument] = bad
    try:
        result = call(function, arguments, parameters)
    except ValueError as error:
        if re.search(rf"\b{re.escape(argument)}\b", str(error)) and re.match(r"[\w, .\[\]]+: ", str(error)):
            return None
        return f"ValueError: {error}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return f"taken, {type(result).__name__}"


FUNCTIONS = [
    pytest.param(room, name, id=f"{room}.{name}") for room, table in TABLES.items() for name in table.CALLS
]


@pytest.mark.parametrize("room", ROOMS)
def test_every_public_function_has_an_example(room):
    if room not in TABLES:
        pytest.skip(f"tests/unit/house/refusals/{room}.py does not exist yet")
    table = TABLES[room]
    assert set(public(room)) - set(table.CALLS) - set(table.RECORDS) == set()
    gone = {name for name in (*table.CALLS, *table.RECORDS) if not name.endswith("()")} - set(public(room))
    assert gone == set()


@pytest.mark.parametrize(("room", "name"), FUNCTIONS)
def test_the_example_is_a_valid_call(room, name):
    call(*example(room, name))


@pytest.mark.parametrize(("room", "name"), FUNCTIONS)
def test_bad_values_are_refused_by_name(room, name):
    table = TABLES[room]
    wrong = [
        f"{argument} = {bad!r} ({kind}): {what}"
        for argument, kind, bad in cases(room, name)
        if not listed(table.VALID, name, argument, kind)
        and not listed(table.EXCEPTIONS, name, argument, kind)
        if (what := outcome(room, name, argument, bad)) is not None
    ]
    assert wrong == []


@pytest.mark.parametrize(("room", "name"), FUNCTIONS)
def test_lists_arrays_and_integer_tensors_are_taken(room, name):
    _, arguments, parameters = example(room, name)
    for argument in arguments:
        value = arguments[argument]
        spread = argument in parameters and parameters[argument].kind is inspect.Parameter.VAR_POSITIONAL
        for form in other_forms(value[0] if spread else value):
            function, others, _ = example(room, name)
            others[argument] = (form, *value[1:]) if spread else form
            call(function, others, parameters)


def test_what_is_listed_is_still_so():
    """An entry whose reason has gone goes, too; and an exception stays one in fifty."""
    stale, used, total, excused = [], set(), 0, 0
    for room, table in TABLES.items():
        for name in table.CALLS:
            for argument, kind, bad in cases(room, name):
                valid = listed(table.VALID, name, argument, kind)
                excuse = listed(table.EXCEPTIONS, name, argument, kind)
                used |= {(room, valid), (room, excuse)}
                total += not valid
                excused += bool(excuse) and not valid
                what = outcome(room, name, argument, bad) if valid or excuse else ""
                if what is None or (valid and not what.startswith("taken")):
                    stale.append(f"{room}.{name}: {argument} = {bad!r} ({kind}): {what or 'refused by name'}")
    assert stale == []
    entries = {(room, key) for room, table in TABLES.items() for key in (*table.VALID, *table.EXCEPTIONS)}
    assert entries - used == set()
    print(f"{total - excused} of {total} bad values are refused by name")
    assert excused <= ALLOWED * total

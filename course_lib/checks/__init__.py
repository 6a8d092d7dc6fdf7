"""The questions that every function asks of its arguments, with one sentence for each answer.

The answer is a ValueError, ``name: expected ..., got ...``. A number may be Python's, NumPy's or a tensor without
axes; wherever a tensor of numbers is asked for, lists, arrays and integer tensors are taken, and gradients flow through
the conversion.
"""

from course_lib.checks.tensors import covariance, finite, probabilities, samples, tensor, vector, whole
from course_lib.checks.values import (
    device,
    flag,
    floating_type,
    function,
    generator,
    integer,
    items,
    methods,
    module,
    number,
    one_of,
    positive,
    refuse,
    shown,
    text,
)

__all__ = [
    "covariance",
    "device",
    "finite",
    "flag",
    "floating_type",
    "function",
    "generator",
    "integer",
    "items",
    "methods",
    "module",
    "number",
    "one_of",
    "positive",
    "probabilities",
    "refuse",
    "samples",
    "shown",
    "tensor",
    "text",
    "vector",
    "whole",
]

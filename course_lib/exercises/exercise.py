'''The records of which exercises are made, with one worked example.

They stand in ``course_lib/lessons/nNN_topic/exercises.py``, each right below its own reference, cases and wrong
variants, and are found by their type::

    """Exercises of lesson 07."""

    import torch

    from course_lib.exercises.exercise import Case, Exercise, Mistake


    def spread(logvar):
        return torch.exp(logvar / 2)


    def _spreads(rng):
        yield Case((torch.tensor(0.0),), "variance 1")           # an edge, with a label for the card
        for size in (1, 3):                                      # fresh numbers at each check
            yield Case((torch.from_numpy(rng.normal(size=size)),))


    SPREAD = Exercise(
        id="07.spread",
        title="Standard deviation from a log-variance",
        reference=spread,
        cases=_spreads,
        mistakes=(
            Mistake(lambda logvar: logvar, "This is the log-variance itself."),
            Mistake(lambda logvar: torch.exp(logvar), "This is the variance: the 1/2 is missing."),
            Mistake(lambda logvar: torch.exp(-logvar / 2), "The sign is turned round."),
        ),
        hints=("A log-variance is log σ².", "σ = exp(½ log σ²)."),
        rtol=1e-5,
        tolerance_reason="float32 answers are accepted",
    )

What an answer returns may be a number, an array, a text, or tuples, lists and dicts of these. Anything else needs a
*probe*: a function ``probe(answer, *args)`` that uses the answer as the notebook does and returns something
comparable. The same probe runs on the student's answer, the reference and every mistake::

    def probe_loss(loss, scores):               # a loss must carry gradients
        scores = scores.clone().requires_grad_(True)
        value = loss(scores)
        if not getattr(value, "requires_grad", False):
            raise Reject("The loss carries no gradient: compute it with torch functions, without .item().")
        return {"loss": value, "gradient": torch.autograd.grad(value, scores)[0]}

    def probe_factory(make, slope, x):          # a function that returns a function
        return make(slope)(x)

    def probe_class(layer_class, x):            # a class
        return layer_class(2)(x)

Where many answers are right (a sample, any minimiser) give a *judge*: ``judge(measured, expected, *args)`` returns
``None`` when the answer is right, else a sentence. It replaces the comparison with the reference. Mistakes are still
recognised by their numbers (every answer draws from the same seeds); the judge may also say a mistake's message
itself. A judge sees the value itself (a tensor, say), and runs under the time limit as the probe does.

Where an answer is trained with, its gradient is part of the answer: ``gradient=True``, or the names of the arguments
that need one. Each answer is then called once more with inputs that carry gradients, and what flows back is compared
with what flows back from the reference; the bank needs no probe for it.

An answer must leave its arguments as they are, unless a probe uses it; ``keeps`` says otherwise.

A question for a prediction is an exercise whose reference is a plain value, without cases::

    Exercise(id="07.predict", title="...", reference="inclusive", hints=("...", "..."),
             mistakes=(Mistake("exclusive", "..."), Mistake("neither", "..."), Mistake("both", "...")))
'''

import inspect
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

__all__ = ["Case", "Exercise", "Mistake", "Reject"]


class Reject(Exception):
    """Raised by a probe: the answer is wrong, and the message says why in one sentence."""


@dataclass(frozen=True)
class Case:
    """One input: the arguments of the call, and a few words that name it on the card ("a certain event")."""

    args: tuple
    label: str = ""

    def __post_init__(self):
        if not isinstance(self.args, tuple):
            raise ValueError(f"args: expected a tuple of arguments, got {type(self.args).__name__}")


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that students give, and the sentence they must get for it."""

    answer: Any
    message: str


@dataclass(frozen=True)
class Exercise:
    """One exercise of the bank.

    Args:
        id: ``"NN.name"``, NN the notebook's two digits.
        title: a few words for the card.
        reference: the right answer, a callable (function or class) or a plain value.
        cases: ``cases(rng)`` gives the inputs, :class:`Case` or plain argument tuples, drawn from the
            ``numpy.random.Generator``, easy ones first. None for a plain value.
        mistakes: at least three wrong answers; each must differ from the reference on some case.
        hints: at least two, from vague to nearly the answer.
        rtol, atol: two numbers agree when ``|a - b| <= atol + rtol * |b|``.
        tolerance_reason: why these tolerances.
        probe: how an answer is used on a case; default ``answer(*args)``.
        judge: decides instead of the comparison; see above.
        gradient: whether the gradient is part of the answer: True for all floating tensors among the arguments and the
            parameters of modules, or a tuple of argument names. Where the reference's own gradient is not finite
            nothing is asked.
        keeps: which arguments must be the same after the call, as True, False or a tuple of names. The default is True
            without a probe and False with one: answers that train are there to change what they are given.
        single: the (rtol, atol) for answers computed in single precision where all else is float64, if they differ:
            a singular matrix, say, keeps half of the digits.
        difficulty: 1 (one line), 2, or 3 (half an hour).
        minutes: how long it takes a student.
        time_limit: seconds for all cases together.
    """

    id: str
    title: str
    reference: Any
    cases: Callable[[np.random.Generator], Iterable] | None = None
    mistakes: tuple[Mistake, ...] = ()
    hints: tuple[str, ...] = ()
    rtol: float = 1e-5
    atol: float = 1e-7
    tolerance_reason: str = "work in float32 is accepted: 1e-5 is about a hundred of its rounding errors"
    probe: Callable | None = None
    judge: Callable | None = None
    gradient: bool | tuple[str, ...] = False
    keeps: bool | tuple[str, ...] | None = None
    single: tuple[float, float] | None = None
    difficulty: int = 1
    minutes: int = 5
    time_limit: float = 5.0

    def __post_init__(self):
        if not re.fullmatch(r"\d\d\.[a-z0-9_]+", self.id):
            raise ValueError(f"id: expected 'NN.name' in small letters, got {self.id!r}")
        if self.difficulty not in (1, 2, 3):
            raise ValueError(f"difficulty: expected 1, 2 or 3, got {self.difficulty!r}")
        if callable(self.reference) and self.cases is None:
            raise ValueError(f"cases: {self.id} asks for a function, expected cases(rng), got None")
        for field in ("gradient", "keeps"):
            self._check_names(field, getattr(self, field))

    def _check_names(self, field, asked):
        if isinstance(asked, str):
            raise ValueError(f"{field}: expected a tuple of argument names, got the text {asked!r}")
        unknown = [name for name in asked if name not in self.names] if isinstance(asked, tuple) else []
        if unknown:
            raise ValueError(f"{field}: expected names among {', '.join(self.names)}, got {unknown[0]!r}")

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the arguments of a case: the reference's, or what the probe takes after the answer."""
        if not callable(self.reference):
            return ()
        names, more = _parameters(self.probe or self.reference)
        if self.probe is None:
            return names
        # A probe that takes ``*args`` hands them on as they are.
        return names[1:] if not more else _parameters(self.reference)[0]

    def name_of(self, index: int) -> str:
        """The name of one argument, for a sentence: ``"`logvar`"``, or "argument 3" when it has none."""
        return f"`{self.names[index]}`" if index < len(self.names) else f"argument {index + 1}"

    def asks(self, field: str, index: int) -> bool:
        """Whether ``gradient`` or ``keeps`` speaks of the argument with this index."""
        asked = getattr(self, field)
        if asked is None:
            asked = self.probe is None
        if isinstance(asked, bool):
            return asked
        return index < len(self.names) and self.names[index] in asked

    def draw(self, seed) -> list[Case]:
        """The cases for one seed (an integer or a sequence of integers), as a list of :class:`Case`."""
        if self.cases is None:
            return [Case(())]
        drawn = self.cases(np.random.default_rng(seed))
        return [case if isinstance(case, Case) else Case(tuple(case)) for case in drawn]

    def use(self, answer, args: tuple):
        """What an answer gives on one input, in the form that is compared."""
        if self.probe is not None:
            return self.probe(answer, *args)
        return answer(*args) if callable(self.reference) else answer


def _parameters(function) -> tuple[tuple[str, ...], bool]:
    """The names of the positional parameters, and whether any number of others may follow."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # a builtin without a signature
        return (), False
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = tuple(one.name for one in parameters if one.kind in kinds)
    return names, any(one.kind is inspect.Parameter.VAR_POSITIONAL for one in parameters)

"""For probes of exercises that train: what a step did to each network, and the true cause when it did the wrong thing.

A probe hands over the networks and their optimiser, runs the student's step twice, and asks after each call for what
must have happened (a fault of the first call often makes the second one raise); the first thing that did not is said in
one sentence::

    def probe(step, weights, real, noise, loss):
        generator, discriminator = networks(weights)
        optimizer = torch.optim.SGD(generator.parameters(), lr=0.1)
        watch = Watch(optimizer, generator=generator, discriminator=discriminator)
        first = watch.run(step, generator, discriminator, optimizer, noise[0], loss)
        if first is None:
            return None
        watch.require(moves="generator", fixed=("discriminator",))
        watch.run(step, generator, discriminator, optimizer, noise[1], loss)
        watch.require(moves="generator", fixed=("discriminator",))
        return {"returned loss": first.detach(), "G after two steps": watch.parameters("generator")}
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from course_lib.exercises.exercise import Reject

__all__ = ["Seen", "Watch", "why_no_gradient"]


@dataclass(frozen=True)
class Seen:
    """What one call did; each field maps a network's name to the names of its parameters.

    ``moved``: they have other values. ``reached``: ``backward()`` gave them a gradient. ``stale``: that gradient was
    added to one from before the call. ``left``: a gradient other than 0 stands at them afterwards. ``events``:
    "backward", "step" and "empty step" (no gradient was there) in their order. ``attached``: what was returned still
    carries its graph.
    """

    moved: dict[str, tuple[str, ...]]
    reached: dict[str, tuple[str, ...]]
    stale: dict[str, tuple[str, ...]]
    left: dict[str, tuple[str, ...]]
    events: tuple[str, ...]
    attached: bool


class Watch:
    """Looks on while a step is called, once or several times.

    Args:
        optimizer: the one that the step must use; None when it updates the parameters by itself.
        networks: modules, or lists of tensors that require gradients, by the name for sentences ("generator").
    """

    def __init__(self, optimizer: torch.optim.Optimizer | None = None, **networks: nn.Module | Iterable):
        self.networks = {name: _named(network) for name, network in networks.items()}
        self.optimizer = optimizer
        self.calls: list[Seen] = []

    def run(self, step: Callable, *args, **keywords) -> Any:
        """Calls the step and returns what it returned; what was seen is added to ``calls``."""
        before = {name: _values(one) for name, one in self.networks.items()}
        notes = _Notes()
        handles = []
        for name, parameters in self.networks.items():
            for key, parameter in parameters.items():
                if parameter.requires_grad and parameter.is_leaf:
                    handles.append(parameter.register_hook(notes.incoming(name, key, parameter)))
                    handles.append(
                        parameter.register_post_accumulate_grad_hook(notes.arrived(name, key))
                    )  # fmt: skip
        if self.optimizer is not None:
            handles.append(self.optimizer.register_step_pre_hook(notes.stepping))
        try:
            value = step(*args, **keywords)
        finally:
            for handle in handles:
                handle.remove()
        self.calls.append(
            Seen(
                moved={name: _changed(before[name], _values(one)) for name, one in self.networks.items()},
                reached=notes.by_network(notes.reached, self.networks),
                stale=notes.by_network(notes.stale, self.networks),
                left={
                    name: tuple(key for key, p in one.items() if _is_there(p.grad))
                    for name, one in self.networks.items()
                },
                events=tuple(notes.events),
                attached=_attached(value),
            )
        )
        return value

    def parameters(self, name: str) -> torch.Tensor:
        """All parameters of one network as a vector, for the comparison."""
        return torch.cat([p.detach().flatten() for p in self.networks[name].values()])

    def require(self, moves: str | tuple[str, ...] = (), **conditions):
        """Raises ``Reject`` with :meth:`fault`'s sentence, if there is one."""
        sentence = self.fault(moves, **conditions)
        if sentence:
            raise Reject(sentence)

    def fault(
        self,
        moves: str | tuple[str, ...] = (),
        *,
        fixed: tuple[str, ...] = (),
        clean: tuple[str, ...] = (),
        detached: bool = False,
    ) -> str | None:
        """The first thing that is wrong with the calls so far, with its cause, in a sentence; None when all is well.

        Args:
            moves: the networks whose parameters must all have moved at every call.
            fixed: the networks that must not move.
            clean: the networks that must be left without gradients.
            detached: whether the returned value must be free of its graph.
        """
        for number, seen in enumerate(self.calls):
            for name in (moves,) if isinstance(moves, str) else moves:
                checks = (
                    self._why_early(name, seen),
                    self._why_still(name, seen),
                    self._why_stale(name, number, seen),
                )
                if any(checks):
                    return next(filter(None, checks))
            for name in fixed:
                if seen.moved[name]:
                    return f"The {name} moved: during this step it is fixed."
            for name in clean:
                if seen.left[name]:
                    return (
                        f"The step left gradients at the {name}: they would be added to those of its own next step. "
                        f"Cut the {name} off where its output is used (`.detach()`)."
                    )
            if detached and seen.attached:
                return "What the step returns still carries its graph: return `.detach()` of it, or memory grows."
        return None

    def _why_early(self, name, seen: Seen) -> str | None:
        steps = [index for index, event in enumerate(seen.events) if event != "backward"]
        if not steps or "backward" not in seen.events or seen.events.index("backward") < steps[0]:
            return None
        had = "none yet" if seen.events[steps[0]] == "empty step" else "only those from before the call"
        return f"`optimizer.step()` ran before `backward()`: of gradients the {name} had {had}."

    def _why_still(self, name, seen: Seen) -> str | None:
        """Why a network has not moved, or not all of it."""
        parameters = self.networks[name]
        still = [key for key in parameters if key not in seen.moved[name]]
        if not still:
            return None
        if not seen.reached[name]:
            return self._why_unreached(name, seen)
        missed = [key for key in still if key not in seen.reached[name]]
        if len(still) < len(parameters):
            cause = "no gradient reached" if missed else "the optimiser did not move"
            return f"Only a part of the {name} moved: {cause} {_list(missed or still)}."
        if "step" not in seen.events and "empty step" not in seen.events:
            steps = "`optimizer.step()` was not called" if self.optimizer is not None else "nothing moved it"
            return f"Gradients reached the {name}, but {steps}."
        if "empty step" in seen.events:
            return (
                f"The gradients of the {name} were erased between `backward()` and `optimizer.step()`: call "
                "`zero_grad()` before `backward()`."
            )
        return f"`optimizer.step()` ran with gradients, and yet the {name} has not moved."

    def _why_unreached(self, name, seen: Seen) -> str:
        others = [other for other in self.networks if other != name and seen.reached[other]]
        ends = "(`.detach()`, `torch.no_grad()`, `.item()` or `.data` do that)"
        if others:
            return (
                f"`backward()` reached the {others[0]} but not the {name}: on the way to the loss, what the {name} "
                f"gives is cut off {ends}."
            )
        return f"No gradient reached the {name}: `backward()` did not run, or the loss is cut off from it {ends}."

    def _why_stale(self, name, number, seen: Seen) -> str | None:
        if not seen.stale[name]:
            return None
        when = "of the call before" if number else "from before the call"
        return (
            f"Gradients {when} were still at the {name} and the new ones were added to them: call "
            "`optimizer.zero_grad()` before `backward()`."
        )


class _Notes:
    """What the hooks saw during one call."""

    def __init__(self):
        self.events: list[str] = []
        self.reached: list[tuple[str, str]] = []
        self.stale: list[tuple[str, str]] = []
        self.older: set[tuple[str, str]] = set()

    def incoming(self, name, key, parameter):
        def hook(_gradient):
            if (name, key) not in self.reached and _is_there(parameter.grad):
                self.older.add((name, key))

        return hook

    def arrived(self, name, key):
        def hook(_parameter):
            if self.events[-1:] != ["backward"]:
                self.events.append("backward")
            if (name, key) not in self.reached:
                self.reached.append((name, key))
                if (name, key) in self.older:
                    self.stale.append((name, key))

        return hook

    def stepping(self, optimizer, _args, _keywords):
        there = any(_is_there(p.grad) for group in optimizer.param_groups for p in group["params"])
        self.events.append("step" if there else "empty step")

    @staticmethod
    def by_network(pairs, networks):
        return {name: tuple(key for one, key in pairs if one == name) for name in networks}


def _named(network) -> dict[str, torch.Tensor]:
    if isinstance(network, nn.Module):
        return dict(network.named_parameters())
    return {f"parameter {index}": one for index, one in enumerate(network, start=1)}


def _values(parameters):
    return {key: p.detach().clone() for key, p in parameters.items()}


def _changed(before, after) -> tuple[str, ...]:
    return tuple(key for key, old in before.items() if not torch.equal(old, after[key]))


def _is_there(gradient) -> bool:
    return gradient is not None and bool(gradient.ne(0).any())


def _attached(value) -> bool:
    if isinstance(value, tuple | list):
        return any(map(_attached, value))
    return torch.is_tensor(value) and value.requires_grad and not value.is_leaf


def _list(names) -> str:
    return ", ".join(f"`{name}`" for name in names[:4]) + (" and others" if len(names) > 4 else "")


def why_no_gradient(value: Any, name: str = "loss") -> str | None:
    """Why nothing can be trained with a value, in a sentence that tells a number from a tensor; None when it can.

    >>> why_no_gradient(torch.ones(1, requires_grad=True).sum()) is None
    True
    >>> why_no_gradient(0.5)
    'The loss is a Python number: `.item()` or `float()` has ended its graph. Return the tensor itself.'
    """
    if not torch.is_tensor(value):
        kind = "Python number" if isinstance(value, int | float) else type(value).__name__
        return (
            f"The {name} is a {kind}: `.item()` or `float()` has ended its graph. Return the tensor itself."
        )
    if not value.requires_grad:
        return (
            f"The {name} carries no gradient: it was computed under `torch.no_grad()`, from something detached, or "
            "from numbers instead of tensors."
        )
    return None

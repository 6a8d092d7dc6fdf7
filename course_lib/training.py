"""One loop for the whole course: a step function, a progress bar, a history that stays on the device."""

import numbers
from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np
import torch
from torch import Tensor
from tqdm.auto import tqdm

from course_lib import checks
from course_lib.device import seed_everything

__all__ = ["History", "batches", "minimise", "train"]

Scalars = Mapping[str, Tensor | float]


class History(Mapping[str, Tensor]):
    """Scalars recorded at each step, by name.

    A value that is a tensor is kept where it is: reading it at each step would make a GPU wait for the CPU.
    ``history["loss"]`` is a tensor of shape ``(n,)`` on the values' own device; ``numpy("loss")`` brings it
    home.

    >>> history = History()
    >>> history.append(loss=torch.tensor(2.0)); history.append(loss=1.0)
    >>> history["loss"]
    tensor([2., 1.])
    """

    _CHUNK = 1024

    def __init__(self) -> None:
        self._packed: dict[str, list[Tensor]] = {}
        self._loose: dict[str, list[Tensor]] = {}

    def append(self, **scalars: Tensor | float) -> None:
        """Records one value (a number or a tensor with one element) under each name."""
        for name, value in scalars.items():
            kept = _scalar(name, value)
            loose = self._loose.setdefault(name, [])
            loose.append(kept)
            if len(loose) >= self._CHUNK:
                self._pack(name)

    def _pack(self, name: str) -> None:
        loose = self._loose[name]
        if loose:
            self._packed.setdefault(name, []).append(torch.stack(loose))
            loose.clear()

    def __getitem__(self, name: str) -> Tensor:
        if name not in self._loose:
            raise KeyError(f"{name!r} was not recorded; there is {', '.join(self) or 'nothing'}")
        self._pack(name)
        if len(self._packed.get(name, ())) > 1:
            self._packed[name] = [torch.cat(self._packed[name])]
        return self._packed[name][0]

    def __iter__(self) -> Iterator[str]:
        return iter(self._loose)

    def __len__(self) -> int:
        return len(self._loose)

    def numpy(self, name: str):
        """One record as a float64 array of shape ``(n,)`` on the CPU."""
        checks.one_of("name", name, self)
        return self[name].double().cpu().numpy()

    def last(self, name: str) -> float:
        """The latest value of one record, as a number."""
        checks.one_of("name", name, self)
        loose = self._loose[name]
        return float(loose[-1]) if loose else float(self[name][-1])

    def __repr__(self) -> str:
        records = ", ".join(f"{name}: {len(self[name])}" for name in self)
        return f"History({records})"


def train(
    step: Callable[[int], Scalars | Tensor | None],
    steps: int,
    *,
    seed: int | None = None,
    progress: str | bool = "training",
    history: History | None = None,
) -> History:
    """Calls ``step(0), step(1), ..., step(steps - 1)`` and keeps what each call returns.

    Args:
        step: one update. It returns scalars by name, or one scalar (recorded as ``"loss"``), or nothing.
        steps: how many; a budget in steps repeats where one in seconds does not.
        seed: seeds Python, NumPy and torch before the first step.
        progress: what the progress bar says; ``False`` shows none.
        history: where to carry on recording; a new one without it.

    Returns:
        The history; its tensors stay on the device until they are read.
    """
    checks.function("step", step, "a function of the step's number")
    steps = checks.integer("steps", steps, 0)
    if not isinstance(progress, str):
        checks.flag("progress", progress)
    if history is not None and not isinstance(history, History):
        raise checks.refuse("history", "a History or None", history)
    if seed is not None:
        seed_everything(seed)
    history = History() if history is None else history
    label = progress if isinstance(progress, str) else "training"
    for index in tqdm(range(steps), desc=label, disable=progress is False, mininterval=0.2, leave=False):
        record = step(index)
        if isinstance(record, Mapping):
            history.append(**record)
        elif record is not None:
            history.append(loss=record)
    return history


def minimise(
    loss: Callable[[], Tensor | Mapping[str, Tensor]],
    parameters: Iterable[Tensor],
    steps: int,
    *,
    lr: float = 1e-3,
    optimizer: type[torch.optim.Optimizer] = torch.optim.Adam,
    seed: int | None = None,
    progress: str | bool = "training",
    **options,
) -> History:
    """Minimises ``loss()`` over the parameters; ``loss`` draws its own minibatch.

    Args:
        loss: returns a scalar, or scalars by name of which ``"loss"`` is minimised and all are recorded.
        options: passed to the optimiser (``betas``, ``weight_decay``, ...).

    >>> x = torch.zeros(1, requires_grad=True)
    >>> _ = minimise(lambda: (x - 3).square().sum(), [x], 200, lr=0.1, progress=False)
    >>> round(x.item(), 2)
    3.0
    """
    checks.function("loss", loss, "a function without arguments")
    parameters = checks.items("parameters", parameters, "tensors to be trained")
    if not parameters or not all(isinstance(one, (Tensor, dict)) for one in parameters):
        raise checks.refuse("parameters", "tensors to be trained", parameters)
    checks.function("optimizer", optimizer, "a class of torch.optim")
    rule = optimizer(parameters, lr=checks.number("lr", lr, 0), **options)

    def step(_: int) -> Scalars:
        value = loss()
        record = dict(value) if isinstance(value, Mapping) else {"loss": value}
        if not isinstance(record.get("loss"), Tensor) or record["loss"].numel() != 1:
            raise checks.refuse("loss", "a function that returns a scalar tensor, or one under 'loss'", value)
        rule.zero_grad(set_to_none=True)
        record["loss"].backward()
        rule.step()
        return record

    return train(step, steps, seed=seed, progress=progress)


def _scalar(name: str, value) -> Tensor:
    """One number as a tensor without axes; whatever its value is (a loss may be NaN), a tensor's is not read."""
    if isinstance(value, Tensor) and value.numel() == 1 and not value.is_complex():
        return value.detach().reshape(())
    if isinstance(value, (numbers.Real, np.bool_)):
        return torch.tensor(float(value))
    raise checks.refuse(name, "a number or a tensor with one element", value)


def batches(data, size: int, generator: torch.Generator | None = None) -> Callable[[], Tensor]:
    """A function that draws a minibatch with replacement, by indices drawn on the data's own device.

    Args:
        data: examples, shape ``(n, ...)``; a tensor keeps its type.
        size: examples in a minibatch.
        generator: must live on the data's device; torch's global one without it.

    Returns:
        A function without arguments that returns shape ``(size, ...)``.

    >>> batches(torch.arange(10.0), 4)().shape
    torch.Size([4])
    """
    if not isinstance(data, Tensor) or data.is_floating_point() or data.is_complex():
        data = checks.finite("data", data, keep=True)
    if data.ndim < 1 or len(data) == 0:
        raise ValueError(
            f"data: expected at least one example along the first axis, got shape {tuple(data.shape)}"
        )
    size = checks.integer("size", size, 1)
    checks.generator("generator", generator)

    def draw() -> Tensor:
        return data[torch.randint(len(data), (size,), device=data.device, generator=generator)]

    return draw

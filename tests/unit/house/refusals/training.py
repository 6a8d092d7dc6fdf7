"""One valid call of each function of ``course_lib.training``."""

import torch
from torch import Tensor

from course_lib.training import History

X = torch.zeros(2, requires_grad=True)


def record() -> History:
    history = History()
    history.append(loss=1.0)
    return history


def loss() -> Tensor:
    return (X - 1).square().sum()


CALLS = {
    "History.append": lambda: {"self": record(), "loss": 2.0},
    "History.last": lambda: {"self": record(), "name": "loss"},
    "History.numpy": lambda: {"self": record(), "name": "loss"},
    "batches": lambda: {"data": [[0.0, 1.0], [2.0, 3.0]], "size": 4, "generator": torch.Generator().manual_seed(0)},
    "minimise": lambda: {
        "loss": loss, "parameters": [X], "steps": 2, "optimizer": torch.optim.SGD, "seed": 1, "progress": False
    },
    "train": lambda: {"step": lambda index: None, "steps": 2, "seed": 1, "progress": False, "history": record()},
}  # fmt: skip

RECORDS = {"History": "made without arguments"}

VALID = {
    **{
        ("History.append", "loss", kind): "whatever came is recorded"
        for kind in ("nan", "infinite", "zero", "negative", "bool")
    },
    ("batches", "data", "axis"): "examples of any shape",
    ("minimise", "lr", "zero"): "nothing moves",
    ("*", "seed", "zero"): "a seed",
    ("*", "steps", "zero"): "no steps",
    ("*", "progress", "text"): "what the bar says",
}

"""Handing an argument to a network or function that came as another argument, and naming the one that does not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["given_to"]


def given_to(function, name: str, value: Tensor, who: str):
    """``function(value)``, and a ValueError that names the argument where torch cannot compute it.

    Almost always a size does not fit: points of three coordinates for a network of two. Torch's own words follow.

    Args:
        name: of the argument whose value is handed over.
        who: what takes it, in words: "the generator".
    """
    import torch

    try:
        return function(value)
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise ValueError(
            f"{name}: expected what {who} takes, got shape {tuple(value.shape)} ({lines[0]})"
        ) from error

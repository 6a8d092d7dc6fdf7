"""A number from a sample, with the error that another sample would make."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["Estimate", "from_repeats"]


class Estimate(NamedTuple):
    """A mean over parts of the sample, and the standard error of that mean; both 0-dim tensors."""

    value: Tensor
    standard_error: Tensor

    def __float__(self) -> float:
        return float(self.value)


def from_repeats(values: Sequence[Tensor]) -> Estimate:
    """The mean of k values and their standard deviation (with k - 1) divided by sqrt(k).

    >>> float(from_repeats([torch.tensor(1.0), torch.tensor(3.0)]).standard_error)
    1.0
    """
    stacked = torch.stack(list(values))
    return Estimate(stacked.mean(), stacked.std() / len(stacked) ** 0.5)

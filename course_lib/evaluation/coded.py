"""What the metrics of disentanglement are asked about: codes and the factors behind them, row by row."""

import torch
from torch import Tensor

from course_lib import checks
from course_lib.device import home

__all__ = ["codes_and_levels"]


def codes_and_levels(codes, factors) -> tuple[Tensor, Tensor]:
    """Codes (n, d) in float64 and factors (n, k), each column renumbered 0, 1, ... in the order of its values.

    Raises:
        ValueError: other shapes, NaN, no whole numbers, a factor that never changes (nothing can be known of it).
    """
    codes = checks.finite("codes", home(codes), shape=("n", "d"))
    factors = checks.whole("factors", home(factors), shape=("n", "k")).to(codes.device)
    if len(factors) != len(codes):
        raise ValueError(f"factors: expected {len(codes)} rows, one for each code, got {len(factors)}")
    levels = torch.stack([column.unique(return_inverse=True)[1] for column in factors.T], -1)
    for k, most in enumerate(levels.amax(0).tolist()):
        if most == 0:
            raise ValueError(
                f"factors: expected at least two different values in each column, got one in column {k}"
            )
    return codes, levels

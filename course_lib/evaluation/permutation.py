"""A test of "both samples come from one distribution" that is right for every statistic: by permutations.

Source: I21, I22 Likelihood-free learning; Phipson and Smyth (2010) for the 1 that is added; Gretton et al. (2012).
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from course_lib import checks
from course_lib.device import home

__all__ = ["PermutationTest", "permutation_test"]

# Orders that give the same statistic may differ by a rounding, and must count as ties.
_ROUNDING = 1e-12


class PermutationTest(NamedTuple):
    """The statistic of the samples as they are, and the share of all orders that reach it; both 0-dim tensors."""

    statistic: Tensor
    p_value: Tensor


def permutation_test(
    x,
    y,
    statistic: Callable[[Tensor, Tensor], Tensor | float],
    permutations: int = 999,
    generator: torch.Generator | None = None,
) -> PermutationTest:
    """Tests H0: x and y are samples of one distribution, against a statistic that is large when they are not.

    Under H0 every way to deal the n + m points out into n and m is equally likely, so the order that came is one of
    B + 1 orders none of which is special: with k of the B others at least as extreme, p = (k + 1)/(B + 1). Then
    P(p <= alpha) <= alpha for every distribution, every n and m and every B; k/B would reject too often.

    Args:
        x, y: shape (n, d) and (m, d); shape (n,) counts as d = 1.
        statistic: ``statistic(x, y)``, one number that is larger the less the two sets look alike; it is given
            float64 tensors of shapes (n, d) and (m, d).
        permutations: B, how many random orders; 1/(B + 1) is the smallest p-value there is.
        generator: on the CPU, makes the orders repeat.

    Raises:
        ValueError: other shapes, NaN or infinity, fewer than two points in all, a statistic that is no number.

    >>> far = permutation_test([0.0, 0.1, 0.2, 0.3], [9.0, 9.1, 9.2, 9.3], lambda x, y: abs(x.mean() - y.mean()))
    >>> round(float(far.statistic), 6)
    9.0
    """
    x = checks.samples("x", home(x))
    y = checks.samples("y", home(y), x.shape[1], like=x).to(x.device)
    checks.function("statistic", statistic, "a function of two samples")
    permutations = checks.integer("permutations", permutations, 1)
    checks.generator("generator", generator)
    pooled, n = torch.cat([x, y]).detach(), len(x)
    observed = _number(statistic, pooled[:n], pooled[n:])
    reached, scale = 0, abs(observed)
    for _ in range(permutations):
        order = torch.randperm(len(pooled), generator=generator).to(pooled.device)
        value = _number(statistic, pooled[order[:n]], pooled[order[n:]])
        reached += value >= observed - _ROUNDING * scale
    result = torch.tensor(
        [observed, (reached + 1) / (permutations + 1)], dtype=torch.float64, device=pooled.device
    )
    return PermutationTest(result[0], result[1])


def _number(statistic, x: Tensor, y: Tensor) -> float:
    found = statistic(x, y)
    value = found.detach() if isinstance(found, Tensor) else found
    value = value.reshape(()) if isinstance(value, Tensor) and value.numel() == 1 else value
    try:
        return checks.number("statistic", value)
    except ValueError:
        wanted = "a function that gives one finite number for two samples"
        raise checks.refuse("statistic", wanted, found) from None

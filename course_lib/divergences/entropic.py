"""Transport with an entropy bonus, by matching one marginal after the other in the log domain."""

import math
import warnings

import torch
from torch import Tensor

from course_lib.divergences.transport import _problem

__all__ = ["sinkhorn"]


def sinkhorn(
    weights_p, weights_q, cost, epsilon: float, tolerance: float = 1e-9, max_steps: int = 10_000
) -> tuple[Tensor, Tensor]:
    """The plan that minimises sum(plan * cost) + epsilon * KL(plan || weights_p weights_q^T), and its cost.

    The steps stop when the first marginal of the plan (the second is exact after each step) differs from weights_p
    by at most ``tolerance`` in total. Epsilon is lowered to its value by halves, each start where the last ended,
    so that small values are reached in fewer steps; logarithms keep them from overflowing.

    Args:
        weights_p: shape (n,), weights_q: shape (m,): probabilities.
        cost: shape (n, m), finite. epsilon: positive, in the units of the cost.
        tolerance: the total error of the marginal at which to stop.
        max_steps: after so many steps a warning gives the error that was reached.

    Returns:
        sum(plan * cost), without the entropy term, as a 0-dim tensor, and the plan, shape (n, m). Gradients flow to
        the cost with the plan held, which is the gradient of the regularised value.

    Raises:
        ValueError: weights that are no probabilities, a cost of another shape, epsilon that is not positive.

    Source: Cuturi (2013), arXiv:1306.0895; in logarithms Schmitzer (2019), arXiv:1610.06519.

    >>> sinkhorn([1.0], [1.0], [[2.0]], epsilon=0.1)[0].item()
    2.0
    """
    weights_p, weights_q, cost = _problem(weights_p, weights_q, cost)
    if isinstance(epsilon, bool) or not isinstance(epsilon, (int, float)) or not 0 < epsilon < math.inf:
        raise ValueError(f"epsilon: expected a positive number, got {epsilon!r}")
    if not tolerance > 0:
        raise ValueError(f"tolerance: expected a positive number, got {tolerance!r}")
    with torch.no_grad():
        plan, error = _plan(weights_p, weights_q, cost.detach(), float(epsilon), tolerance, max_steps)
    if error > tolerance:
        warnings.warn(
            f"sinkhorn stopped after {max_steps} steps with a marginal error of {error:.2g} (asked: {tolerance:.2g}); "
            "take a larger epsilon or more steps",
            RuntimeWarning,
            stacklevel=2,
        )
    return (plan * cost).sum(), plan


def _plan(
    p: Tensor, q: Tensor, cost: Tensor, epsilon: float, tolerance: float, max_steps: int
) -> tuple[Tensor, float]:
    log_p, log_q = torch.log(p), torch.log(q)
    # Points without mass take no part; -inf would turn into NaN in differences.
    price_p, price_q = torch.zeros_like(p), torch.zeros_like(q)
    spread = float(cost.max() - cost.min())
    level = max(epsilon, spread)
    error = math.inf
    for _ in range(max_steps):
        price_p = -level * torch.logsumexp((price_q - cost) / level + log_q, 1)
        price_q = -level * torch.logsumexp((price_p[:, None] - cost) / level + log_p[:, None], 0)
        log_plan = (price_p[:, None] + price_q - cost) / level + log_p[:, None] + log_q
        error = float((torch.exp(log_plan).sum(1) - p).abs().sum())
        if level > epsilon:
            level = max(epsilon, level / 2)
            error = math.inf
        elif error <= tolerance:
            break
    plan = torch.exp((price_p[:, None] + price_q - cost) / epsilon + log_p[:, None] + log_q)
    return plan, float((plan.sum(1) - p).abs().sum()) if math.isinf(error) else error

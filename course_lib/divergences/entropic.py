"""Transport with an entropy bonus: the smooth dual, climbed by Newton's method while epsilon falls."""

import math
import warnings

import torch
from torch import Tensor

from course_lib import checks
from course_lib.divergences.transport import problem

__all__ = ["sinkhorn"]

_FALL = 8.0  # epsilon falls by this factor from one level to the next
_STRIDE = 8.0  # no direction is followed by more than so many epsilons at first
_PATIENCE = 60  # steps without half the error: rounding allows no more


def sinkhorn(
    weights_p, weights_q, cost, epsilon: float, tolerance: float = 1e-9, max_steps: int = 10_000
) -> tuple[Tensor, Tensor]:
    """The plan that minimises sum(plan * cost) + epsilon * KL(plan || weights_p weights_q^T), and its cost.

    Sinkhorn's iteration matches one marginal after the other; where epsilon is small it needs tens of thousands of
    turns. Here one marginal is matched exactly at each step, and a Newton step on the prices of the other side matches
    that: a few dozen steps, for any epsilon. Epsilon is lowered to its value by eighths, each start on the line through
    the two before; logarithms keep small values from overflowing. The steps stop when the first marginal of the plan
    (the second is exact) differs from weights_p by at most ``tolerance`` in total.

    Args:
        weights_p: shape (n,), weights_q: shape (m,): probabilities.
        cost: shape (n, m), finite. epsilon: positive, in the units of the cost.
        tolerance: the total error of the marginal at which to stop.
        max_steps: after so many steps a warning gives the error that was reached.

    Returns:
        sum(plan * cost), without the entropy term, as a 0-dim tensor, and the plan, shape (n, m). Gradients flow to
        the cost with the plan held, which is the gradient of the regularised value; none flow to the weights.

    Raises:
        ValueError: weights that are no probabilities, a cost of another shape, epsilon that is not positive.

    Source: Cuturi (2013), arXiv:1306.0895; in logarithms Schmitzer (2019), arXiv:1610.06519; the Newton step Brauer,
    Clason, Lorenz and Wirth (2017), arXiv:1710.06635.

    >>> sinkhorn([1.0], [1.0], [[2.0]], epsilon=0.1)[0].item()
    2.0
    """
    weights_p, weights_q, cost = problem(weights_p, weights_q, checks.finite("cost", cost))
    epsilon = checks.positive("epsilon", epsilon)
    tolerance = checks.positive("tolerance", tolerance)
    max_steps = checks.integer("max_steps", max_steps, 1)
    with torch.no_grad():
        plan, error = _plan(weights_p, weights_q, cost.detach(), float(epsilon), tolerance, max_steps)
    if error > tolerance:
        warnings.warn(
            f"sinkhorn stopped with a marginal error of {error:.2g} (asked: {tolerance:.2g}); take a larger epsilon or "
            f"more than {max_steps} steps",
            RuntimeWarning,
            stacklevel=2,
        )
    return (plan * cost).sum(), plan


def _plan(
    p: Tensor, q: Tensor, cost: Tensor, epsilon: float, tolerance: float, max_steps: int
) -> tuple[Tensor, float]:
    # Points without mass take no part, and the shorter side has the prices.
    supports = (p > 0).nonzero(), (q > 0).nonzero()[:, 0]
    part_p, part_q, part = p[p > 0], q[q > 0], cost[supports]
    if len(part_p) <= len(part_q):
        part = _climb(part_p, part_q, part, epsilon, tolerance, max_steps)
    else:
        part = _climb(part_q, part_p, part.mT, epsilon, tolerance, max_steps).mT
        part = part * (part_q / part.sum(0))
    plan = torch.zeros_like(cost)
    plan[supports] = part
    return plan, float((plan.sum(1) - p).abs().sum())


def _climb(p: Tensor, q: Tensor, cost: Tensor, epsilon: float, tolerance: float, max_steps: int) -> Tensor:
    """The plan whose second marginal is exact and whose first is p to the tolerance; all weights are positive."""
    level = max(epsilon, float(cost.max() - cost.min()))
    prices, guess, before = torch.zeros_like(p), torch.zeros_like(p), None
    while True:
        prices, plan, steps = _level(p, q, cost, prices, guess, level, tolerance, max_steps)
        max_steps -= steps
        if level == epsilon or max_steps <= 0:
            return plan
        after = max(epsilon, level / _FALL)
        # The prices run nearly straight in epsilon once it is small.
        slope = 0.0 if before is None else (prices - before[0]) / (level - before[1])
        before, guess, level = (prices, level), (after - level) * slope + torch.zeros_like(p), after


def _level(
    p: Tensor,
    q: Tensor,
    cost: Tensor,
    start: Tensor,
    guess: Tensor,
    level: float,
    tolerance: float,
    max_steps: int,
) -> tuple[Tensor, Tensor, int]:
    """Newton's method with a line search at one epsilon, from ``start`` or ``start + guess``.

    Returns the prices, the plan, and the number of steps.
    """
    # Relative to the start, the costs that matter are of the order of epsilon and keep their digits.
    rest = cost - start[:, None]
    rest = rest - rest.amin(0)
    log_p = torch.log(p)[:, None]

    def dual(move: Tensor) -> tuple[float, Tensor]:
        """The smooth dual, and the logarithms of the shares that each column takes from the rows."""
        logs = (move[:, None] - rest) / level + log_p
        total = torch.logsumexp(logs, 0)
        return float((p * move).sum() - level * (q * total).sum()), logs - total

    move = max((torch.zeros_like(p), guess), key=lambda move: dual(move)[0])
    value, shares = dual(move)
    stride, best, since, steps = _STRIDE, math.inf, 0, 0
    while True:
        plan = torch.exp(shares) * q
        missing = p - plan.sum(1)
        error = float(missing.abs().sum())
        best, since = (error, 0) if error < best / 2 else (best, since + 1)
        if error <= tolerance or since > _PATIENCE or steps == max_steps:
            return start + move, plan, steps
        steps += 1
        direction, cut = _direction(plan, q, missing, stride, tolerance)
        slope, share = level * float((missing * direction).sum()), 1.0
        while True:
            found = dual(move + share * level * direction)
            # 1e-14: the rounding of the dual, in epsilons.
            if found[0] >= value + 1e-4 * share * slope - 1e-14 * level or share < 1e-6:
                break
            share /= 2
        move, (value, shares) = move + share * level * direction, found
        if cut and share == 1:
            stride = 4 * stride
        elif share < 0.5:
            stride = max(1.0, stride / 2)


def _direction(
    plan: Tensor, q: Tensor, missing: Tensor, stride: float, tolerance: float
) -> tuple[Tensor, bool]:
    """Newton's direction in epsilons, and whether it was cut to the stride.

    The matrix is the Laplacian of a graph on the rows, joined where they serve the same columns. Between groups that
    share next to nothing it is next to singular, and a Newton step would overshoot without bounds: there each
    direction by itself is cut.
    """
    graph = torch.diag(plan.sum(1)) - (plan / q) @ plan.mT
    # The same number added to all prices changes nothing: that direction is held.
    graph = graph + graph.diagonal().mean() / len(graph)
    root, failed = torch.linalg.cholesky_ex(graph)
    if not bool(failed):
        direction = torch.cholesky_solve(missing[:, None], root)[:, 0]
        if bool(direction.abs().max() <= stride):
            return direction, False
    values, vectors = torch.linalg.eigh(graph)
    along = vectors.mT @ missing
    along = torch.where(along.abs() > 1e-3 * tolerance / len(graph), along, 0.0)
    length = along / values.clamp(min=1e-300)
    room = stride / vectors.abs().amax(0)
    return vectors @ length.clamp(-room, room), bool((length.abs() > room).any())

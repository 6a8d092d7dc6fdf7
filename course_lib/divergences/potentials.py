"""Prices of one side of a transport problem from those of the other."""

from torch import Tensor

from course_lib import checks

__all__ = ["c_transform"]


def c_transform(potential, cost) -> Tensor:
    """The highest prices that one side leaves the other: v[j] = min over i of cost[i, j] - potential[i].

    No prices v with potential[i] + v[j] <= cost[i, j] for all i and j are higher anywhere. Transforming v back, with
    ``cost.mT``, gives prices that are nowhere lower than ``potential``; after that nothing changes any more. For a cost
    that is a distance, v extends -potential to all points with slope at most 1.

    Args:
        potential: shape (n,), finite, in the units of the cost.
        cost: shape (n, m); +inf forbids a pair.

    Returns:
        Shape (m,); +inf where every pair is forbidden. Gradients flow to both arguments.

    Raises:
        ValueError: another shape, NaN, a cost of -inf, a potential that is not finite.

    Source: UL p.27, U17 Optimal transport dual; Villani (2009), Optimal Transport, definition 5.2, up to the sign.

    >>> c_transform([0.0, 1.0], [[2.0, 5.0], [4.0, 3.0]]).tolist()
    [2.0, 2.0]
    """
    cost = checks.tensor("cost", cost, shape=("n", "m"))
    if bool(cost.isneginf().any()):
        raise ValueError("cost: expected numbers, or +inf where nothing may pass, got -inf")
    potential = checks.finite("potential", potential, like=cost, shape=(cost.shape[0],))
    return (cost - potential[:, None]).amin(0)

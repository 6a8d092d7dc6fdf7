"""The one Gaussian q(theta) with the highest evidence bound on the clutter problem."""

import math

import numpy as np

from course_lib.variational.clutter_problem import Clutter, Table

__all__ = ["best_gaussian"]

_STEPS = 200
_ROUNDING = 1e-12


def best_gaussian(problem: Clutter, table: Table, starts) -> tuple[float, float, float, int, bool]:
    """Mean, variance, bound, steps and convergence: Newton's method from several starts (mean, standard deviation)."""
    ends = [_climb(problem, table, mean, math.log(std)) for mean, std in starts]
    return max(ends, key=lambda end: end[2])


def _climb(problem, table, mean, log_std):
    point, steps, close = np.array([mean, log_std]), 0, 0
    value, gradient, curvature = _bound(problem, table, point)
    while steps < _STEPS and close < 2:
        steps += 1
        values, axes = np.linalg.eigh(curvature)
        # Where the bound is not concave, the step goes uphill by the size of the curvature.
        move = axes @ ((axes.T @ gradient) / np.maximum(np.abs(values), 1e-6))
        move[1] = min(max(move[1], -1.0), 1.0)
        gain = gradient @ move
        size = 1.0
        if gain <= _ROUNDING * max(1.0, abs(value)):
            # The bound cannot tell these steps apart, its derivatives can: two more square the error twice.
            close += 1
        trial = _bound(problem, table, point + move)
        while not close and trial[0] < value + 1e-4 * size * gain:
            size /= 2
            trial = _bound(problem, table, point + size * move)
        point, (value, gradient, curvature) = point + size * move, trial
    return point[0], math.exp(2 * point[1]), value, steps, close == 2


def _bound(problem, table, point):
    """The bound at (mean, log std), its gradient (2,) and its second derivatives (2, 2).

    The derivatives fall on q, whose derivatives are q times Hermite polynomials; the likelihood is only looked up.
    """
    mean, std = point[0], math.exp(point[1])
    z = (table.theta - mean) / std
    mass = np.exp(-0.5 * z * z) * (table.spacing / (std * math.sqrt(2 * math.pi))) * table.excess
    one, two, three, four = mass @ z, mass @ z**2, mass @ z**3, mass @ z**4
    zero = mass.sum()
    prior = problem.prior_variance
    value = (
        problem.log_all_clutter + zero
        + point[1] + 0.5 - 0.5 * ((mean**2 + std**2) / prior + math.log(prior))
    )  # fmt: skip
    gradient = np.array([one / std - mean / prior, two - zero + 1 - std**2 / prior])
    cross = (three - 3 * one) / std
    curvature = np.array(
        [
            [(two - zero) / std**2 - 1 / prior, cross],
            [cross, four - 4 * two + zero - 2 * std**2 / prior],
        ]
    )
    return value, gradient, curvature

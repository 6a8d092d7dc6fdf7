"""The clutter problem, solved exactly, by expectation propagation and by two variational families (UL p.17-18)."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from course_lib import checks
from course_lib.variational.clutter_ep import propagate
from course_lib.variational.clutter_exact import exact_moments
from course_lib.variational.clutter_gaussian import best_gaussian
from course_lib.variational.clutter_mean_field import coordinate_optima
from course_lib.variational.clutter_problem import Clutter, Table

__all__ = ["ClutterPosterior", "clutter_posterior"]

METHODS = ("exact", "ep", "mean_field", "gaussian")


class ClutterPosterior(NamedTuple):
    """What one method says of p(theta|y).

    mean, variance: of theta, shape (). log_evidence: log p(y) in nats, shape (): exact, EP's estimate (NaN where it has
    none), or the variational bound. sweeps: over the data, or Newton steps for "gaussian"; 0 where nothing is iterated.
    converged: whether the numbers are a solution.
    """

    mean: Tensor
    variance: Tensor
    log_evidence: Tensor
    sweeps: int
    converged: bool


def clutter_posterior(
    y,
    method: str,
    *,
    weight: float = 0.5,
    clutter_variance: float = 10.0,
    prior_variance: float = 100.0,
    damping: float = 1.0,
) -> ClutterPosterior:
    """The posterior of theta when only some data speak of it: theta ~ N(0, prior_variance) and, independently,

    y_i ~ (1 - weight) N(theta, 1) + weight N(0, clutter_variance).

    Args:
        y: shape (n,), the data.
        method: "exact" sums all 2^n cases (on a grid, to rounding). "ep" is expectation propagation with Gaussian
            sites, one datum after the other, from sites equal to 1. "mean_field" maximises the evidence bound over
            q(theta) q(c), with c the labels signal and clutter; "gaussian" over all Gaussians q(theta), c summed
            out. These two start from every mode of the posterior and from its mean, and keep the best end.
        weight: the probability of clutter, 0 to 1.
        clutter_variance, prior_variance: positive.
        damping: for "ep", the share of the way to the new site that is gone, above 0 and at most 1.

    Returns:
        On the device of y. EP skips a site whose cavity has no positive precision; it counts as converged when a
        sweep moved nothing and no site has such a cavity, so that the log evidence exists.

    Raises:
        ValueError: no data, NaN, a parameter outside its range, another method, data too far apart for the grid.

    Source: T. Minka, "Expectation propagation for approximate Bayesian inference", 2001; the two directions of KL after
    UL p.18.

    >>> clutter_posterior([2.5, 1.8, -4.0], "exact").mean
    tensor(0.3565, dtype=torch.float64)
    """
    y = checks.finite("y", y, shape=("n",))
    checks.one_of("method", method, METHODS)
    weight = checks.number("weight", weight, 0, 1)
    damping = checks.number("damping", damping, 0, 1, open_low=True)
    problem = Clutter(
        y.detach().cpu().numpy(),
        float(weight),
        float(checks.positive("clutter_variance", clutter_variance)),
        float(checks.positive("prior_variance", prior_variance)),
    )
    mean, variance, log_evidence, sweeps, converged = _solve(problem, method, float(damping))
    numbers = torch.tensor([mean, variance, log_evidence], dtype=torch.float64, device=y.device)
    return ClutterPosterior(*numbers, sweeps, converged)


def _solve(problem: Clutter, method: str, damping: float):
    if problem.weight in (0.0, 1.0):
        return *_conjugate(problem), 0, True
    if method == "ep":
        return propagate(problem, damping)
    if method == "exact":
        return *exact_moments(problem), 0, True
    table = problem.table(sharp=True)
    modes = _modes(problem, table)
    mean, variance, _ = exact_moments(problem)
    if method == "mean_field":
        return coordinate_optima(problem, np.append(modes, mean))
    curvature = np.sqrt(len(problem.y) + 1 / problem.prior_variance)
    return best_gaussian(problem, table, [*((mode, 1 / curvature) for mode in modes), (mean, variance**0.5)])


def _modes(problem: Clutter, table: Table) -> np.ndarray:
    """The points of the grid at which the posterior is higher than at both neighbours."""
    log_joint = table.excess - 0.5 * table.theta**2 / problem.prior_variance
    peak = (log_joint[1:-1] >= log_joint[:-2]) & (log_joint[1:-1] > log_joint[2:])
    return table.theta[1:-1][peak]


def _conjugate(problem: Clutter) -> tuple[float, float, float]:
    """Without clutter the posterior is Gaussian, without signal it is the prior, and every method gives it."""
    n, prior = len(problem.y), problem.prior_variance
    if problem.weight == 1.0:
        return 0.0, prior, float(problem.log_clutter.sum())
    variance = 1 / (n + 1 / prior)
    mean = variance * float(problem.y.sum())
    residual = float(problem.y @ problem.y) - mean**2 / variance
    return mean, variance, -0.5 * (residual + n * np.log(2 * np.pi) + np.log(prior / variance))

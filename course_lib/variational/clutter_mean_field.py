"""Mean field on the clutter problem: q(theta) q(c), with c saying which data are signal."""

import numpy as np

from course_lib.variational.clutter_problem import Clutter

__all__ = ["coordinate_optima"]

_SWEEPS = 10_000
_STILL = 1e-12


def coordinate_optima(problem: Clutter, starts: np.ndarray) -> tuple[float, float, float, int, bool]:
    """Mean, variance, bound, sweeps and convergence of the best end of coordinate ascent from several means.

    Args:
        starts: shape (k,), where q(theta) stands at first, with the variance that all data as signal would give it.
    """
    from scipy.special import expit  # a third of a second of import, for everyone who asks for a VAE

    n = len(problem.y)
    mean = np.asarray(starts, dtype=float)
    variance = np.full_like(mean, 1 / (n + 1 / problem.prior_variance))
    sweeps, moved = 0, np.full_like(mean, np.inf)
    while sweeps < _SWEEPS and moved.max() > _STILL:
        sweeps += 1
        r = expit(problem.log_ratio((problem.y - mean[:, None]) ** 2 + variance[:, None]))
        before, variance = (mean, variance), 1 / (1 / problem.prior_variance + r.sum(1))
        mean = variance * (r @ problem.y)
        moved = np.maximum(abs(mean - before[0]) / np.sqrt(variance), abs(variance / before[1] - 1))
    bounds = _bound(problem, mean, variance)
    best = int(bounds.argmax())
    return mean[best], variance[best], bounds[best], sweeps, bool(moved[best] <= _STILL)


def _bound(problem, mean, variance):
    """The evidence bound of q(theta) = N(mean, variance) and the best q(c) for it; all of shape (k,)."""
    ratio = problem.log_ratio((problem.y - mean[:, None]) ** 2 + variance[:, None])
    # With the best q(c), expectation and entropy of c add up to the logarithm of a sum over c.
    data = problem.log_all_clutter + np.logaddexp(0.0, ratio).sum(1)
    prior = problem.prior_variance
    return data - 0.5 * ((mean**2 + variance) / prior - 1 + np.log(prior / variance))

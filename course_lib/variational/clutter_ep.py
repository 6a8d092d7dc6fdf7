"""Expectation propagation on the clutter problem, one datum after the other."""

import math
from typing import NamedTuple

from course_lib.variational.clutter_problem import Clutter

__all__ = ["Propagated", "propagate"]

_SWEEPS = 2_000
_STILL = 1e-11


class Propagated(NamedTuple):
    """Mean and variance of q, the log evidence (NaN where there is none), sweeps, and whether q is a fixed point."""

    mean: float
    variance: float
    log_evidence: float
    sweeps: int
    converged: bool


def propagate(problem: Clutter, damping: float) -> Propagated:
    """Sweeps over the sites until nothing moves.

    A site whose cavity is improper is left as it is. A sweep that skips one can stand still without being at a fixed
    point; then the log evidence does not exist, and the end does not count as converged.
    """
    data = list(zip(problem.y.tolist(), problem.log_clutter.tolist(), strict=True))
    prior = 1 / problem.prior_variance
    precisions, shifts = [0.0] * len(data), [0.0] * len(data)
    precision, shift = prior, 0.0
    sweeps, moved = 0, math.inf
    while sweeps < _SWEEPS and moved > damping * _STILL * max(precision, abs(shift)):
        sweeps, moved = sweeps + 1, 0.0
        for i, (y, log_clutter) in enumerate(data):
            cavity_precision, cavity_shift = precision - precisions[i], shift - shifts[i]
            if cavity_precision <= 0:
                continue
            _, mean, variance = _tilted(problem, cavity_precision, cavity_shift, y, log_clutter)
            change = damping * (1 / variance - cavity_precision - precisions[i])
            push = damping * (mean / variance - cavity_shift - shifts[i])
            precisions[i] += change
            shifts[i] += push
            moved = max(moved, abs(change), abs(push))
            precision, shift = precision + change, shift + push
        # Sums of many changes collect rounding; the sites are what counts.
        precision, shift = prior + math.fsum(precisions), math.fsum(shifts)
    log_evidence = _log_evidence(problem, data, precisions, shifts)
    still = moved <= damping * _STILL * max(precision, abs(shift))
    converged = still and math.isfinite(log_evidence)
    return Propagated(shift / precision, 1 / precision, log_evidence, sweeps, converged)


def _tilted(problem, precision, shift, y, log_clutter):
    """log of the mass, mean and variance of cavity times one factor of the likelihood."""
    mean, variance = shift / precision, 1 / precision
    distance = y - mean
    log_signal = math.log1p(-problem.weight) - 0.5 * (
        distance**2 / (variance + 1) + math.log(2 * math.pi * (variance + 1))
    )
    log_clutter = math.log(problem.weight) + log_clutter
    top = max(log_signal, log_clutter)
    log_mass = top + math.log(math.exp(log_signal - top) + math.exp(log_clutter - top))
    r, not_r = math.exp(log_signal - log_mass), math.exp(log_clutter - log_mass)
    step = variance * distance / (variance + 1)
    # variance - r variance² / (variance + 1), without the difference of two large numbers
    within = variance * (1 + not_r * variance) / (variance + 1)
    return log_mass, mean + r * step, within + r * not_r * step**2


def _log_evidence(problem, data, precisions, shifts):
    """log of the integral of prior times sites, each site scaled so that it leaves the mass that its factor leaves."""
    precision, shift = 1 / problem.prior_variance + math.fsum(precisions), math.fsum(shifts)
    total = _log_partition(precision, shift) - _log_partition(1 / problem.prior_variance, 0.0)
    for (y, log_clutter), site, push in zip(data, precisions, shifts, strict=True):
        cavity = precision - site
        if cavity <= 0:
            return math.nan
        log_mass, _, _ = _tilted(problem, cavity, shift - push, y, log_clutter)
        total += log_mass + _log_partition(cavity, shift - push) - _log_partition(precision, shift)
    return total


def _log_partition(precision, shift):
    """log of the integral of exp(shift θ - precision θ² / 2), less log sqrt(2 pi)."""
    return 0.5 * (shift**2 / precision - math.log(precision))

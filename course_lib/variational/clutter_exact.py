"""The exact posterior of the clutter problem: 2^n Gaussians, one of them wide, the others summed on a grid."""

import math

import numpy as np

from course_lib.variational.clutter_problem import Clutter

__all__ = ["exact_moments"]


def exact_moments(problem: Clutter) -> tuple[float, float, float]:
    """Mean, variance and log evidence.

    Each choice of the data that are signal gives one Gaussian. The one without signal is the prior itself, however
    wide; all others have a standard deviation below 1 and their means between the data and 0, so that a grid there
    holds them to rounding.
    """
    table = problem.table(sharp=False)
    log_prior = -0.5 * (
        table.theta**2 / problem.prior_variance + math.log(2 * math.pi * problem.prior_variance)
    )
    excess = np.maximum(table.excess, 1e-300)
    # log(exp(excess) - 1): the likelihood less its part without any signal.
    log_signal = log_prior + excess + np.log(-np.expm1(-excess))
    top = max(0.0, float(log_signal.max()))
    mass = np.exp(log_signal - top) * table.spacing
    signal, clutter = float(mass.sum()), math.exp(-top)
    total = signal + clutter
    mean = float(mass @ table.theta) / total
    spread = float(mass @ (table.theta - mean) ** 2) + clutter * (problem.prior_variance + mean**2)
    return mean, spread / total, problem.log_all_clutter + top + math.log(total)

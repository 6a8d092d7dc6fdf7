"""Expectation propagation and its rivals for any factors on a line: what the open experiment of the lesson runs on.

Everything is a sum over one grid of theta, so a factor may be any function whose logarithm can be computed there.
"""

import math
from typing import NamedTuple

import torch
from scipy import optimize
from torch.distributions import Normal

from course_lib import checks

__all__ = ["GRID", "GridPropagation", "best_gaussian_on_grid", "compare", "ep_on_grid", "moments"]

GRID = torch.linspace(-40, 40, 16_001, dtype=torch.float64)
_STEP = float(GRID[1] - GRID[0])


class GridPropagation(NamedTuple):
    """Mean and variance of q, the sites as (precision, shift), the last sweep's largest move and skipped sites."""

    mean: float
    variance: float
    sites: list[tuple[float, float]]
    moved: float
    skipped: int


def moments(log_density) -> tuple[float, float]:
    """Mean and variance of exp(log_density), shape of ``GRID``, normalised or not."""
    mass = torch.softmax(log_density, 0)
    mean = mass @ GRID
    return float(mean), float(mass @ (GRID - mean) ** 2)


def ep_on_grid(log_factors, damping: float = 0.7, sweeps: int = 60) -> GridPropagation:
    """Expectation propagation with a Gaussian site for every factor.

    Args:
        log_factors: functions of theta, shape (m,), that give log factors of that shape. The first is the prior: its
            site starts at its own moments, all others at 1.
        damping: the share of the way to the new site that is gone, above 0 and at most 1.
        sweeps: over all sites. A site whose cavity has no positive precision is skipped.
    """
    tables = _tables(log_factors)
    damping = checks.number("damping", damping, 0, 1, open_low=True)
    sweeps = checks.integer("sweeps", sweeps, 1)
    mean, variance = moments(tables[0])
    sites = [(1 / variance, mean / variance)] + [(0.0, 0.0)] * (len(tables) - 1)
    moved, skipped = 0.0, 0
    for _ in range(sweeps):
        moved, skipped = 0.0, 0
        for i, table in enumerate(tables):
            precision = sum(site[0] for j, site in enumerate(sites) if j != i)
            shift = sum(site[1] for j, site in enumerate(sites) if j != i)
            if precision <= 0:
                # In the first sweep the prior meets no other site yet, and is right as it is.
                skipped += i > 0
                continue
            mean, variance = moments(table + shift * GRID - 0.5 * precision * GRID**2)
            new = (1 / variance - precision, mean / variance - shift)
            moved = max(moved, *(abs(to - old) for to, old in zip(new, sites[i], strict=True)))
            sites[i] = tuple(old + damping * (to - old) for to, old in zip(new, sites[i], strict=True))
    precision, shift = sum(site[0] for site in sites), sum(site[1] for site in sites)
    return GridPropagation(shift / precision, 1 / precision, sites, moved, skipped)


def best_gaussian_on_grid(log_factors) -> tuple[float, float, float]:
    """Mean, variance and evidence bound of the Gaussian with the smallest KL(q‖p) that two searches find.

    They start at the moments of the posterior and at its mode.
    """
    log_joint = sum(_tables(log_factors))
    mean, variance = moments(log_joint)

    def negative_bound(parameters):
        log_q = Normal(parameters[0], math.exp(parameters[1])).log_prob(GRID)
        # A place that a factor rules out counts as very improbable: minus infinity stops the search.
        return float((log_q.exp() * (log_q - log_joint.clamp(min=-1e6))).sum()) * _STEP

    starts = [(mean, 0.5 * math.log(variance)), (float(GRID[log_joint.argmax()]), -0.5)]
    options = {"xatol": 1e-6, "fatol": 1e-10}
    fits = [
        optimize.minimize(negative_bound, start, method="Nelder-Mead", options=options) for start in starts
    ]
    best = min(fits, key=lambda fit: fit.fun)
    return float(best.x[0]), math.exp(2 * best.x[1]), -float(best.fun)


def compare(log_factors) -> None:
    """Prints mean and standard deviation of the exact posterior, EP, the best Gaussian for KL(q‖p) and Laplace.

    Args:
        log_factors: as for ``ep_on_grid``, the prior first. The posterior must lie between -40 and 40.
    """
    tables = _tables(log_factors)
    log_joint = sum(tables)
    mean, variance = moments(log_joint)
    log_evidence = float(torch.logsumexp(log_joint, 0)) + math.log(_STEP)
    _row("exact", mean, variance, f"log evidence {log_evidence:.3f}")
    ep = ep_on_grid(log_factors)
    negative = sum(site[0] < 0 for site in ep.sites)
    _row(
        "EP",
        ep.mean,
        ep.variance,
        f"{negative} negative sites, last move {ep.moved:.0e}, {ep.skipped} skipped",
    )
    mean, variance, bound = best_gaussian_on_grid(log_factors)
    _row("best Gaussian", mean, variance, f"bound {bound:.3f}")
    mode = int(log_joint.argmax())
    around = log_joint[max(mode - 1, 0) : mode + 2]
    curvature = -float(around[0] - 2 * around[1] + around[2]) / _STEP**2 if len(around) == 3 else math.nan
    if math.isfinite(curvature) and curvature > 0:
        _row("Laplace", float(GRID[mode]), 1 / curvature, "")
    else:
        print("Laplace         none: the mode has no curvature")


def _row(name: str, mean: float, variance: float, note: str) -> None:
    print(f"{name:14}  mean {mean:7.3f}   std {math.sqrt(variance):.3f}   {note}".rstrip())


def _tables(log_factors) -> list[torch.Tensor]:
    tables = []
    for i, factor in enumerate(checks.items("log_factors", log_factors, "a list of functions")):
        checks.function(f"log_factors[{i}]", factor, "a function of theta")
        tables.append(checks.tensor(f"log_factors[{i}](theta)", factor(GRID), shape=(len(GRID),)))
    if not tables:
        raise checks.refuse("log_factors", "at least one function, the prior first", log_factors)
    if not bool(torch.isfinite(torch.logsumexp(sum(tables), 0))):
        raise ValueError(
            "log_factors: expected factors whose product has mass between -40 and 40, got one that has none"
        )
    return tables

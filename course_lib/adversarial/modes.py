"""How many modes of a known mixture a generator reaches, with the thresholds stated."""

from dataclasses import dataclass

import torch
from torch import Tensor

from course_lib import checks
from course_lib.device import home
from course_lib.divergences.distances import between

__all__ = ["ModeReport", "count_modes"]


@dataclass(frozen=True)
class ModeReport:
    """What ``count_modes`` found.

    Attributes:
        masses: share of all samples on each mode, shape ``(k,)``.
        covered: number of modes whose mass is at least ``minimum_share / k``.
        on_a_mode: share of the samples that lie on any mode.
        smallest_mass: the mass of the rarest mode (1/k is even).
    """

    masses: Tensor
    covered: int
    on_a_mode: float
    smallest_mass: float


def count_modes(samples, centres, std: float, radius: float = 3.0, minimum_share: float = 0.1) -> ModeReport:
    """Assigns each sample to its nearest centre and counts.

    Args:
        samples: shape ``(n, d)``, n at least 1.
        centres: the modes, shape ``(k, d)``.
        std: standard deviation of one mode.
        radius: a sample is *on* its nearest mode when it lies within ``radius * std`` of the centre. The default,
            3, keeps 98.9 % of a two-dimensional Gaussian mode.
        minimum_share: a mode is *covered* when at least this part of its even share 1/k of all samples is on it.

    >>> centres = torch.tensor([[0.0, 0.0], [1.0, 0.0]])
    >>> count_modes(torch.tensor([[0.0, 0.1], [0.1, 0.0], [0.5, 5.0]]), centres, std=0.1).covered
    1
    """
    centres = checks.samples("centres", home(centres)).detach()
    samples = checks.samples("samples", home(samples), centres.shape[1], like=centres).detach()
    std, radius = checks.positive("std", std), checks.positive("radius", radius)
    minimum_share = checks.number("minimum_share", minimum_share, 0)
    # In float64 and from differences: samples may lie far from the origin, and a mode is small.
    squares, nearest = between(samples, centres.to(samples)).min(dim=1)
    k = len(centres)
    counts = torch.bincount(nearest[squares <= (radius * std) ** 2], minlength=k)
    masses = counts.double() / len(samples)
    covered = int((masses >= minimum_share / k).sum())
    return ModeReport(masses, covered, float(masses.sum()), float(masses.min()))

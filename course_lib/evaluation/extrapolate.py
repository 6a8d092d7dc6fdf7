"""FID for infinitely many samples, from the line that finite ones lie on.

Source: Chong and Forsyth 2020, arXiv:1911.07023. I24 Frechet Inception Distance: "needs a large sample size".
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from course_lib import checks
from course_lib.evaluation.fid_score import _features, fid
from course_lib.evaluation.statistics import FeatureStatistics

__all__ = ["ExtrapolatedFid", "fid_infinity"]


class ExtrapolatedFid(NamedTuple):
    """``value`` + ``slope`` / n is the line; ``values`` (sizes, repeats) are the distances it was fitted to."""

    value: Tensor
    slope: Tensor
    standard_error: Tensor
    sizes: Tensor
    values: Tensor

    def __float__(self) -> float:
        return float(self.value)


def fid_infinity(
    features_p,
    features_q,
    sizes: Sequence[int] | None = None,
    repeats: int = 5,
    subsample: str = "both",
    generator: torch.Generator | None = None,
) -> ExtrapolatedFid:
    """The FID that infinitely many samples would have, by a straight line in 1/n.

    The expectation of the FID between samples of size n is its true value plus a constant over n, up to terms of
    order 1/n^2, which are small once n is several times d. So take random subsets of several sizes, fit a line through
    the distances as a function of 1/n, and read it off at 1/n = 0. The result may be slightly negative where the true
    value is zero: it is an estimate and not a distance.

    Args:
        features_p, features_q: shape (n, d) and (m, d).
        sizes: at least two different sizes of subsets; by default eight from a fifth of the smaller set to all of it,
            evenly spaced in 1/n.
        repeats: random subsets of each size, drawn without replacement.
        subsample: ``"both"`` takes subsets of both sets and removes the bias of both; ``"q"`` keeps ``features_p``
            whole, as the paper does, and leaves the bias that its finite size brings.
        generator: on the CPU, makes the subsets repeat.

    Returns:
        ``ExtrapolatedFid``. The standard error is that of the regression; subsets overlap, so it is too small by some.

    Raises:
        ValueError: as ``fid``; sizes or repeats that do not make a line.
    """
    p = _rows("features_p", features_p)
    q = _rows("features_q", features_q, p.shape[1])
    checks.one_of("subsample", subsample, ("both", "q"))
    largest = min(len(p), len(q)) if subsample == "both" else len(q)
    sizes = _default_sizes(largest) if sizes is None else _sizes(sizes, largest)
    if len(sizes) < 2:
        raise ValueError(f"sizes: expected at least two different integers from 2 to {largest}, got {sizes}")
    repeats = checks.integer("repeats", repeats, 1)
    if len(sizes) * repeats < 3:
        raise ValueError(f"repeats: expected an integer that makes at least three values, got {repeats!r}")
    checks.generator("generator", generator)

    def drawn(rows: Tensor, n: int) -> Tensor:
        return rows[torch.randperm(len(rows), generator=generator)[:n].to(rows.device)]

    values = torch.stack(
        [
            torch.stack([fid(drawn(p, n) if subsample == "both" else p, drawn(q, n)) for _ in range(repeats)])
            for n in sizes
        ]
    )
    counts = torch.tensor(sizes, dtype=torch.float64, device=values.device)
    value, slope, error = _line(1 / counts.repeat_interleave(repeats), values.flatten())
    return ExtrapolatedFid(value, slope, error, counts, values)


def _rows(name: str, value, size: int | None = None) -> Tensor:
    if isinstance(value, FeatureStatistics):
        raise checks.refuse(name, "features, of which subsets can be drawn", value)
    return _features(name, value, size)


def _default_sizes(largest: int) -> list[int]:
    fractions = torch.linspace(5.0, 1.0, 8, dtype=torch.float64)
    return sorted({max(2, int(largest / float(f))) for f in fractions})


def _sizes(sizes, largest: int) -> list[int]:
    wanted = f"at least two different integers from 2 to {largest}"
    return sorted({checks.integer("sizes", n, 2, largest) for n in checks.items("sizes", sizes, wanted)})


def _line(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Least squares: intercept, slope, and the standard error of the intercept."""
    centred = x - x.mean()
    slope = (centred * y).sum() / centred.square().sum()
    intercept = y.mean() - slope * x.mean()
    residuals = y - intercept - slope * x
    variance = residuals.square().sum() / (len(x) - 2)
    return intercept, slope, (variance * (1 / len(x) + x.mean().square() / centred.square().sum())).sqrt()

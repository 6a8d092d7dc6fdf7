"""FID for infinitely many samples, from the line that finite ones lie on.

Source: Chong and Forsyth 2020, arXiv:1911.07023. I24 Frechet Inception Distance: "needs a large sample size".
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from course_lib.evaluation.fid_score import _features, fid

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
    p = _features("features_p", features_p)
    q = _features("features_q", features_q, p.shape[1])
    if subsample not in ("both", "q"):
        raise ValueError(f"subsample: expected 'both' or 'q', got {subsample!r}")
    largest = min(len(p), len(q)) if subsample == "both" else len(q)
    sizes = _default_sizes(largest) if sizes is None else sorted({int(n) for n in sizes})
    if len(sizes) < 2 or sizes[0] < 2 or sizes[-1] > largest:
        raise ValueError(f"sizes: expected at least two different integers from 2 to {largest}, got {sizes}")
    if isinstance(repeats, bool) or not isinstance(repeats, int) or repeats < 1 or len(sizes) * repeats < 3:
        raise ValueError(f"repeats: expected an integer that makes at least three values, got {repeats!r}")

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


def _default_sizes(largest: int) -> list[int]:
    fractions = torch.linspace(5.0, 1.0, 8, dtype=torch.float64)
    return sorted({max(2, int(largest / float(f))) for f in fractions})


def _line(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Least squares: intercept, slope, and the standard error of the intercept."""
    centred = x - x.mean()
    slope = (centred * y).sum() / centred.square().sum()
    intercept = y.mean() - slope * x.mean()
    residuals = y - intercept - slope * x
    variance = residuals.square().sum() / (len(x) - 2)
    return intercept, slope, (variance * (1 / len(x) + x.mean().square() / centred.square().sum())).sqrt()

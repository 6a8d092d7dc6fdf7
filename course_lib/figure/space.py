"""From an author's numbers to fractions of a panel's box."""

from dataclasses import dataclass

import numpy as np

__all__ = ["Space"]

# So far outside, in boxes, nothing is seen; painters need not cope with larger numbers.
_FAR = 1e4


@dataclass(frozen=True)
class Space:
    """The limits and scales of a panel: ``x`` and ``y`` map values to fractions, 0 at the first limit, 1 at the second.

    What is infinite, no number, or not positive on a logarithmic axis becomes NaN.

    >>> space = Space((0.0, 4.0), (1.0, 100.0), "linear", "log")
    >>> space.x([0.0, 1.0, 6.0]), space.y([10.0, -1.0])
    (array([0.  , 0.25, 1.5 ]), array([0.5, nan]))
    """

    xlim: tuple[float, float]
    ylim: tuple[float, float]
    xscale: str = "linear"
    yscale: str = "linear"

    def x(self, values) -> np.ndarray:
        """Fractions of the width, from the left."""
        return _fractions(values, self.xlim, self.xscale)

    def y(self, values) -> np.ndarray:
        """Fractions of the height, from below."""
        return _fractions(values, self.ylim, self.yscale)


def _fractions(values, limits, scale):
    values = np.asarray(values, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if scale == "log":
            values = np.log10(np.where(values > 0, values, np.nan))
            limits = np.log10(limits)
        fractions = (values - limits[0]) / (limits[1] - limits[0])
    return np.where(np.isfinite(fractions), np.clip(fractions, -_FAR, _FAR), np.nan)

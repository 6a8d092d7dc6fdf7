"""The clutter problem as numbers: its terms, and a grid on which its likelihood is a table."""

import math
from dataclasses import dataclass

import numpy as np

__all__ = ["Clutter", "Table"]

# exp(-38) is a tenth of the rounding of a double: what is smaller than that changes no sum.
_NOTHING = 38.0
_ENTRIES_AT_ONCE = 2_000_000
_MOST_ENTRIES = 100_000_000


@dataclass(frozen=True)
class Table:
    """The likelihood on equally spaced points.

    theta: (points,). spacing: between neighbours. excess: (points,), log p(y|theta) minus its value far from all data,
    where every datum is clutter; at least 0, and 0 beyond both ends to rounding.
    """

    theta: np.ndarray
    spacing: float
    excess: np.ndarray


@dataclass(frozen=True)
class Clutter:
    """y_i ~ (1 - weight) N(theta, 1) + weight N(0, clutter_variance), theta ~ N(0, prior_variance).

    y: shape (n,). weight: between 0 and 1, without the ends.
    """

    y: np.ndarray
    weight: float
    clutter_variance: float
    prior_variance: float

    @property
    def log_odds(self) -> float:
        """log of (1 - weight) / weight: signal against clutter before anything is seen."""
        return math.log1p(-self.weight) - math.log(self.weight)

    @property
    def log_clutter(self) -> np.ndarray:
        """log N(y_i; 0, clutter_variance), shape (n,), without the weight."""
        return -0.5 * (self.y**2 / self.clutter_variance + math.log(2 * math.pi * self.clutter_variance))

    @property
    def log_all_clutter(self) -> float:
        """log of the probability that every datum is clutter, and is what it is."""
        return float(self.log_clutter.sum()) + len(self.y) * math.log(self.weight)

    def log_ratio(self, squares) -> np.ndarray:
        """log of signal over clutter for each datum, given (expected) squared distances of y and theta."""
        return self.log_odds - 0.5 * (squares + math.log(2 * math.pi)) - self.log_clutter

    def table(self, *, sharp: bool) -> Table:
        """The likelihood on a grid fine and wide enough for sums over it to be exact to rounding.

        Args:
            sharp: whether logarithms of the likelihood are to be summed: they have kinks where a datum turns from
                signal to clutter, which its exponential has not.

        Raises:
            ValueError: the data lie too far apart for that.
        """
        # The trapezoid rule on a Gaussian that is cut where nothing is left is exact to rounding from a spacing of half
        # a standard deviation; no component is narrower than the one in which all data are signal.
        spacing = 0.5 / math.sqrt(len(self.y) + 1 / self.prior_variance)
        highest = max(0.0, float(self.log_ratio(np.zeros_like(self.y)).max()))
        if sharp:
            # The poles of the logistic function lie pi / slope beside the kink.
            spacing = min(spacing, 0.6 / max(1.0, math.sqrt(2 * highest)))
        reach = math.sqrt(2 * (_NOTHING + (highest if sharp else 0.0)))
        low, high = min(0.0, float(self.y.min())) - reach, max(0.0, float(self.y.max())) + reach
        points = math.ceil((high - low) / spacing) + 1
        if points * len(self.y) > _MOST_ENTRIES:
            raise ValueError(
                f"y: expected data close enough for a grid of {_MOST_ENTRIES:.0e} entries, "
                f"got {len(self.y)} numbers from {self.y.min():.3g} to {self.y.max():.3g}"
            )
        theta = low + spacing * np.arange(points)
        rows = max(1, _ENTRIES_AT_ONCE // len(self.y))
        parts = [self._excess(theta[start : start + rows]) for start in range(0, points, rows)]
        return Table(theta, spacing, np.concatenate(parts))

    def _excess(self, theta):
        ratio = self.log_ratio((self.y - theta[:, None]) ** 2)
        return np.logaddexp(0.0, ratio).sum(1)

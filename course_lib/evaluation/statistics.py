"""Mean and covariance of features that come in batches, in constant memory."""

from torch import Tensor

from course_lib import checks
from course_lib.device import home

__all__ = ["FeatureStatistics"]


class FeatureStatistics:
    """Count, mean and covariance of all rows seen so far, in float64 on the device of the first batch; no gradients.

    Each batch is centred by itself and then joined by the pairwise formula of Chan, Golub and LeVeque (1979):
    with delta the difference of the means, scatter = scatter_a + scatter_b + n_a n_b / (n_a + n_b) delta delta^T.
    The common way, E[x x^T] - mean mean^T, subtracts two large numbers when the mean is large, and loses the digits
    that the covariance is made of.

    >>> halves = FeatureStatistics().update([[1.0, 2.0]]).update([[3.0, 6.0], [5.0, 4.0]])
    >>> halves.count, halves.mean.tolist(), halves.covariance.tolist()
    (3, [3.0, 4.0], [[4.0, 2.0], [2.0, 4.0]])
    """

    def __init__(self) -> None:
        self.count = 0
        self._mean: Tensor | None = None
        self._scatter: Tensor | None = None

    def update(self, features) -> "FeatureStatistics":
        """Takes in one batch of shape (n, d), n at least 1; returns itself.

        Raises:
            ValueError: another shape, NaN or infinity, or another d than before. Nothing is taken in then.
        """
        size = None if self._mean is None else len(self._mean)
        rows = checks.samples("features", home(features), size, like=self._mean).detach()
        mean = rows.mean(0)
        centred = rows - mean
        # The mean is rounded, so the centred rows sum to a little more than nothing; this puts it right.
        mean = mean + centred.mean(0)
        centred = rows - mean
        self._join(len(rows), mean, centred.mT @ centred)
        return self

    def merge(self, other: "FeatureStatistics") -> "FeatureStatistics":
        """Takes in everything that ``other`` has seen; returns itself. ``other`` stays as it is.

        Raises:
            ValueError: ``other`` is something else, or has features of another size.
        """
        if not isinstance(other, FeatureStatistics):
            raise ValueError(f"other: expected FeatureStatistics, got {type(other).__name__}")
        if other.count == 0:
            return self
        if self._mean is not None and len(self._mean) != len(other._mean):
            raise ValueError(
                f"other: expected features of size {len(self._mean)}, got size {len(other._mean)}"
            )
        self._join(other.count, other._mean.clone(), other._scatter.clone())
        return self

    def _join(self, count: int, mean: Tensor, scatter: Tensor) -> None:
        if self._mean is None:
            self.count, self._mean, self._scatter = count, mean, scatter
            return
        mean, scatter = mean.to(self._mean.device), scatter.to(self._mean.device)
        total = self.count + count
        delta = mean - self._mean
        self._mean = self._mean + delta * (count / total)
        self._scatter += scatter
        self._scatter.addr_(delta, delta, alpha=self.count * count / total)
        self.count = total

    @property
    def mean(self) -> Tensor:
        """Shape (d,).

        Raises:
            ValueError: nothing was seen yet.
        """
        if self._mean is None:
            raise ValueError("features: expected at least one row before the mean is asked for, got none")
        return self._mean.clone()

    @property
    def covariance(self) -> Tensor:
        """Shape (d, d), with n - 1 in the denominator.

        Raises:
            ValueError: fewer than two rows were seen.
        """
        if self.count < 2:
            raise ValueError(
                f"features: expected at least two rows before the covariance is asked for, got {self.count}"
            )
        return (self._scatter + self._scatter.mT) / (2 * (self.count - 1))

    def __repr__(self) -> str:
        size = "" if self._mean is None else f", size={len(self._mean)}"
        return f"FeatureStatistics(count={self.count}{size})"

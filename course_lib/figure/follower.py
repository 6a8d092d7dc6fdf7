"""Limits that follow the data calmly."""

import math

import numpy as np

__all__ = ["Follower"]

# A view grows with this much room beyond data that left it, so that a moving slider does not move the axis each time,
_ROOM = 0.25
# and shrinks when the data fill less than this part of it.
_SMALL = 0.3


class Follower:
    """One axis' limits: grown when data leave the view, shrunk when they fill little of it, still otherwise.

    >>> axis = Follower("linear")
    >>> axis.follow([0.0, 1.0], margin=0.0)
    (0.0, 1.0)
    >>> axis.follow([0.2, 0.9], margin=0.0)
    (0.0, 1.0)
    >>> axis.follow([0.0, 2.0], margin=0.0)
    (0.0, 2.5)
    """

    def __init__(self, scale: str):
        self.log = scale == "log"
        self.limits = None

    def follow(self, values, margin: float, floor: float | None = None) -> tuple[float, float]:
        """The limits for ``values``; ``margin`` is a part of their span, ``floor`` an end that needs no margin."""
        values = np.asarray(values, dtype=float)
        values = values[np.isfinite(values) & ((values > 0) | (not self.log))]
        if self.log:
            values = np.log10(values)
        if values.size == 0:
            return self._outside() if self.limits else (0.1, 1.0) if self.log else (0.0, 1.0)
        low, high = float(values.min()), float(values.max())
        if self.limits is None:
            self.limits = self._around(low, high, margin, margin, floor)
        else:
            old_low, old_high = self.limits
            slack = 1e-9 * (old_high - old_low)
            if low < old_low - slack or high > old_high + slack:
                below, above = _ROOM * (low < old_low), _ROOM * (high > old_high)
                self.limits = self._around(min(low, old_low), max(high, old_high), below, above, floor)
            if high - low < _SMALL * (self.limits[1] - self.limits[0]):
                self.limits = self._around(low, high, max(margin, _ROOM), max(margin, _ROOM), floor)
        return self._outside()

    def _around(self, low, high, below, above, floor):
        span = high - low
        if not math.isfinite(span) or span <= 1e-12 * max(abs(low), abs(high), 1e-12):
            # A single value: half its own size to each side.
            span = max(abs(low), abs(high)) or 1.0
            below = above = 0.5
        new_low = low if floor is not None and low >= floor else low - below * span
        new_low = floor if floor is not None and low >= floor else new_low
        new_high = floor if floor is not None and high <= floor else high + above * span
        return (new_low, new_high) if new_high > new_low else (new_low, new_low + span)

    def _outside(self):
        low, high = (
            np.clip(self.limits, -300, 300).tolist() if self.log else self.limits
        )  # of 1e308 there is no more
        return (10.0**low, 10.0**high) if self.log else (low, high)

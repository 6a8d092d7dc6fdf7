"""Ticks of logarithmic axes: powers of ten where there are several, plain numbers between them where there are not."""

import math

from matplotlib.ticker import LogFormatterSciNotation, LogLocator

__all__ = ["LogLabels", "LogTicks"]

# An axis with fewer decades than this would show one power of ten or two, and nobody could read a value off it.
_FEW_DECADES = 2.0


class LogTicks(LogLocator):
    """Ticks at powers of ten, or at 1, 2 and 5 times these on a short axis.

    >>> ticks = LogTicks()
    >>> [float(f"{tick:.3g}") for tick in ticks.tick_values(0.23, 4.4) if 0.23 <= tick <= 4.4]
    [0.5, 1.0, 2.0]
    >>> [float(f"{tick:.3g}") for tick in ticks.tick_values(0.23, 440) if 0.23 <= tick <= 440]
    [1.0, 10.0, 100.0]
    """

    def __init__(self):
        super().__init__(numticks=6)

    def tick_values(self, vmin, vmax):
        self.set_params(subs=(1.0, 2.0, 5.0) if _is_short(vmin, vmax) else (1.0,))
        return super().tick_values(vmin, vmax)


class LogLabels(LogFormatterSciNotation):
    """Powers of ten as such; plain numbers on a short axis."""

    def __call__(self, x, pos=None):
        return f"{x:g}" if _is_short(*self.axis.get_view_interval()) else super().__call__(x, pos)


def _is_short(vmin, vmax):
    low, high = sorted((vmin, vmax))
    return low > 0 and math.log10(high / low) < _FEW_DECADES

"""Where the ticks of an axis stand, and what they say."""

import math

__all__ = ["linear_ticks", "log_ticks"]

# A logarithmic axis with fewer decades than this would show one power of ten or two: it has ticks at 2 and 5 too.
_FEW_DECADES = 2.0
_POWERS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def linear_ticks(low: float, high: float, most: int = 6) -> list[tuple[float, str]]:
    """Values at a round distance (1, 2 or 5 times a power of ten), at most ``most`` distances, with their labels.

    >>> linear_ticks(-0.1, 1.05)
    [(0.0, '0.0'), (0.2, '0.2'), (0.4, '0.4'), (0.6, '0.6'), (0.8, '0.8'), (1.0, '1.0')]
    >>> [label for _, label in linear_ticks(-3, 3)]
    ['−3', '−2', '−1', '0', '1', '2', '3']
    """
    low, high = sorted((low, high))
    raw = (high - low) / most
    power = math.floor(math.log10(raw))
    step, power = next(
        (round_one, power + (round_one == 10))
        for round_one in (1, 2, 5, 10)
        if round_one * 10**power >= raw * (1 - 1e-9)
    )
    step = (1 if step == 10 else step) * 10.0**power
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    # Counting steps keeps the dust of repeated additions away.
    values = [float(f"{index * step:.12g}") for index in range(first, last + 1)]
    return [(value, _plain(value, power, max(abs(low), abs(high)))) for value in values]


def log_ticks(low: float, high: float) -> list[tuple[float, str]]:
    """Powers of ten, or 1, 2 and 5 times these on a short axis, or round numbers on a very short one.

    >>> log_ticks(0.23, 4.4)
    [(0.5, '0.5'), (1.0, '1'), (2.0, '2')]
    >>> log_ticks(0.23, 440)
    [(1.0, '10⁰'), (10.0, '10¹'), (100.0, '10²')]
    """
    low, high = sorted((low, high))
    decades = math.log10(high) - math.log10(low)
    short = decades < _FEW_DECADES
    every = int(decades) // 6 + 1
    found = []
    for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1):
        if power % every == 0:
            found += [float(f"{digit}e{power}") for digit in ((1, 2, 5) if short else (1,))]
    found = [value for value in found if low * (1 - 1e-9) <= value <= high * (1 + 1e-9)]
    if len(found) < 2:
        return [(value, label) for value, label in linear_ticks(low, high) if value > 0]
    return [(value, f"{value:g}" if short else f"10{_superscript(value)}") for value in found]


def _plain(value, power, largest):
    if largest >= 1e7 or power < -4:
        exponent = math.floor(math.log10(largest))
        mantissa = f"{value / 10.0**exponent:.{max(0, exponent - power)}f}"
        return f"{mantissa}·10{str(exponent).translate(_POWERS)}".replace("-", "−") if value else "0"
    return f"{value:{',' if largest >= 1e4 else ''}.{max(0, -power)}f}".replace("-", "−")


def _superscript(value):
    return str(round(math.log10(value))).translate(_POWERS)

"""Numbers as text, the same everywhere: never a negative zero, words or signs for what is no finite number."""

import math

__all__ = ["pretty", "written"]


def written(value, format: str = ".6g") -> str:
    """``f"{value:{format}}"`` in plain characters, where a number that rounds to zero has no sign.

    Infinities are "infinity" and "-infinity", what is not a number is "NaN".

    >>> written(-0.00001, ".4f"), written(-0.5, ".4f"), written(float("-inf"))
    ('0.0000', '-0.5000', '-infinity')
    """
    if isinstance(value, complex):
        return f"{value:{format}}"
    if value != value:
        return "NaN"
    if value in (math.inf, -math.inf):
        return "infinity" if value > 0 else "-infinity"
    text = f"{value:{format}}"
    return text if any(digit in text for digit in "123456789") else text.replace("-", "", 1)


def pretty(value, format: str | None = None, undefined: str = "undefined") -> str:
    """A number (or text) for the reader's eye: with a true minus sign, ∞, and thousands apart in whole numbers.

    Args:
        format: such as ``".2f"``; without one, whole numbers in full and others with four decimals.
        undefined: what is shown for NaN.

    >>> pretty(-0.5, ".2f"), pretty(float("inf")), pretty(2048), pretty(-1e-9), pretty("on"), pretty(True)
    ('−0.50', '∞', '2,048', '0.0000', 'on', 'yes')
    """
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, str) or value is None:
        return str(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value != value:
        return undefined
    if value in (math.inf, -math.inf):
        return "∞" if value > 0 else "−∞"
    if format is None:
        format = ",d" if isinstance(value, int) else ".4f"
    return written(value, format).replace("-", "−")

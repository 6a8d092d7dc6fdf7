"""The block of a claim as it is written: numbers rounded, labels in a column, texts wrapped.

Numbers are rounded so that a block is the same from run to run: a fixed count of significant digits, what is
only rounding noise as 0, never -0.
"""

import math
import textwrap
import unicodedata

from course_lib.numerals import written

__all__ = ["ARGUED", "as_json", "format_difference", "format_number", "lines_of", "paragraph"]

ARGUED = "argued, as no computation decides it"
_LABEL_WIDTH = 36
_TEXT_WIDTH = 96
# A number this far below the tolerance is noise (0 summed in another order), and noise does not repeat.
_NOISE_SHARE = 1e-3


def format_number(number: float, others: list[float], tol: float, digits: int = 6) -> str:
    """One number with ``digits`` significant digits; an integer as it is; noise beside ``others`` as 0.

    >>> format_number(0.19, [0.19], 1e-6), format_number(3, [3], 1e-6), format_number(-2e-17, [0], 1e-6)
    ('0.190000', '3', '0.000000')
    """
    if isinstance(number, int):
        return str(number)
    if math.isinf(number):
        return "inf" if number > 0 else "-inf"
    scale = max([1.0, *(abs(other) for other in others if math.isfinite(other))])
    if abs(number) <= tol * _NOISE_SHARE * scale:
        return f"{0:.{digits}f}"
    return _significant(number, digits)


def format_difference(left: float, right: float, tol: float, digits: int = 6) -> str:
    """``right - left`` to the last digit that is shown of the larger one.

    >>> format_difference(0.19, 0.19 + 1e-9, 1e-6), format_difference(math.inf, math.inf, 1e-6)
    ('0.000000', '0')
    """
    if isinstance(left, int) and isinstance(right, int):
        return str(right - left)
    if left == right and math.isinf(left):
        return "0"
    difference = right - left
    if math.isinf(difference):
        return "inf" if difference > 0 else "-inf"
    size = max(abs(left), abs(right))
    decimals = digits - 1 - math.floor(math.log10(size)) if size > tol * _NOISE_SHARE else digits
    rounded = round(difference, decimals)
    if 0 <= decimals <= digits + 3:
        return written(rounded, f".{decimals}f")
    return _significant(rounded, digits) if rounded else "0"


def as_json(text: str) -> int | float | str:
    """A shown number as JSON: an integer where it has no point; infinity, which JSON lacks, stays a word.

    >>> as_json("0.190000"), as_json("-3"), as_json("-inf")
    (0.19, -3, '-inf')
    """
    if text.endswith("inf"):
        return text
    return int(text) if text.removeprefix("-").isdigit() else float(text)


def _significant(number: float, digits: int) -> str:
    return written(number, f"#.{digits}g").removesuffix(".")


def lines_of(rows: list[tuple[str, str] | str]) -> list[str]:
    """The lines of a block: a pair is a label with its value, all values in one column; a text stays as it is.

    >>> lines_of([("a", "1"), "in between", ("a label that is longer than the others", "2")])
    ['  a                                        1', 'in between', '  a label that is longer than the others   2']
    """
    width = max([_LABEL_WIDTH, *(_columns(row[0]) + 2 for row in rows if not isinstance(row, str))])
    return [
        row if isinstance(row, str) else f"  {row[0]}{' ' * (width - _columns(row[0]))} {row[1]}"
        for row in rows
    ]


def paragraph(label: str, text: str) -> str:
    """A text in a block, wrapped; the lines after the first are indented deeper."""
    return textwrap.fill(
        f"{label}: {' '.join(text.split())}",
        width=_TEXT_WIDTH,
        initial_indent="  ",
        subsequent_indent="      ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _columns(text: str) -> int:
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(unicodedata.combining(character) > 0 for character in text)

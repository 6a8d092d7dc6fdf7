"""The font of every picture, and how wide its texts are: known without painting, and without Matplotlib's code."""

import importlib.util
from functools import lru_cache
from pathlib import Path

from PIL import ImageFont

__all__ = ["LINE", "font", "text_width"]

#: From one line of a text to the next, in sizes.
LINE = 1.2

_FILES = {"normal": "DejaVuSans.ttf", "bold": "DejaVuSans-Bold.ttf"}
# Pixels an em in which widths are measured: the unit of the font's outlines, so that no hinting rounds them.
_EM = 2048


@lru_cache(maxsize=128)
def font(size: float, weight: str = "normal") -> ImageFont.FreeTypeFont:
    """DejaVu Sans, ``size`` pixels an em; ``weight`` is "normal" or "bold".

    Raises:
        ValueError: there is no such weight, or the size is not positive.
        FileNotFoundError: the font's file, which Matplotlib brings along, is not there.
    """
    if not size > 0:
        raise ValueError(f"size: expected a positive number of pixels, got {size!r}")
    # With Pillow's own layout the same text stands the same on every machine, whatever libraries that has.
    return ImageFont.truetype(_file(weight), size, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=4096)
def text_width(string: str, size: float, weight: str = "normal") -> float:
    """Pixels from the left to the right end of a text, proportional to ``size``; of several lines, the widest.

    Letters stand apart by their own advances; no pair is kerned.

    >>> text_width("samples", 24.0) == 2 * text_width("samples", 12.0)
    True
    """
    letters = font(_EM, weight)
    return max(letters.getlength(line) for line in string.split("\n")) * size / _EM


@lru_cache(maxsize=2)
def _file(weight):
    if weight not in _FILES:
        raise ValueError(f"weight: expected 'normal' or 'bold', got {weight!r}")
    # Found without importing it, which takes long.
    package = importlib.util.find_spec("matplotlib")
    folder = Path(package.origin).parent / "mpl-data" / "fonts" / "ttf" if package else None
    if folder is None or not (folder / _FILES[weight]).is_file():
        raise FileNotFoundError(
            f"the font {_FILES[weight]} is missing: it comes with Matplotlib; install that again, "
            "for example with `python -m pip install --force-reinstall matplotlib`"
        )
    return str(folder / _FILES[weight])

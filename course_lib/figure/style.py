"""One look for every picture of the course: colours by role, a second coding besides colour, readable fonts.

The palette is that of Okabe and Ito (2008), which colour-blind readers can tell apart. Because a projector washes
colours out, each role also has its own line style, marker and hatching.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, is_color_like, to_rgba
from matplotlib.font_manager import FontProperties

__all__ = [
    "GRID",
    "INK",
    "MUTED",
    "OKABE_ITO",
    "PAPER",
    "ROLES",
    "Role",
    "colormap",
    "font",
    "line_style",
    "rgba",
]

OKABE_ITO: Mapping[str, str] = MappingProxyType(
    {
        "black": "#000000",
        "orange": "#E69F00",
        "skyblue": "#56B4E9",
        "green": "#009E73",
        "yellow": "#F0E442",
        "blue": "#0072B2",
        "vermillion": "#D55E00",
        "purple": "#CC79A7",
        "grey": "#767676",
    }
)

PAPER, INK, MUTED, GRID = "#ffffff", "#222222", "#5f6368", "#e6e8eb"


@dataclass(frozen=True)
class Role:
    """How everything that plays one part in the course is drawn."""

    color: str
    line: str = "solid"
    marker: str = "o"
    hatch: str = ""


_P = Role(OKABE_ITO["blue"])
_Q = Role(OKABE_ITO["vermillion"], "dashed", "^", "///")
ROLES: Mapping[str, Role] = MappingProxyType(
    {
        "p": _P,
        "data": _P,
        "q": _Q,
        "model": _Q,
        "third": Role(OKABE_ITO["green"], "dashdot", "s", "..."),
        "fourth": Role(OKABE_ITO["purple"], "dotted", "D", "xxx"),
        "fifth": Role(OKABE_ITO["skyblue"], "longdash", "v", "\\\\\\"),
        "accent": Role(OKABE_ITO["orange"], "solid", "X"),
        "muted": Role(MUTED, "solid", "."),
        "ink": Role(INK),
    }
)

# Dash patterns in units of the line's width, longer than Matplotlib's so that a projector keeps them apart.
_LINE_STYLES = {
    "solid": "-",
    "dashed": (0, (4.0, 1.8)),
    "dashdot": (0, (5.0, 1.6, 1.2, 1.6)),
    "dotted": (0, (1.2, 1.4)),
    "longdash": (0, (8.0, 2.0)),
    "-": "-",
    "--": (0, (4.0, 1.8)),
    "-.": (0, (5.0, 1.6, 1.2, 1.6)),
    ":": (0, (1.2, 1.4)),
}

_MAPS = {
    # White to dark blue: lines and points in any role stay visible on top.
    "density": LinearSegmentedColormap.from_list(
        "density", ["#ffffff", "#d6e6f2", "#9cc5e0", "#4f97c6", "#1a6aa5", "#083d6f"]
    ),
    # Signed values: vermillion below zero, white at zero, blue above.
    "signed": LinearSegmentedColormap.from_list(
        "signed", ["#8a3200", "#D55E00", "#f2b48a", "#ffffff", "#8fc1e0", "#0072B2", "#00406a"]
    ),
}


def rgba(color: object, alpha: float | None = None) -> tuple[float, float, float, float]:
    """The colour of a role, of an Okabe-Ito name, or any Matplotlib colour.

    Raises:
        ValueError: there is no such colour.

    >>> rgba("data") == rgba("p") == rgba("blue")
    True
    """
    if isinstance(color, str) and color in ROLES:
        color = ROLES[color].color
    elif isinstance(color, str) and color in OKABE_ITO:
        color = OKABE_ITO[color]
    if not is_color_like(color):
        names = ", ".join(repr(name) for name in (*ROLES, *OKABE_ITO))
        raise ValueError(f"color: expected one of {names}, or a Matplotlib colour, got {color!r}")
    return to_rgba(color, alpha)


def line_style(style: str | None, color: object = None):
    """The Matplotlib line style for a name, or for a role when no name is given.

    Raises:
        ValueError: there is no such style.

    >>> line_style(None, "p")
    '-'
    """
    if style is None:
        style = ROLES[color].line if isinstance(color, str) and color in ROLES else "solid"
    if style not in _LINE_STYLES:
        names = ", ".join(repr(name) for name in _LINE_STYLES)
        raise ValueError(f"style: expected one of {names}, got {style!r}")
    return _LINE_STYLES[style]


def colormap(name: str | Sequence[str]) -> np.ndarray:
    """A table of 256 colours, shape (256, 4), uint8: ``"density"``, ``"signed"``, or one of Matplotlib's names.

    Raises:
        ValueError: there is no such map.
    """
    if name not in _MAPS:
        from matplotlib import colormaps

        if name not in colormaps:
            raise ValueError(f"cmap: expected 'density', 'signed' or a Matplotlib colour map, got {name!r}")
        _MAPS[name] = colormaps[name]
    return (_MAPS[name](np.arange(256)) * 255 + 0.5).astype(np.uint8)


_SIZES = {"title": 14.0, "label": 13.0, "tick": 11.5, "legend": 12.0, "text": 12.0, "value": 11.0}


def font(part: str = "text", **changes) -> FontProperties:
    """The font of one part of a picture: title, label, tick, legend, text, value (a number on a bar)."""
    settings = {"family": "DejaVu Sans", "size": _SIZES[part], **changes}
    return FontProperties(**settings)

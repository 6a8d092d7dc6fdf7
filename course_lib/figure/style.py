"""One look for every picture of the course: colours by role, a second coding besides colour, readable fonts.

The palette is that of Okabe and Ito (2008), which colour-blind readers can tell apart. Because a projector washes
colours out, each role also has its own line style, marker and hatching.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import numpy as np

__all__ = [
    "GRID",
    "INK",
    "MARKERS",
    "MUTED",
    "OKABE_ITO",
    "PAPER",
    "PX",
    "ROLES",
    "SIZES",
    "Role",
    "colormap",
    "css",
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


#: CSS pixels in a point: an author's inch is 100 of these pixels.
PX = 100 / 72

#: Sizes of the fonts in CSS pixels; a "value" is a number on a bar. The smallest is 11 px high in the narrowest page.
SIZES: Mapping[str, float] = MappingProxyType(
    {"heading": 16 * PX, "title": 14 * PX, "label": 13 * PX, "tick": 11.5 * PX, "legend": 12 * PX, "text": 12 * PX,
     "value": 11 * PX}
)  # fmt: skip


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

_HALF, _ROOT = 0.5, 0.5**0.5
_CROSS = [
    (-2, -3),
    (0, -1),
    (2, -3),
    (3, -2),
    (1, 0),
    (3, 2),
    (2, 3),
    (0, 1),
    (-2, 3),
    (-3, 2),
    (-1, 0),
    (-3, -2),
]
#: Corners of the markers, one unit across, y upwards; a circle has none.
MARKERS: Mapping[str, list | None] = MappingProxyType(
    {
        "o": None,
        ".": None,
        "^": [[0, _HALF], [-_HALF, -_HALF], [_HALF, -_HALF]],
        "v": [[0, -_HALF], [-_HALF, _HALF], [_HALF, _HALF]],
        "s": [[-_HALF, -_HALF], [_HALF, -_HALF], [_HALF, _HALF], [-_HALF, _HALF]],
        "D": [[0, -_ROOT], [_ROOT, 0], [0, _ROOT], [-_ROOT, 0]],
        "X": [[x / 6, y / 6] for x, y in _CROSS],
    }
)

# Dash patterns in units of the line's width, longer than usual so that a projector keeps them apart.
_SOLID, _DASHED, _DOTTED, _DASHDOT = (), (4.0, 1.8), (1.2, 1.4), (5.0, 1.6, 1.2, 1.6)
_LINE_STYLES = {
    "solid": _SOLID,
    "dashed": _DASHED,
    "dashdot": _DASHDOT,
    "dotted": _DOTTED,
    "longdash": (8.0, 2.0),
    "-": _SOLID,
    "--": _DASHED,
    "-.": _DASHDOT,
    ":": _DOTTED,
}

# Colours at even distances; those between are interpolated. A name with "_r" is one backwards.
_MAPS = {
    # White to dark blue: lines and points in any role stay visible on top.
    "density": "ffffff d6e6f2 9cc5e0 4f97c6 1a6aa5 083d6f",
    # Signed values: vermillion below zero, white at zero, blue above.
    "signed": "8a3200 D55E00 f2b48a ffffff 8fc1e0 0072B2 00406a",
    "gray": "000000 ffffff",
    # ColorBrewer's, and viridis at eighteen of its steps: the maps that Matplotlib has under these names.
    "Blues": "f7fbff deebf7 c6dbef 9ecae1 6baed6 4292c6 2171b5 08519c 08306b",
    "RdBu": "67001f b2182b d6604d f4a582 fddbc7 f7f7f7 d1e5f0 92c5de 4393c3 2166ac 053061",
    "viridis": "440154 481769 472a7a 433d84 3d4e8a 355e8d 2e6d8e 297b8e 23898e 1f978b "
    "21a585 2eb37c 46c06f 65cb5e 89d548 b0dd2f d8e219 fde725",
}


@cache
def _from_name(color: str) -> tuple[float, float, float, float] | None:
    if color in ROLES:
        color = ROLES[color].color
    color = {**OKABE_ITO, "white": PAPER}.get(color, color)
    if re.fullmatch("#[0-9a-fA-F]{6}([0-9a-fA-F]{2})?", color):
        parts = [int(color[i : i + 2], 16) / 255 for i in range(1, len(color), 2)]
        return (*parts, 1.0) if len(parts) == 3 else tuple(parts)
    return _from_matplotlib(color)


def _from_numbers(color):
    plain = isinstance(color, (tuple, list)) and len(color) in (3, 4)
    if plain and all(isinstance(part, (int, float)) and 0 <= part <= 1 for part in color):
        return (*map(float, color), 1.0)[:4] if len(color) == 3 else tuple(map(float, color))
    return _from_matplotlib(color)


def _from_matplotlib(color):
    """Any other colour: rare enough to import Matplotlib for."""
    from matplotlib.colors import is_color_like, to_rgba

    return to_rgba(color) if is_color_like(color) else None


def rgba(color: object, alpha: float | None = None) -> tuple[float, float, float, float]:
    """The colour of a role, of an Okabe-Ito name, or any Matplotlib colour.

    Raises:
        ValueError: there is no such colour.

    >>> rgba("data") == rgba("p") == rgba("blue")
    True
    """
    found = _from_name(color) if isinstance(color, str) else _from_numbers(color)
    if found is None:
        names = ", ".join(repr(name) for name in (*ROLES, *OKABE_ITO))
        raise ValueError(f"color: expected one of {names}, or a Matplotlib colour, got {color!r}")
    return found if alpha is None else (*found[:3], float(alpha))


def css(color) -> str:
    """Four numbers from 0 to 1 as ``"#rrggbb"``, or ``"#rrggbbaa"`` when one can see through.

    >>> css((1, 0, 0.5, 1)), css((0, 0, 0, 0.25))
    ('#ff0080', '#00000040')
    """
    parts = "".join(f"{round(part * 255):02x}" for part in color)
    return f"#{parts[:6] if parts.endswith('ff') else parts}"


def line_style(style: str | None, color: object = None) -> tuple[float, ...]:
    """The dashes for a name, or for a role when no name is given: on, off, ... in widths of the line; none is solid.

    Raises:
        ValueError: there is no such style.

    >>> line_style(None, "p"), line_style(None, "q")
    ((), (4.0, 1.8))
    """
    if style is None:
        style = ROLES[color].line if isinstance(color, str) and color in ROLES else "solid"
    if style not in _LINE_STYLES:
        names = ", ".join(repr(name) for name in _LINE_STYLES)
        raise ValueError(f"style: expected one of {names}, got {style!r}")
    return _LINE_STYLES[style]


@cache
def colormap(name: str, count: int = 256) -> np.ndarray:
    """A table of colours, shape (count, 4), uint8: ``"density"``, ``"signed"``, or one of Matplotlib's names.

    Raises:
        ValueError: there is no such map.
    """
    stem = str(name).removesuffix("_r")
    if stem in _MAPS:
        anchors = np.array([_from_name(f"#{code}") for code in _MAPS[stem].split()])
        anchors = anchors if stem == name else anchors[::-1]
        at = np.linspace(0, len(anchors) - 1, count)
        table = np.stack([np.interp(at, range(len(anchors)), part) for part in anchors.T], axis=1)
    else:
        from matplotlib import colormaps

        if name not in colormaps:
            raise ValueError(f"cmap: expected 'density', 'signed' or a Matplotlib colour map, got {name!r}")
        table = colormaps[name](np.linspace(0, 1, count))
    table = (table * 255 + 0.5).astype(np.uint8)
    table.flags.writeable = False
    return table

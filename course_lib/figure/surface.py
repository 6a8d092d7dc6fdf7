"""A picture on which shapes, images and texts are painted, one over the other.

Shapes are painted by Anti-Grain Geometry (``aggdraw``), everything else by Pillow.
"""

import math
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import aggdraw
import numpy as np
from PIL import Image

from course_lib.figure.lettering import letter

__all__ = ["Surface", "color_of", "cover", "disc", "whole"]

_COLOR = re.compile("#([0-9a-fA-F]{2}){3,4}")


def color_of(name: str) -> tuple[int, int, int, int]:
    """Red, green, blue and opacity, 0 to 255, of ``"#rrggbb"`` or ``"#rrggbbaa"``.

    >>> color_of("#ff000080")
    (255, 0, 0, 128)
    """
    if not _COLOR.fullmatch(name):
        raise ValueError(f"color: expected '#rrggbb' or '#rrggbbaa', got {name!r}")
    parts = bytes.fromhex(name[1:])
    return (*parts, 255)[:4]


def _exact():
    """Without a pen aggdraw makes a filled shape a quarter of a pixel larger on all sides; with one of no width, not.

    It is made each time: a module must not hold an object of aggdraw, since whoever looks through the module (doctest
    does) asks for the attributes of its type, which ends the process (aggdraw 1.4.1).
    """
    return aggdraw.Pen("black", 0, 0)


def whole(pixels: float) -> int:
    """The nearest whole number of pixels, of two the upper one: as a page rounds."""
    return math.floor(pixels + 0.5)


def cover(size: tuple[int, int], polygons: Iterable[np.ndarray]) -> Image.Image:
    """How much of each pixel polygons cover, as a picture of one channel."""
    drawing = aggdraw.Draw("L", size, "black")
    drawing.path(_path(polygons), _exact(), aggdraw.Brush("white"))
    return Image.frombytes("L", size, drawing.tobytes())


def disc(radius: float) -> np.ndarray:
    """The corners of a polygon that is a circle to the eye, shape (n, 2), around the origin."""
    # Chords leave the circle by a twelfth of a pixel at most.
    turn = np.linspace(0, 2 * np.pi, 8 + math.ceil(8 * math.sqrt(radius)), endpoint=False)
    return radius * np.stack([np.cos(turn), np.sin(turn)], axis=1)


class Surface:
    """Paints on a Pillow picture of mode RGB.

    Lengths are pixels of the picture, y downwards; colours are red, green, blue and opacity, 0 to 255.
    """

    def __init__(self, image: Image.Image):
        self._image = image
        self._drawing = None

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        return self._image.size

    @property
    def image(self) -> Image.Image:
        """The picture, with everything that was painted so far."""
        if self._drawing is not None:
            self._drawing.flush()
            self._drawing = None
        return self._image

    @property
    def _shapes(self):
        # aggdraw works on a copy, which shapes that follow each other share.
        if self._drawing is None:
            self._drawing = aggdraw.Draw(self._image)
        return self._drawing

    @contextmanager
    def part(self, left: int, top: int, right: int, below: int) -> Iterator["Surface"]:
        """A surface of a part of this one: what is painted on it ends at its edges, and is here afterwards.

        Yields:
            the part, whose upper left corner is at (left, top); pixels outside this surface are lost.
        """
        part = Surface(self.image.crop((left, top, right, below)))
        yield part
        self.image.paste(part.image, (left, top))

    def fill(self, polygons: Iterable[np.ndarray], color):
        """Fills what polygons of shape (n, 2) cover together."""
        self._shapes.path(_path(polygons), _exact(), aggdraw.Brush(color[:3], color[3]))

    def rule(self, left: int, top: int, right: int, below: int, color):
        """Fills whole pixels, with an opaque colour."""
        self.image.paste(color[:3], (left, top, right, below))

    def stamp(self, shape: np.ndarray, places: np.ndarray, colors, edge, edge_width: float):
        """Paints a polygon at each place, shape (n, 2), one over the other; ``colors`` is one for all, or n."""
        path = _path([shape])
        pen = aggdraw.Pen(edge[:3], edge_width, edge[3]) if edge_width > 0 and edge[3] else _exact()
        groups = [places] if len(colors) == 1 else places[:, None]
        for group, color in zip(groups, colors, strict=True):
            self._shapes.symbol(_flat(group), path, pen, aggdraw.Brush(tuple(color[:3]), color[3]))

    def paste(self, picture: Image.Image, left: int, top: int):
        """Lays a picture of mode RGB or RGBA over this one."""
        self.image.paste(picture, (left, top), picture if picture.mode == "RGBA" else None)

    def tint(self, mask: Image.Image, color):
        """Paints a colour as strongly as a mask of this size says, a picture of one channel."""
        self.image.paste(color[:3], (0, 0), mask)

    def write(self, text, color, x: float, y: float):
        """Writes a text, see ``lettering.letter``."""
        letter(self.image, text, color, x, y)


def _path(polygons):
    path = aggdraw.Path()
    for polygon in polygons:
        if len(polygon) > 2:
            path.polygon(_flat(polygon))
    return path


def _flat(points):
    # aggdraw reads lists several times quicker than arrays.
    return np.asarray(points, dtype=float).ravel().tolist()

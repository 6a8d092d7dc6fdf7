"""How each kind of mark of a frame is painted on a surface."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from course_lib.figure.frame import Frame
from course_lib.figure.hatching import hatch
from course_lib.figure.polyline import clip, clip_polygon, dash, lone, outlines, pieces
from course_lib.figure.surface import Surface, color_of, disc

__all__ = ["Window", "dot", "paint_mark", "stroke"]

_PAPER = (255, 255, 255, 255)
# Shapes are cut so many boxes outside the box: coordinates of any size would overflow Agg's.
_MARGIN = 1.0
# Dashes are counted from here on.
_FAR = 20.0


@dataclass(frozen=True)
class Window:
    """Where a panel stands on a surface, in pixels of it; fractions count from the lower left corner.

    Attributes:
        ratio: pixels of the surface for a CSS pixel.
    """

    left: float
    top: float
    width: float
    height: float
    ratio: float

    def across(self, x):
        """Pixels from the left."""
        return self.left + x * self.width

    def down(self, y):
        """Pixels from above."""
        return self.top + (1 - y) * self.height

    def points(self, x, y) -> np.ndarray:
        """Pixels, shape (n, 2); what is not finite is NaN."""
        points = np.stack(np.broadcast_arrays(self.across(x), self.down(y)), axis=-1)
        return np.where(np.isfinite(points).all(axis=-1, keepdims=True), points, np.nan)

    def around(self, boxes: float = _MARGIN) -> tuple[float, float, float, float]:
        """The box and a margin of so many boxes: left, top, right, bottom."""
        wide, tall = boxes * self.width, boxes * self.height
        right, below = self.left + self.width, self.top + self.height
        return self.left - wide, self.top - tall, right + wide, below + tall


def paint_mark(surface: Surface, frame: Frame, mark: dict, window: Window):
    """Paints one mark; whatever stands outside the window's box is left to the surface's edge.

    Raises:
        ValueError: there is no such kind.
    """
    kind = mark.get("kind")
    if kind not in _KINDS:
        raise ValueError(f"kind: expected one of {', '.join(map(repr, _KINDS))}, got {kind!r}")
    _KINDS[kind](surface, frame, mark, window)


def stroke(surface: Surface, line: np.ndarray, color: str, width: float, ratio: float, round_caps: bool):
    """Paints a line through points of shape (n, 2), in pixels; ``width`` is CSS pixels."""
    if width > 0:
        surface.fill(outlines(line, width * ratio, round_caps), color_of(color))


def dot(marker, size: float) -> np.ndarray:
    """The corners of a marker ``size`` across, around the origin, y downwards."""
    return disc(size / 2) if marker is None else size * np.asarray(marker, dtype=float) * [1, -1]


def _points(frame, mark, window):
    return window.points(frame.numbers(mark["x"]), frame.numbers(mark["y"]))


def _near(points, window):
    """Which points are in the box or not far from it."""
    left, top, right, below = window.around()
    return ((points >= [left, top]) & (points <= [right, below])).all(axis=1)


def _line(surface, frame, mark, window):
    color, width, pattern, ratio = mark["color"], mark["width"], mark["dash"], window.ratio
    points = _points(frame, mark, window)
    if pattern:
        dashes = dash(clip(points, window.around(_FAR)), np.asarray(pattern) * ratio)
        stroke(surface, clip(dashes, window.around()), color, width, ratio, round_caps=False)
        return
    stroke(surface, clip(points, window.around()), color, width, ratio, round_caps=True)
    # A line of one point is its two caps.
    dots = lone(points)
    surface.fill(dots[_near(dots, window), None] + disc(width * ratio / 2), color_of(color))


def _area(surface, frame, mark, window):
    x, y, base = (frame.numbers(mark[name]) for name in ("x", "y", "base"))
    edges = np.concatenate([window.points(x, y), window.points(x, base)], axis=1)
    # A gap in either edge is one in the area.
    shapes = [np.concatenate([part[:, :2], part[::-1, 2:]]) for part in pieces(edges)]
    surface.fill((clip_polygon(shape, window.around()) for shape in shapes), color_of(mark["color"]))


def _polygon(surface, frame, mark, window):
    shapes = pieces(_points(frame, mark, window))
    surface.fill((clip_polygon(shape, window.around()) for shape in shapes), color_of(mark["color"]))


def _bars(surface, frame, mark, window):
    left, top = frame.numbers(mark["left"]), frame.numbers(mark["top"])
    x0, x1 = window.across(left), window.across(left + mark["width"])
    y0, y1 = window.down(mark["base"]), window.down(top)
    limits = window.around()
    (x0, x1), (y0, y1) = np.clip([x0, x1], *limits[::2]), np.clip([np.full_like(y1, y0), y1], *limits[1::2])
    bars = np.stack([x0, y0, x0, y1, x1, y1, x1, y0], axis=1).reshape(-1, 4, 2)
    colors = mark["colors"]
    shown = np.isfinite(bars).all(axis=(1, 2))
    for color in dict.fromkeys(colors):
        its = shown if len(colors) == 1 else shown & np.array([one == color for one in colors])
        surface.fill(bars[its], color_of(color))
    if mark["hatch"] and shown.any():
        hatch(surface, bars[shown], mark["hatch"], _PAPER, window.ratio, (window.left, window.top))


def _image(surface, frame, mark, window):
    if 0 in mark["size"]:
        return
    left, bottom, right, top = mark["box"]
    (x0, x1), (y0, y1) = window.across(np.array([left, right])), window.down(np.array([top, bottom]))
    picture = _colors(frame, mark)
    if x0 > x1:
        picture, x0, x1 = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT), x1, x0
    if y0 > y1:
        picture, y0, y1 = picture.transpose(Image.Transpose.FLIP_TOP_BOTTOM), y1, y0
    # Whole pixels of the part in view, and that part in cells from the left and from the top.
    first = np.floor(np.maximum([x0, y0], 0) + 0.5).astype(int)
    last = np.floor(np.minimum([x1, y1], surface.size) + 0.5).astype(int)
    size = last - first
    if (size <= 0).any():
        return
    cells = np.array(picture.size) / [x1 - x0, y1 - y0]
    part = np.clip(np.stack([first - [x0, y0], last - [x0, y0]]) * cells, 0, picture.size)
    how = Image.Resampling.BILINEAR if mark["smooth"] else Image.Resampling.NEAREST
    surface.paste(
        _faded(picture.resize(size.tolist(), how, tuple(part.ravel())), mark["alpha"]), *first.tolist()
    )


def _colors(frame, mark):
    """The cells' colours, RGBA or, if all are opaque, RGB."""
    columns, rows = mark["size"]
    cells = np.frombuffer(frame.blobs[mark["at"]], np.uint8)
    if mark["table"] is not None:
        # One number a colour: looking up four bytes at once is several times quicker than a row of four.
        table = np.frombuffer(frame.blobs[mark["table"]], "<u4")
        cells = table[cells].view(np.uint8)
    picture = Image.fromarray(cells.reshape(rows, columns, 4))
    return picture.convert("RGB") if picture.getextrema()[3][0] == 255 else picture


def _faded(picture, alpha):
    if alpha < 1:
        picture = picture.convert("RGBA")
        picture.putalpha(picture.getchannel("A").point(lambda opacity: round(opacity * alpha)))
    return picture


def _scatter(surface, frame, mark, window):
    places = _points(frame, mark, window)
    near = _near(places, window)
    shape = dot(mark["marker"], mark["size"] * window.ratio)
    edge, width = color_of(mark["edge"] or "#00000000"), mark["edgeWidth"] * window.ratio
    colors = mark["colors"]
    if isinstance(colors, dict):
        colors = np.frombuffer(frame.blobs[colors["at"]], np.uint8).reshape(-1, 4)[near].tolist()
    else:
        colors = [color_of(color) for color in colors]
    surface.stamp(shape, places[near], colors, edge, width)


def _arrows(surface, frame, mark, window):
    start = _points(frame, mark, window)
    u, v = frame.numbers(mark["u"]), frame.numbers(mark["v"])
    step = np.stack([u * window.width, -v * window.height], axis=1)
    length = np.hypot(*step.T)
    near = _near(start, window) & np.isfinite(length) & (length > 0)
    start, length, along = start[near], length[near, None], step[near] / length[near, None]
    # Longer than this they leave the box anyway.
    length = np.minimum(length, 4 * (window.width + window.height))
    aside = along[:, ::-1] * [-1, 1]
    width = np.minimum(mark["width"] * window.ratio, length / 5)
    shaft, head, neck = aside * width / 2, aside * width * 2.25, start + along * (length - 5 * width)
    tip = start + along * length
    shapes = [start + shaft, neck + shaft, neck + head, tip, neck - head, neck - shaft, start - shaft]
    surface.fill(np.stack(shapes, axis=1), color_of(mark["color"]))


def _text(surface, frame, mark, window):
    if not np.isfinite([mark["x"], mark["y"]]).all():
        return
    size, lines = mark["size"] * window.ratio, mark["string"].count("\n")
    # The middle of capital letters, and of all lines, stands at the place.
    y = window.down(mark["y"]) + size * (0.36 - 0.6 * lines)
    text = (mark["string"], size, mark["align"], 0, "normal")
    surface.write(text, color_of(mark["color"]), window.across(mark["x"]), y)


_KINDS = {
    "line": _line,
    "area": _area,
    "polygon": _polygon,
    "bars": _bars,
    "image": _image,
    "points": _scatter,
    "arrows": _arrows,
    "text": _text,
}

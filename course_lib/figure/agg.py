"""The still picture of a frame: what a saved notebook shows before anything runs."""

import math
from typing import NamedTuple

import numpy as np
from PIL import Image

from course_lib.figure.agg_marks import Window, dot, paint_mark, stroke
from course_lib.figure.frame import Frame
from course_lib.figure.hatching import hatch
from course_lib.figure.polyline import dash
from course_lib.figure.surface import Surface, color_of, whole

__all__ = ["paint"]

_PAPER = "#ffffff"


class _Pen(NamedTuple):
    color: tuple[int, int, int, int]
    width: float  # CSS pixels


_GRID, _AXIS, _NOTCH = (
    _Pen(color_of("#e6e8eb"), 1.4),
    _Pen(color_of("#5f6368"), 1.5),
    _Pen(color_of("#5f6368"), 1.4),
)
_NOTCH_LENGTH = 5.0  # CSS pixels


def paint(frame: Frame, ratio: float = 2.0, place: int = 0) -> np.ndarray:
    """The pixels of a frame, shape (rows, columns, 3), uint8.

    Args:
        ratio: pixels for a CSS pixel.
        place: which of the frame's places.

    Raises:
        ValueError: the ratio is not positive, or there is no such place.
    """
    places = frame.json(frame.head["plan"])["places"]
    if not 0 < ratio < float("inf"):
        raise ValueError(f"ratio: expected a positive number of pixels, got {ratio!r}")
    if place not in range(len(places)):
        raise ValueError(f"place: expected one of the {len(places)} places, got {place!r}")
    sheet = places[place]
    size = tuple(max(whole(sheet[side] * ratio), 1) for side in ("width", "height"))
    surface = Surface(Image.new("RGB", size, _PAPER))
    for dress, marks in frame.head["panels"]:
        _paint_panel(surface, frame, frame.json(dress), frame.json(marks), ratio, place)
    _write(surface, sheet["texts"], ratio)
    return np.asarray(surface.image)


def _paint_panel(surface, frame, dress, content, ratio, place):
    here = dress["places"][place]
    box = Window(*(side * ratio for side in here["box"]), ratio)
    _paint_inside(surface, frame, dress, content["marks"], box)
    if dress["axes"]:
        _paint_axes(surface, dress, box)
    if dress["scale"] and here["scale"]:
        _paint_scale(surface, frame, dress["scale"], Window(*(side * ratio for side in here["scale"]), ratio))
    for key in here["keys"]:
        _paint_key(surface, key, ratio)
    _write(surface, here["texts"], ratio)
    _write(surface, content["texts"][place] if content["texts"] else [], ratio)


def _paint_inside(surface, frame, dress, marks, box):
    """What is cut at the edges of the box: the grid and the marks."""
    left, top, right, below = _edges(box)
    if left >= right or top >= below:
        return
    with surface.part(left, top, right, below) as inside:
        window = Window(box.left - left, box.top - top, box.width, box.height, box.ratio)
        if dress["axes"]:
            _paint_grid(inside, dress, window)
        for mark in marks:
            paint_mark(inside, frame, mark, window)


def _paint_grid(surface, dress, window):
    wide, tall = surface.size
    # A line at the end of an axis lies in the box.
    rim = _GRID.width * window.ratio / 2
    for at in _ticks(dress, "grid", "x"):
        _upright(surface, min(max(window.across(at), rim), wide - rim), 0, tall, _GRID, window.ratio)
    for at in _ticks(dress, "grid", "y"):
        _level(surface, min(max(window.down(at), rim), tall - rim), 0, wide, _GRID, window.ratio)


def _paint_axes(surface, dress, box):
    left, below = box.left, box.top + box.height
    reach, half = _NOTCH_LENGTH * box.ratio, _AXIS.width * box.ratio / 2
    for at in _ticks(dress, "notches", "x"):
        _upright(surface, box.across(at), below, below + reach, _NOTCH, box.ratio)
    for at in _ticks(dress, "notches", "y"):
        _level(surface, box.down(at), left - reach, left, _NOTCH, box.ratio)
    _upright(surface, left, box.top, below + half, _AXIS, box.ratio)
    _level(surface, below, left - half, left + box.width, _AXIS, box.ratio)


def _paint_scale(surface, frame, scale, box):
    left, top, right, below = _edges(box)
    table = np.frombuffer(frame.blobs[scale["table"]], np.uint8).reshape(-1, 1, 4)
    # The first colour is at the lower end.
    colors = Image.fromarray(np.ascontiguousarray(table if scale["flip"] else table[::-1]))
    surface.paste(colors.resize((right - left, below - top), Image.Resampling.BILINEAR), left, top)
    for at in scale["ticks"]:
        _level(surface, box.down(at), right, right + _NOTCH_LENGTH * box.ratio, _NOTCH, box.ratio)


def _paint_key(surface, key, ratio):
    """What stands before a label of the legend."""
    x, y, width, height = (side * ratio for side in key["box"])
    reach = key["width"] * ratio
    # A marker may be wider than high, and a line thicker than its box.
    left, top = math.floor(x - reach - height), math.floor(y - reach - height)
    right, below = math.ceil(x + width + reach + height), math.ceil(y + 2 * height + reach)
    with surface.part(left, top, right, below) as around:
        _paint_handle(around, key, Window(x - left, y - top, width, height, ratio))


def _paint_handle(surface, key, box):
    kind, color, ratio = key["kind"], color_of(key["color"]), box.ratio
    corners = box.points(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 0]))
    if kind == "line":
        line = box.points(np.array([0, 1]), 0.5)
        line = dash(line, np.asarray(key["dash"]) * ratio) if key["dash"] else line
        stroke(surface, line, key["color"], key["width"], ratio, round_caps=False)
    elif kind == "dot":
        surface.fill([dot(key["marker"], box.height) + box.points(0.5, 0.5)], color)
    elif kind == "patch":
        surface.fill([corners], color)
        if key["hatch"]:
            hatch(surface, [corners], key["hatch"], color_of(_PAPER), ratio, (box.left, box.top))
    else:
        raise ValueError(f"kind: expected a key 'line', 'dot' or 'patch', got {kind!r}")


def _write(surface, texts, ratio):
    for string, x, y, size, align, angle, color, weight in texts:
        text = (string, size * ratio, align, angle, weight)
        surface.write(text, color_of(color), x * ratio, y * ratio)


def _edges(box):
    """The whole pixels of a box: left, top, right, bottom."""
    return whole(box.left), whole(box.top), whole(box.left + box.width), whole(box.top + box.height)


def _ticks(dress, what, axis):
    """The ticks of an axis that has a grid or notches."""
    ticks = dress[f"{axis}ticks"] if axis in dress[what] else []
    return [at for at in ticks if -1e-6 <= at <= 1 + 1e-6]


# Straight lines cover whole pixels: they are sharp, and those of one kind have one width.


def _upright(surface, x, top, below, pen, ratio):
    wide = max(whole(pen.width * ratio), 1)
    left = whole(x - wide / 2)
    surface.rule(left, whole(top), left + wide, whole(below), pen.color)


def _level(surface, y, left, right, pen, ratio):
    wide = max(whole(pen.width * ratio), 1)
    top = whole(y - wide / 2)
    surface.rule(whole(left), top, whole(right), top + wide, pen.color)

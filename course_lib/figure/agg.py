"""The still picture of a frame: what a saved notebook shows before anything runs."""

import numpy as np
from PIL import Image

from course_lib.figure.agg_marks import Window, dot, paint_mark, stroke
from course_lib.figure.frame import Frame
from course_lib.figure.hatching import hatch
from course_lib.figure.surface import Surface, color_of

__all__ = ["paint"]

_PAPER, _MUTED, _GRID = "#ffffff", "#5f6368", "#e6e8eb"
# CSS pixels.
_GRID_WIDTH, _AXIS_WIDTH, _NOTCH_WIDTH, _NOTCH = 1.4, 1.5, 1.4, 5.0


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
    whole = places[place]
    size = tuple(max(round(whole[side] * ratio), 1) for side in ("width", "height"))
    surface = Surface(Image.new("RGB", size, _PAPER))
    for dress, marks in frame.head["panels"]:
        _paint_panel(surface, frame, frame.json(dress), frame.json(marks), ratio, place)
    _write(surface, whole["texts"], ratio)
    return np.asarray(surface.image)


def _paint_panel(surface, frame, dress, content, ratio, place):
    here = dress["places"][place]
    box = Window(*(side * ratio for side in here["box"]), ratio)
    _paint_box(surface, frame, dress, content["marks"], box)
    if dress["axes"]:
        _paint_axes(surface, dress, box)
    if dress["scale"] and here["scale"]:
        _paint_scale(surface, frame, dress["scale"], Window(*(side * ratio for side in here["scale"]), ratio))
    for key in here["keys"]:
        _paint_key(surface, key, ratio)
    _write(surface, here["texts"], ratio)
    _write(surface, content["texts"][place] if content["texts"] else [], ratio)


def _paint_box(surface, frame, dress, marks, box):
    """What is cut at the edges of the box: the grid and the marks."""
    left, top, right, below = _edges(box)
    left, top = max(left, 0), max(top, 0)
    right, below = min(right, surface.size[0]), min(below, surface.size[1])
    if left >= right or top >= below:
        return
    inner = Surface(surface.image.crop((left, top, right, below)))
    window = Window(box.left - left, box.top - top, box.width, box.height, box.ratio)
    if dress["axes"]:
        _paint_grid(inner, dress, window)
    for mark in marks:
        paint_mark(inner, frame, mark, window)
    surface.paste(inner.image, left, top)


def _edges(box):
    """The whole pixels of a box: left, top, right, bottom."""
    return round(box.left), round(box.top), round(box.left + box.width), round(box.top + box.height)


def _paint_grid(surface, dress, window):
    width, height = surface.size
    bars = [
        _upright(window.across(at), 0, height, _GRID_WIDTH, window.ratio) for at in _of(dress, "grid", "x")
    ]
    bars += [_level(window.down(at), 0, width, _GRID_WIDTH, window.ratio) for at in _of(dress, "grid", "y")]
    surface.fill(bars, color_of(_GRID))


def _paint_axes(surface, dress, box):
    left, top, right, below = _edges(box)
    ratio, reach = box.ratio, _NOTCH * box.ratio
    bars = [
        _upright(left, top, below + _AXIS_WIDTH * ratio / 2, _AXIS_WIDTH, ratio),
        _level(below, left - _AXIS_WIDTH * ratio / 2, right, _AXIS_WIDTH, ratio),
    ]
    bars += [
        _upright(box.across(at), below, below + reach, _NOTCH_WIDTH, ratio)
        for at in _of(dress, "notches", "x")
    ]
    bars += [
        _level(box.down(at), left - reach, left, _NOTCH_WIDTH, ratio) for at in _of(dress, "notches", "y")
    ]
    surface.fill(bars, color_of(_MUTED))


def _of(dress, what, axis):
    ticks = dress[f"{axis}ticks"] if axis in dress[what] else []
    return [at for at in ticks if -1e-6 <= at <= 1 + 1e-6]


def _upright(x, top, below, width, ratio):
    """A straight line as whole columns of pixels: sharp, and each of one kind as wide as the others."""
    wide = max(round(width * ratio), 1)
    left = round(x - wide / 2)
    return np.array([(left, top), (left + wide, top), (left + wide, below), (left, below)])


def _level(y, left, right, width, ratio):
    return _upright(y, left, right, width, ratio)[:, ::-1]


def _paint_scale(surface, frame, scale, box):
    left, top, right, below = _edges(box)
    table = np.frombuffer(frame.blobs[scale["table"]], np.uint8).reshape(-1, 1, 4)
    # The first colour is at the lower end.
    colors = Image.fromarray(np.ascontiguousarray(table if scale["flip"] else table[::-1]))
    surface.paste(colors.resize((right - left, below - top), Image.Resampling.BILINEAR), left, top)
    reach = _NOTCH * box.ratio
    ticks = [_level(box.down(at), right, right + reach, _NOTCH_WIDTH, box.ratio) for at in scale["ticks"]]
    surface.fill(ticks, color_of(_MUTED))


def _paint_key(surface, key, ratio):
    x, y, width, height = (side * ratio for side in key["box"])
    middle = y + height / 2
    if key["kind"] == "line":
        ends = np.array([(x, middle), (x + width, middle)])
        stroke(surface, ends, key["color"], key["width"], key["dash"], ratio, round_caps=False)
    elif key["kind"] == "dot":
        center = np.array([x + width / 2, middle])
        surface.fill([dot(key["marker"], height) + center], color_of(key["color"]))
    elif key["kind"] == "patch":
        patch = np.array([(x, y), (x + width, y), (x + width, y + height), (x, y + height)])
        surface.fill([patch], color_of(key["color"]))
        if key["hatch"]:
            hatch(surface, [patch], key["hatch"], color_of(_PAPER), ratio)
    else:
        raise ValueError(f"kind: expected a key 'line', 'dot' or 'patch', got {key['kind']!r}")


def _write(surface, texts, ratio):
    for string, x, y, size, align, angle, color, weight in texts:
        text = (string, size * ratio, align, angle, weight)
        surface.write(text, color_of(color), x * ratio, y * ratio)

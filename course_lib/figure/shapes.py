"""From marks to what a painter knows: lines, areas, images, points, in fractions of the panel (see ``frame``).

One function a kind of mark. Each gives pairs of an order (a higher one lies on top) and a shape.
"""

from functools import singledispatch

import numpy as np

from course_lib.figure import marks, style
from course_lib.figure.levels import level_lines
from course_lib.figure.pixels import cells
from course_lib.figure.polyline import clip
from course_lib.figure.style import PX, css

__all__ = ["shapes"]


# The box and as much again on each side, in fractions of it.
_AROUND = (-1.0, -1.0, 2.0, 2.0)


@singledispatch
def shapes(mark, space, blobs, bars=None):
    """The shapes of ``mark`` in a panel.

    Args:
        mark: one of ``marks``.
        space: the panel's ``Space``.
        blobs: the ``Blobs`` of the frame, which get the arrays.
        bars: where the panel puts the mark's bars, a ``BarPlace``.
    """
    raise TypeError(f"mark: expected one of those in figure.marks, got {mark!r:.60}")


def _line(mark, x, y, blobs, width=2.4):
    width = (width if mark.look.width is None else mark.look.width) * PX
    dash = [round(part * width, 2) for part in mark.look.line]
    if max(np.nanmax(np.abs(x - 0.5), initial=0), np.nanmax(np.abs(y - 0.5), initial=0)) > 1.5:
        # Painters begin to count dashes at the same place then, and need no numbers that are far away.
        x, y = clip(np.stack([x, y], axis=1), _AROUND).T
    shape = {"kind": "line", "x": blobs.numbers(x), "y": blobs.numbers(y), "color": css(mark.look.rgba())}
    return {**shape, "width": round(width, 2), "dash": dash}


@shapes.register
def _(mark: marks.Curve, space, blobs, bars=None):
    yield 2.3, _line(mark, space.x(mark.x), space.y(mark.y), blobs)


@shapes.register
def _(mark: marks.Fill, space, blobs, bars=None):
    x, y, base = space.x(mark.x), space.y(mark.y), space.y(mark.base)
    keep = np.isfinite(x) & np.isfinite(y) & np.isfinite(base)
    if keep.sum() > 1:
        x, y, base = (blobs.numbers(one[keep]) for one in (x, y, base))
        yield 1.5, {"kind": "area", "x": x, "y": y, "base": base, "color": css(mark.look.rgba(0.25))}


@shapes.register
def _(mark: marks.Bars, space, blobs, bars=None):
    left, width = space.x(bars.left), bars.width / abs(space.xlim[1] - space.xlim[0])
    base, tops = bars.ends(mark.heights, space)
    colors = [mark.look.rgba()] if mark.colors is None else faded(mark.colors, mark.look.alpha)
    shape = {
        "kind": "bars",
        "left": blobs.numbers(left),
        "width": width,
        "top": blobs.numbers(tops),
        "base": base,
    }
    yield 1.6, {**shape, "colors": [css(color) for color in colors], "hatch": bars.hatch}


@shapes.register
def _(mark: marks.Picture, space, blobs, bars=None):
    if mark.values.size == 0:
        return
    x0, x1, y0, y1 = mark.extent
    (left, right), (low, high) = space.x([x0, x1]), space.y([y0, y1])
    values = mark.values if mark.upper else mark.values[::-1]
    values = values[::-1] if high < low else values
    values = values[:, ::-1] if right < left else values
    bytes_, table = cells(values, mark)
    yield (
        1.0,
        {
            "kind": "image",
            "box": [
                float(np.clip(edge, -9, 9))
                for edge in (min(left, right), min(low, high), max(left, right), max(low, high))
            ],
            "size": [values.shape[1], values.shape[0]],
            "at": blobs.add(bytes_),
            "table": None if table is None else blobs.add(table),
            "smooth": bool(mark.smooth),
            "alpha": 1.0 if mark.look.alpha is None else mark.look.alpha,
        },
    )


@shapes.register
def _(mark: marks.Contour, space, blobs, bars=None):
    x, y = level_lines(mark)
    if len(x):
        yield 1.8, _line(mark, space.x(x), space.y(y), blobs, width=1.6)


@shapes.register
def _(mark: marks.Ellipse, space, blobs, bars=None):
    outer = mark.outline[int(np.argmax(mark.std))]
    color = mark.look.rgba()
    inside = css((*color[:3], 0.12 * color[3]))
    x, y = (blobs.numbers(part) for part in (space.x(outer[:, 0]), space.y(outer[:, 1])))
    yield 1.5, {"kind": "polygon", "x": x, "y": y, "color": inside}
    gap = np.full((1, 2), np.nan)
    joined = np.concatenate([part for outline in mark.outline for part in (outline, gap)])
    yield 2.3, _line(mark, space.x(joined[:, 0]), space.y(joined[:, 1]), blobs)


@shapes.register
def _(mark: marks.Points, space, blobs, bars=None):
    x, y = space.x(mark.xy[:, 0]), space.y(mark.xy[:, 1])
    keep = np.isfinite(x) & np.isfinite(y)
    colors = [css(mark.look.rgba(0.75))]
    if mark.colors is not None:
        table = np.array(faded(mark.colors[keep], mark.look.alpha)).reshape(-1, 4)
        colors = {"at": blobs.add((table * 255 + 0.5).astype(np.uint8).tobytes())}
    marker = mark.look.role.marker
    edge = 0.4 if mark.look.width is None else mark.look.width
    yield (
        2.1,
        {
            "kind": "points",
            "x": blobs.numbers(x[keep]),
            "y": blobs.numbers(y[keep]),
            "size": round(mark.size * PX * (0.5 if marker == "." else 1), 2),
            "marker": style.MARKERS[marker],
            "colors": colors,
            "edge": style.PAPER,
            "edgeWidth": round(edge * PX, 2),
        },
    )


@shapes.register
def _(mark: marks.Level, space, blobs, bars=None):
    at = (space.x if mark.axis == "x" else space.y)([mark.at, mark.at])
    ends = np.array([0.0, 1.0])
    yield 2.0, _line(mark, *((at, ends) if mark.axis == "x" else (ends, at)), blobs, width=1.8)


@shapes.register
def _(mark: marks.Arrows, space, blobs, bars=None):
    ends = mark.xy + mark.uv
    x, y, to_x, to_y = (
        space.x(mark.xy[:, 0]),
        space.y(mark.xy[:, 1]),
        space.x(ends[:, 0]),
        space.y(ends[:, 1]),
    )
    keep = np.isfinite(x + y + to_x + to_y)
    parts = {"x": x, "y": y, "u": to_x - x, "v": to_y - y}
    parts = {name: blobs.numbers(part[keep]) for name, part in parts.items()}
    width = (1.6 if mark.look.width is None else mark.look.width) * PX
    yield 2.2, {"kind": "arrows", **parts, "color": css(mark.look.rgba()), "width": round(width, 2)}


@shapes.register
def _(mark: marks.Text, space, blobs, bars=None):
    x, y = (mark.x, mark.y) if mark.where == "panel" else (float(space.x(mark.x)), float(space.y(mark.y)))
    if np.isfinite([x, y]).all():
        size = style.SIZES["text"] if mark.size is None else mark.size * PX
        text = {"kind": "text", "x": x, "y": y, "string": mark.string, "size": round(size, 2)}
        yield 3.2, {**text, "align": mark.align, "color": css(mark.look.rgba())}


def faded(colors, alpha):
    """Colours of shape (n, 4) with their own alpha times ``alpha``."""
    return np.array(colors) * np.array([1, 1, 1, 1.0 if alpha is None else alpha])

"""The legend of a panel: above its box, in rows that fit its width, so that it never covers data."""

from course_lib.figure.measure import text_width
from course_lib.figure.style import MARKERS, PX, SIZES, css
from course_lib.figure.words import MIDDLE, fitted, text

__all__ = ["legend", "legend_height", "legend_rows"]

_HANDLE, _GAP, _SPACE, _ROW, _FOOT = 24 * PX, 6 * PX, 15 * PX, 17 * PX, 4 * PX


def legend_rows(entries, width: float) -> list[list[tuple[float, tuple]]]:
    """Entries ``(label, handle)`` in rows no wider than ``width``, each behind its distance from the left."""
    rows, used = [], width + 1
    for label, handle in entries:
        wide = _HANDLE + _GAP + text_width(label, SIZES["legend"])
        if used + wide > width:
            rows.append([])
            used = 0.0
        rows[-1].append((used, (label, handle)))
        used += wide + _SPACE
    return rows


def legend_height(rows: int) -> float:
    """Pixels that so many rows take above the box."""
    return rows * _ROW + (_FOOT if rows else 0.0)


def legend(entries, box, rows: int) -> tuple[list, list]:
    """Texts and keys of a legend that has room for ``rows`` rows above ``box``."""
    texts, keys = [], []
    left, top, width, _ = box
    for number, row in enumerate(legend_rows(entries, width)):
        middle = top - _FOOT - (rows - number - 0.5) * _ROW
        for along, (label, handle) in row:
            x = left + along
            keys.append(
                _key(handle, [round(x, 1), round(middle - 5 * PX, 1), round(_HANDLE, 1), round(10 * PX, 1)])
            )
            label, size = fitted(label, "legend", max(width - _HANDLE - _GAP, 1.0))
            label = label.replace("\n", " ")
            texts.append(text(label, x + _HANDLE + _GAP, middle + MIDDLE * size, size))
    return texts, keys


def _key(handle, box):
    width = round(handle.width * PX, 2)
    dash = [round(part * width, 2) for part in handle.line]
    look = {
        "color": css(handle.color),
        "width": width,
        "dash": dash,
        "marker": MARKERS[handle.marker],
        "hatch": handle.hatch,
    }
    return {"kind": handle.kind, "box": box, **look}

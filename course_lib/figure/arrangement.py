"""Where the panels of a picture stand: room for what is written around each, the rest shared out."""

from dataclasses import dataclass

from course_lib.figure.dress import Dress
from course_lib.figure.style import PX, SIZES
from course_lib.figure.words import ASCENT, fitted, text

__all__ = ["places"]

_EDGE, _GAP = 8 * PX, 16 * PX
# The widths of the places for narrower pages, and how wide a picture is, at least, that gets one. The last is good down
# to 360 pixels; the other is for pictures which the page of a laptop cannot show.
_NARROWER = ((900.0, 1150.0), (500.0, 500.0))
# On a narrow page panels stand side by side only if each has so much: with axes, without.
_WIDE_ENOUGH, _PICTURE_ENOUGH = 300.0, 150.0
_LEAST_TALL, _MOST_TALL = 200.0, 400.0


@dataclass
class _Place:
    """One panel on its way to its place: its box, the room around it, and the rows of its legend."""

    dress: Dress
    box: tuple
    rows: int = 0
    border: tuple = (0.0, 0.0, 0.0, 0.0)

    def measure(self, memory):
        self.rows = max(self.dress.rows(self.box[2]), memory.get(self.dress.panel.name, 0))
        self.border = self.dress.border(self.box, self.rows)


def places(rows, width: float, height: float, title: str | None, memory: dict) -> list[dict]:
    """The places of a picture for a wide page and, if it needs them, for narrower ones.

    Args:
        rows: the ``Dress`` of each panel, in rows.
        width, height: of the wide one, in pixels.
        title: above all.
        memory: rows of legends so far, by place and name of the panel; what stands around a legend does not move when
            it shrinks. Changed in place.

    Returns:
        For each place ``width``, ``height``, ``texts`` (the title), and ``panels``: name to what ``Dress.place`` gives.
    """
    found = [_place(rows, width, height, title, memory.setdefault("wide", {}))]
    row = min(max(height / len(rows), _LEAST_TALL), _MOST_TALL)
    for narrow, least in _NARROWER:
        if width > least:
            stacked = narrow_rows(rows, narrow)
            part = memory.setdefault(f"{narrow:.0f}", {})
            found.append(_place(stacked, narrow, row * len(stacked), title, part))
    return found


def narrow_rows(rows, width: float) -> list[list]:
    """The panels in rows for a page of this width: beside one another only where they have room."""
    stacked = []
    for row in rows:
        line, used = [], 0.0
        for dress in row:
            need = _WIDE_ENOUGH if dress.panel.axes else _PICTURE_ENOUGH
            if line and used + need > width:
                stacked.append(line)
                line, used = [], 0.0
            line.append(dress)
            used += need
        stacked.append(line)
    return stacked


def _place(rows, width, height, title, memory):
    texts, top = _title(title, width)
    panels = {}
    for place in arrange(rows, width, height, top, memory):
        name = place.dress.panel.name
        memory[name] = place.rows
        panels[name] = place.dress.place(place.box, place.rows)
    return {"width": width, "height": round(height, 1), "texts": texts, "panels": panels}


def _title(title, width):
    if not title:
        return [], 0.0
    string, size = fitted(title, "heading", width - 20 * PX, "bold")
    lines = 1 + string.count("\n")
    return [text(string, 10 * PX, 8 * PX + ASCENT * size, size, weight="bold")], 28 * PX + (
        lines - 1
    ) * SIZES["heading"] * 1.2


def arrange(rows, width: float, height: float, top: float = 0.0, memory: dict | None = None) -> list[_Place]:
    """The panels of ``rows`` with their boxes in a picture of ``width`` x ``height``; ``top`` pixels stay free above.

    A panel of equal aspect takes no more width than it can use; the others share what is left.
    """
    guess = [
        [_Place(dress, (0.0, 0.0, width / len(row) * 0.8, height / len(rows) * 0.7)) for dress in row]
        for row in rows
    ]
    # Labels and the rows of a legend depend on the room, and the room on them: a few passes settle both.
    for _ in range(3):
        for row in guess:
            for place in row:
                place.measure(memory or {})
        _share_out(guess, width, height, top)
    return [place for row in guess for place in row]


def _share_out(rows, width, height, top):
    around = [max(p.border[1] for p in row) + max(p.border[3] for p in row) for row in rows]
    tall = max((height - 2 * _EDGE - top - _GAP * (len(rows) - 1) - sum(around)) / len(rows), 28.0)
    upper = _EDGE + top
    for row in rows:
        most, least = max(p.border[3] for p in row), max(p.border[1] for p in row)
        free = width - 2 * _EDGE - _GAP * (len(row) - 1) - sum(p.border[0] + p.border[2] for p in row)
        wide = _share(row, max(free, 55.0), tall)
        # What nobody can use stands half on each side.
        x = _EDGE + max(free - sum(wide), 0) / 2
        for place, size in zip(row, wide, strict=True):
            left, below, right, above = place.border
            x += left
            # Headings share one line, and so do the lower ends unless one panel's labels are far longer.
            lower = upper + most + tall + (least - below if least - below > 47 else 0)
            upper_edge = upper + above
            place.box = (x, *_upright(place, size, upper_edge, lower))
            x += size + right + _GAP
        upper += most + tall + least + _GAP


def _upright(place, width, upper, lower):
    """Upper edge, width and height of a box: one of equal aspect is as high as its width asks for."""
    ratio = _ratio(place.dress)
    height = max(lower - upper, 10.0)
    return (upper, width, height if ratio is None else min(height, width / ratio))


def _ratio(dress):
    """Width over height of a panel of equal aspect."""
    space = dress.space
    if dress.panel.aspect != "equal" or (space.xscale, space.yscale) != ("linear", "linear"):
        return None
    return abs((space.xlim[1] - space.xlim[0]) / (space.ylim[1] - space.ylim[0]))


def _share(row, free, tall):
    """Widths that add up to at most ``free``."""
    ratios = [_ratio(place.dress) for place in row]
    limits = [float("inf") if ratio is None else tall * ratio for ratio in ratios]
    parts = [place.dress.panel.width for place in row]
    wide = [0.0] * len(row)
    open_ones = list(range(len(row)))
    while open_ones:
        unit = (free - sum(wide)) / sum(parts[i] for i in open_ones)
        full = [i for i in open_ones if parts[i] * unit >= limits[i]]
        for i in full or open_ones:
            wide[i] = min(parts[i] * unit, limits[i])
        open_ones = [i for i in open_ones if i not in full] if full else []
    return wide

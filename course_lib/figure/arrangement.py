"""Where the panels of a figure stand: room for what is written around each, the rest shared out."""

__all__ = ["arrange"]

_EDGE, _GAP = 8.0, 16.0  # points around the figure, and between panels


def arrange(figure, rows, renderer, top=0.0):
    """Places the slots of ``rows`` in ``figure``; ``top`` points stay free above.

    A panel of equal aspect takes no more width than it can use; the others share what is left.
    """
    unit = figure.dpi / 72
    width, height = figure.bbox.width, figure.bbox.height
    edge, gap = _EDGE * unit, _GAP * unit
    borders = [[_border(slot, renderer, unit) for slot in row] for row in rows]
    around = [max(b[1] for b in row) + max(b[3] for b in row) for row in borders]
    tall = (height - 2 * edge - top * unit - gap * (len(rows) - 1) - sum(around)) / len(rows)
    tall = max(tall, 20 * unit)
    upper = height - edge - top * unit
    for row, border in zip(rows, borders, strict=True):
        most, least = max(b[3] for b in border), max(b[1] for b in border)
        free = width - 2 * edge - gap * (len(row) - 1) - sum(b[0] + b[2] for b in border)
        wide = _share(row, max(free, 40 * unit), tall)
        # What nobody can use stands half on each side.
        x = edge + max(free - sum(wide), 0) / 2
        for slot, (left, below, right, above), size in zip(row, border, wide, strict=True):
            x += left
            # Headings share one line, and so do the lower ends unless one panel's labels are far longer.
            floor = upper - most - tall - (least - below if least - below > 34 * unit else 0)
            ceiling = upper - above
            slot.axes.set_position((x / width, floor / height, size / width, (ceiling - floor) / height))
            x += size + right + gap
        upper -= most + tall + least + gap


def _share(row, free, tall):
    """Widths in pixels that add up to at most ``free``."""
    limits = []
    for slot in row:
        (x0, x1), (y0, y1) = slot.axes.get_xlim(), slot.axes.get_ylim()
        linear = slot.panel.xscale == slot.panel.yscale == "linear"
        limits.append(
            tall * abs((x1 - x0) / (y1 - y0)) if slot.panel.aspect == "equal" and linear else float("inf")
        )
    wide = [0.0] * len(row)
    open_ones = list(range(len(row)))
    while open_ones:
        unit = (free - sum(wide)) / sum(row[i].panel.width for i in open_ones)
        full = [i for i in open_ones if row[i].panel.width * unit >= limits[i]]
        for i in full or open_ones:
            wide[i] = min(row[i].panel.width * unit, limits[i])
        open_ones = [i for i in open_ones if i not in full] if full else []
    return wide


def _border(slot, renderer, unit):
    """Pixels that the writing around a panel needs: left, below, right, above."""
    box = slot.axes.bbox
    slot.axes.apply_aspect()
    left = below = right = above = 0.0
    if slot.axes.axison:
        for axis in (slot.axes.xaxis, slot.axes.yaxis):
            tight = axis.get_tightbbox(renderer)
            if tight is not None:
                left, below = max(left, box.x0 - tight.x0), max(below, box.y0 - tight.y0)
                right, above = max(right, tight.x1 - box.x1), max(above, tight.y1 - box.y1)
    right = max(right, slot.bar.width(renderer, unit))
    if slot.heading.get_text():
        above = max(above, (slot.legend.height + 7 + 15) * unit)
    else:
        above = max(above, slot.legend.height * unit)
    return left, below, right, max(above, 4 * unit)

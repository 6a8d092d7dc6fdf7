"""Lines through points, before they are drawn: cut to a rectangle, into dashes, and given a width.

A line is an array of shape (n, 2), in pixels; a row that is not finite breaks it into pieces.
"""

import numpy as np

__all__ = ["clip", "clip_polygon", "dash", "lone", "outlines", "pieces"]

# An arc of a join or a cap is drawn as chords that leave the circle by this many pixels at most.
_CHORD = 0.06
# Up to this turn, in radians, a round corner and a pointed one differ by 1 % of the width.
_SMOOTH = 0.25
_FAR = 1e9  # pixels


def pieces(line: np.ndarray) -> list[np.ndarray]:
    """The pieces of a line, without breaks."""
    points, number = _numbered(line)
    return np.split(points, np.flatnonzero(np.diff(number)) + 1) if len(points) else []


def lone(line: np.ndarray) -> np.ndarray:
    """The points between two breaks, shape (m, 2): no line goes through them."""
    finite = np.pad(np.isfinite(line).all(axis=1), 1)
    return line[finite[1:-1] & ~finite[:-2] & ~finite[2:]]


def clip(line: np.ndarray, box: tuple[float, float, float, float]) -> np.ndarray:
    """The part of a line in ``box`` (left, top, right, bottom), after Liang and Barsky."""
    # From a point too far out, rounding would miss the box; nearer in, the line is the same to the eye.
    line = np.where(np.isfinite(line), np.clip(line, -_FAR, _FAR), np.nan)
    start, step = line[:-1], np.diff(line, axis=0)
    low, high = np.array(box[:2]), np.array(box[2:])
    with np.errstate(divide="ignore", invalid="ignore"):
        one, other = (low - start) / step, (high - start) / step
    # Along an axis on which a segment does not move it is inside everywhere or nowhere.
    still, inside = step == 0, (start >= low) & (start <= high)
    enter = np.where(still, np.where(inside, -np.inf, np.inf), np.minimum(one, other)).max(axis=1, initial=0)
    leave = np.where(still, np.inf, np.maximum(one, other)).min(axis=1, initial=1)
    kept = enter < leave
    start, step, enter, leave = start[kept], step[kept], enter[kept, None], leave[kept, None]
    parts = np.stack([start + enter * step, start + leave * step, np.full_like(start, np.nan)], axis=1)
    # Where one segment ends and the next begins at the same corner, the line goes on.
    goes_on = (leave[:-1, 0] == 1) & (enter[1:, 0] == 0) & (np.diff(np.flatnonzero(kept)) == 1)
    shown = np.ones((len(parts), 3), bool)
    shown[:-1, 1:][goes_on] = False
    return parts[shown]


def clip_polygon(polygon: np.ndarray, box: tuple[float, float, float, float]) -> np.ndarray:
    """The part of a closed polygon, shape (n, 2), in ``box``, after Sutherland and Hodgman."""
    for axis, sign, edge in ((0, 1, box[0]), (1, 1, box[1]), (0, -1, box[2]), (1, -1, box[3])):
        depth = sign * (polygon[:, axis] - edge)
        after, deep = np.roll(polygon, -1, axis=0), np.roll(depth, -1)
        crosses = (depth < 0) != (deep < 0)
        where = np.where(crosses, depth / np.where(crosses, depth - deep, 1), 0)[:, None]
        both = np.stack([polygon, polygon + where * (after - polygon)], axis=1)
        polygon = both[np.stack([depth >= 0, crosses], axis=1)]
    return polygon


def dash(line: np.ndarray, pattern) -> np.ndarray:
    """The dashes of a line: ``pattern`` is lengths on, off, ... in pixels, and starts anew with each piece.

    Raises:
        ValueError: the pattern has no positive length.
    """
    pattern = np.asarray(pattern, dtype=float)
    if len(pattern) % 2:
        pattern = np.tile(pattern, 2)
    if not (len(pattern) and (pattern >= 0).all() and pattern.sum() > 0):
        raise ValueError(f"pattern: expected lengths on, off, ... that add up, got {pattern.tolist()}")
    points, number = _numbered(line)
    if not len(points):
        return np.empty((0, 2))
    steps = np.hypot(*np.diff(points, axis=0).T)
    # How far each point is along all pieces, one behind the other with a gap between them.
    steps[np.diff(number) > 0] = 1
    along = np.concatenate([[0], np.cumsum(steps)])
    first, last = _ends(number)
    begin, end = _intervals(along[first], along[last], pattern)
    # A corner belongs to the dash that begins before it, if that has not ended.
    owner = np.maximum(np.searchsorted(begin, along) - 1, 0)
    inside = (along > begin[owner]) & (along < end[owner])
    dashes = np.arange(len(begin))
    places = np.concatenate([begin, along[inside], end, end])
    rows = np.stack([np.interp(places, along, points[:, axis]) for axis in (0, 1)], axis=1)
    rows[len(rows) - len(end) :] = np.nan
    # What comes first at equal places stays first.
    order = np.argsort(np.concatenate([dashes, owner[inside], dashes, dashes]), kind="stable")
    return rows[order]


def _intervals(start, stop, pattern):
    """Where dashes begin and end between each ``start`` and ``stop``."""
    period = pattern.sum()
    many = np.ceil((stop - start) / period).astype(int)
    owner = np.repeat(np.arange(len(start)), many)
    turn = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
    begin = (start[owner] + turn * period)[:, None] + np.cumsum(pattern)[1::2] - pattern[0::2] - pattern[1::2]
    end = np.minimum(begin + pattern[0::2], stop[owner][:, None])
    inked = begin < end
    return begin[inked], end[inked]


def outlines(line: np.ndarray, width: float, round_caps: bool = True) -> list[np.ndarray]:
    """Polygons that cover a line ``width`` wide with round joins; where they overlap they turn the same way.

    Args:
        round_caps: the ends are half circles; otherwise they are cut where the line ends.
    """
    points, number = _numbered(line)
    if not len(points):
        return []
    first, last = _ends(number)
    # Around each piece: there on its left side, and back on the other.
    size = 2 * (last - first)
    begin = np.cumsum(size) - size
    turning = np.repeat(last - first, size)
    walk = np.repeat(first, size) + turning - np.abs(np.arange(size.sum()) - np.repeat(begin, size) - turning)
    before, after = np.arange(-1, len(walk) - 1), np.arange(1, len(walk) + 1)
    before[begin], after[begin + size - 1] = begin + size - 1, begin
    corner = points[walk]
    step = corner[after] - corner
    leaving = step / np.hypot(*step.T)[:, None]
    arriving = leaving[before]
    is_end = np.zeros(len(walk), bool)
    is_end[begin] = is_end[begin + last - first] = True
    offsets, many = _corners(arriving, leaving, is_end, width / 2, round_caps)
    shape = np.repeat(corner, many, axis=0) + offsets
    return np.split(shape, np.cumsum(np.add.reduceat(many, begin))[:-1])


def _corners(arriving, leaving, is_end, radius, round_caps):
    """What goes around each corner on the left side: offsets from it, one corner after the other, and how many."""
    sine = arriving[:, 0] * leaving[:, 1] - arriving[:, 1] * leaving[:, 0]
    turn = np.arctan2(sine, (arriving * leaving).sum(axis=1))
    # The left side is the outer one of a turn to the right; an end is turned around by the right, and so is a tip.
    turn = np.where(is_end | (turn > np.pi - 1e-6), -np.pi, turn)
    smooth, inner = np.abs(turn) < _SMOOTH, turn >= _SMOOTH
    chord = 2 * np.arccos(1 - min(_CHORD / radius, 0.5))
    chords = np.ceil(np.abs(turn) / chord).astype(int)
    if not round_caps:
        chords[is_end] = 1
    # A smooth corner is one point, an outer one an arc, an inner one goes by way of the corner itself.
    many = np.where(smooth, 1, np.where(inner, 3, chords + 1))
    owner = np.repeat(np.arange(len(many)), many)
    part = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
    normal = np.arctan2(arriving[:, 0], -arriving[:, 1])
    share = part / np.maximum(many - 1, 1)[owner]
    share[smooth[owner]] = 0.5
    length = np.where(smooth, radius / np.cos(turn / 2), radius)[owner]
    length[inner[owner] & (part == 1)] = 0
    angle = normal[owner] + share * turn[owner]
    return np.stack([np.cos(angle), np.sin(angle)], axis=1) * length[:, None], many


def _numbered(line):
    """The points of a line that are finite and differ from the one before, and the number of each one's piece."""
    finite = np.isfinite(line).all(axis=1)
    points, number = line[finite], np.cumsum(~finite)[finite]
    new = np.ones(len(points), bool)
    new[1:] = (points[1:] != points[:-1]).any(axis=1) | (np.diff(number) > 0)
    points, number = points[new], number[new]
    # One point alone is no line.
    _, which, many = np.unique(number, return_inverse=True, return_counts=True)
    long = many[which] > 1
    return points[long], number[long]


def _ends(number):
    """The rows of the first and last point of each piece."""
    first = np.flatnonzero(np.diff(number, prepend=number[0] - 1))
    return first, np.append(first[1:], len(number)) - 1

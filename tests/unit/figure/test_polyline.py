"""Lines are cut, dashed and widened where geometry says."""

from itertools import pairwise

import numpy as np
import pytest

from course_lib.figure.polyline import clip, clip_polygon, dash, lone, outlines, pieces
from course_lib.figure.surface import cover

GAP = (np.nan, np.nan)


def distance(line, size):
    """From each pixel's centre to a line without breaks, shape (rows, columns)."""
    y, x = np.mgrid[0 : size[1], 0 : size[0]] + 0.5
    point = np.stack([x, y], axis=-1)[..., None, :]
    start, step = line[:-1], np.diff(line, axis=0)
    share = np.clip(((point - start) * step).sum(-1) / (step**2).sum(-1), 0, 1)[..., None]
    return np.linalg.norm(point - start - share * step, axis=-1).min(axis=-1)


def inked(polygons, size):
    return np.asarray(cover(size, polygons)) / 255


def random_line(corners):
    """Sharp and blunt corners, anywhere."""
    return np.random.default_rng(corners).uniform(30, 170, size=(corners, 2))


@pytest.mark.parametrize(
    "line",
    [
        *(random_line(corners) for corners in (2, 3, 5, 12)),
        np.array([(50, 50), (150, 50), (50, 50)]),  # back on itself
        np.array([(50, 50), (150, 50), (150, 51), (50, 51)]),  # a step far shorter than the width
        np.array([(100 + 60 * np.cos(t), 100 + 60 * np.sin(t)) for t in np.linspace(0, 2 * np.pi, 100)]),
    ],
)
def test_a_wide_line_covers_what_is_nearer_than_half_its_width(line):
    size, width = (200, 200), 21.0
    ink, far = inked(outlines(line, width), size), distance(line, size)
    # A pixel whose centre is more than half a diagonal from the edge is on one side of it; chords leave the circle
    # by less than a tenth.
    assert (ink[far < width / 2 - 0.71 - 0.1] == 1).all()
    assert (ink[far > width / 2 + 0.71 + 0.1] == 0).all()


def test_ends_are_cut_where_the_line_ends_if_they_are_not_round():
    ink = inked(outlines(np.array([(10.0, 20.0), (30.0, 20.0)]), 8, round_caps=False), (40, 40))
    expected = np.zeros((40, 40))
    expected[16:24, 10:30] = 1
    assert (ink == expected).all()


def test_a_break_separates_and_a_point_alone_is_no_line():
    line = np.array([(0, 0), (1, 0), GAP, (5, 5), GAP, (2, 0), (2, 0), (3, 0)])
    assert [part.tolist() for part in pieces(line)] == [[[0, 0], [1, 0]], [[2, 0], [3, 0]]]
    assert len(outlines(line, 1)) == 2
    assert lone(line).tolist() == [[5, 5]]
    assert lone(line[3:4]).tolist() == [[5, 5]]
    for empty in (line[:0], line[2:3], line[3:4]):
        assert pieces(empty) == outlines(empty, 1) == []
        assert len(clip(empty, (0, 0, 1, 1))) == len(dash(empty, (1, 1))) == 0


def test_clipping_keeps_what_is_inside_and_nothing_else():
    box = (40.0, 60.0, 120.0, 130.0)
    line = np.insert(np.random.default_rng(0).normal(90, 120, size=(200, 2)), [50, 51, 120], np.nan, axis=0)
    kept = pieces(clip(line, box))
    for part in kept:
        assert (part >= [box[:2]]).all() or np.allclose(part.clip(box[:2], box[2:]), part)
    # Points along the line are in the box exactly if they are on a kept piece.
    ends = np.concatenate([np.stack([part[:-1], part[1:]], axis=1) for part in kept])
    for start, stop in pairwise(line):
        for share in (0.123, 0.5, 0.871):
            point = start + share * (stop - start)
            if not np.isfinite(point).all():
                continue
            inside = (point > box[:2]).all() and (point < box[2:]).all()
            detour = np.linalg.norm(ends - point, axis=2).sum(1) - np.linalg.norm(
                ends[:, 1] - ends[:, 0], axis=1
            )
            assert (detour.min() < 1e-9) == inside


def test_a_line_that_stays_inside_goes_on_and_corners_outside_break_it():
    line = np.array([(1, 1), (2, 3), (4, 1), (20, 1), (4, 2), (5, 2)], dtype=float)
    kept = pieces(clip(line, (0, 0, 10, 10)))
    assert kept[0].tolist() == [[1, 1], [2, 3], [4, 1], [10, 1]]
    assert len(kept) == 2
    assert kept[1][-1].tolist() == [5, 2]


def test_numbers_of_any_size_are_clipped():
    line = np.array([(5, -1e30), (5, 1e30), (1e300, 5), (-1e300, 5), (np.inf, 0), (3, 3)], dtype=float)
    kept = clip(line, (0, 0, 10, 10))
    assert pieces(kept)[0] == pytest.approx(np.array([(5, 0), (5, 10)]), abs=1e-6)
    assert np.nanmax(np.abs(kept)) <= 10 + 1e-6


def test_a_polygon_is_clipped_to_the_box():
    box, size = (40.0, 60.0, 120.0, 130.0), (200, 200)
    for corners in (3, 4, 9):
        polygon = random_line(corners)
        ink = inked([clip_polygon(polygon, box)], size)
        whole = inked([polygon], size)
        whole[:60], whole[130:], whole[:, :40], whole[:, 120:] = 0, 0, 0, 0
        # Agg rounds corners to 1/256 pixel.
        assert np.abs(ink - whole).max() < 0.05
    assert len(clip_polygon(polygon - 1000, box)) == 0


def lengths(line):
    return [float(np.hypot(*np.diff(part, axis=0).T).sum()) for part in pieces(line)]


def test_dashes_go_on_around_corners_and_begin_anew_after_a_break():
    line = np.array([(0, 0), (7, 0), (7, 10), GAP, (50, 0), (62, 0)], dtype=float)
    found = [part.tolist() for part in pieces(dash(line, (4, 1)))]
    assert found == [
        [[0, 0], [4, 0]],
        [[5, 0], [7, 0], [7, 2]],
        [[7, 3], [7, 7]],
        [[7, 8], [7, 10]],
        [[50, 0], [54, 0]],
        [[55, 0], [59, 0]],
        [[60, 0], [62, 0]],
    ]


def test_the_ink_of_dashes_is_their_share_of_the_line():
    line = np.cumsum(np.random.default_rng(0).normal(size=(400, 2)), axis=0)
    for pattern in ((5.0, 1.6, 1.2, 1.6), (3.0,), (2.0, 0.5)):
        on, off = sum((pattern * 2)[0::2]), sum((pattern * 2)[1::2])
        ink = lengths(dash(line, pattern))
        # At the end, less than one repeat is cut short.
        assert sum(ink) == pytest.approx(sum(lengths(line)) * on / (on + off), abs=max(on, off))
        assert max(ink) == pytest.approx(max((pattern * 2)[0::2]))


def test_bad_patterns_are_named():
    for pattern in ((), (0, 0), (-1, 2), (np.nan, 1)):
        with pytest.raises(ValueError, match=r"pattern: expected lengths on, off, \.\.\. that add up, got"):
            dash(np.zeros((2, 2)), pattern)

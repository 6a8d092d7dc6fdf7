"""Precision and recall against loops over all pairs, and on sets whose shares are known."""

import pytest
import torch

from course_lib.evaluation import neighbours, precision_recall


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def by_loops(real, fake, k):
    def share(points, centres):
        inside = 0
        for point in points:
            for centre in centres:
                radius = sorted(float((centre - other).norm()) for other in centres)[k]
                if float((point - centre).norm()) <= radius:
                    inside += 1
                    break
        return inside / len(points)

    return share(fake, real), share(real, fake)


@pytest.mark.parametrize("k", [1, 3, 5])
def test_it_is_what_loops_over_all_pairs_count(k):
    real, fake = normal(25, 2), 1.5 * normal(18, 2, seed=1) + 0.5
    assert tuple(map(float, precision_recall(real, fake, k))) == pytest.approx(by_loops(real, fake, k))


def test_a_set_with_itself_is_perfect_even_with_duplicates():
    points = normal(40, 6).repeat(5, 1) + 1000  # the radii are zero: rounding must not decide
    assert tuple(map(float, precision_recall(points, points.flip(0)))) == (1, 1)


def test_far_apart_is_nothing():
    assert tuple(map(float, precision_recall(normal(30, 4), normal(30, 4) + 50))) == (0, 0)


def test_a_dropped_half_costs_recall_and_not_precision():
    both = torch.cat([normal(100, 3), normal(100, 3, seed=1) + 40])
    precision, recall = precision_recall(both, both[:100])
    assert (float(precision), float(recall)) == (1, 0.5)
    precision, recall = precision_recall(both[:100], both)  # and roles exchanged
    assert (float(precision), float(recall)) == (0.5, 1)


def test_exchanging_the_sets_exchanges_the_shares():
    real, fake = normal(60, 3), 0.5 * normal(50, 3, seed=1)
    there, back = precision_recall(real, fake), precision_recall(fake, real)
    assert (there.precision, there.recall) == (back.recall, back.precision)


def test_blocks_do_not_change_the_result(monkeypatch):
    real, fake = normal(60, 3), normal(50, 3, seed=1)
    whole = precision_recall(real, fake)
    monkeypatch.setattr(neighbours, "_BLOCK", 200)
    assert precision_recall(real, fake) == whole


@pytest.mark.parametrize("k", [0, 5, 2.0, True])
def test_an_impossible_k_is_refused(k):
    with pytest.raises(ValueError, match="k: expected an integer from 1 to 4"):
        precision_recall(normal(5, 2), normal(9, 2), k)


def test_other_shapes_are_refused():
    with pytest.raises(ValueError, match="fake: expected points of shape"):
        precision_recall(normal(5, 2), normal(9, 3))

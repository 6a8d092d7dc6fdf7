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


@pytest.mark.parametrize("d", [2, 50])  # differences and products
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shift", [500.0, 1e6])
def test_an_offset_of_everything_changes_nothing(shift, dtype, d):
    # Multiples of 1/8 below 2^20 / 8: exact in float32 at every offset here.
    real, fake = (normal(30, d) * 4).round() / 8, (normal(25, d, seed=1) * 6).round() / 8
    moved = precision_recall((real + shift).to(dtype), (fake + shift).to(dtype))
    assert moved == precision_recall(real, fake)
    assert tuple(map(float, moved)) == pytest.approx(by_loops(real, fake, 3))


@pytest.mark.parametrize("d", [2, 50])
def test_sets_far_from_one_another_keep_their_own_neighbours(d):
    near, far = normal(20, d), normal(20, d, seed=1) + 1e9
    fake = torch.cat([0.9 * near, far.flip(0) + 100])  # the second half: neither among the near nor the far
    real = torch.cat([near, far])
    assert tuple(map(float, precision_recall(real, fake))) == pytest.approx(by_loops(real, fake, 3))


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

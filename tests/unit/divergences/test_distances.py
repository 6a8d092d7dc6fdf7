"""Squared distances: digits kept at every offset, whichever way they are computed."""

from fractions import Fraction

import numpy as np
import pytest
import torch

from course_lib.divergences import distances
from course_lib.divergences.distances import squared_distances


def normal(n, d, seed=0, shift=0.0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, d, generator=generator, dtype=torch.float64) + shift


def exact(x, y):
    """In whole fractions, which round nothing."""
    rows = [[Fraction(v) for v in row] for row in x.tolist()]
    others = [[Fraction(v) for v in row] for row in y.tolist()]
    return torch.tensor(
        [[float(sum((a - b) ** 2 for a, b in zip(p, q, strict=True))) for q in others] for p in rows],
        dtype=torch.float64,
    )


@pytest.mark.parametrize("d", [1, 2, 40])
@pytest.mark.parametrize("shift", [0.0, 500.0, 1e6, 1e12])
def test_offsets_cost_no_digits(d, shift):
    x, y = normal(12, d, 1, shift), normal(9, d, 2, shift)
    torch.testing.assert_close(squared_distances(x, y), exact(x, y), rtol=1e-12, atol=0)


@pytest.mark.parametrize("d", [2, 40])
def test_clusters_without_a_common_origin_keep_their_inner_distances(d):
    x = torch.cat([normal(6, d, 1), normal(6, d, 2, 1e7), normal(6, d, 3, -1e7)])
    y = x[torch.randperm(18, generator=torch.Generator().manual_seed(0))] + 0.25
    torch.testing.assert_close(squared_distances(x, y), exact(x, y), rtol=1e-12, atol=0)


def test_single_precision_points_are_compared_in_double():
    x = normal(30, 2, 1, 500.0).float()
    y = normal(30, 2, 2, 500.0).float()
    torch.testing.assert_close(squared_distances(x, y), exact(x.double(), y.double()), rtol=1e-12, atol=0)


@pytest.mark.parametrize("d", [3, 200])
@pytest.mark.parametrize("shift", [0.0, 1e6])
def test_equal_points_are_exactly_zero_apart(d, shift):
    x = normal(50, d, 1, shift)
    squares = squared_distances(x, x)
    assert (squares.diagonal() == 0).all()
    assert (squares >= 0).all()
    assert (squares + torch.eye(50) > 0).all()


def test_products_mended_pairs_and_differences_give_the_same(monkeypatch):
    x, y = normal(80, 64, 1), normal(80, 64, 2)
    y[:20] = x[20:40] + 1e-5 * normal(20, 64, 3)  # 20 pairs of 6400 cancel
    results = []
    for most, few, block in ((0.05, 32, 1 << 22), (0.05, 32, 130), (0.0, 32, 1 << 22), (0.05, 100, 1 << 22)):
        monkeypatch.setattr(distances, "_MOST", most)
        monkeypatch.setattr(distances, "_FEW", few)
        monkeypatch.setattr(distances, "_BLOCK", block)
        results.append(squared_distances(x, y))
    for other in results[1:]:
        torch.testing.assert_close(results[0], other, rtol=1e-12, atol=0)
    assert results[0].min() < 1e-7


@pytest.mark.parametrize("d", [2, 64])
def test_gradients_are_those_of_the_differences_and_vanish_between_equal_points(d):
    x, y = normal(7, d, 1).requires_grad_(), normal(5, d, 2)
    with torch.no_grad():
        x[0] = y[0]
    weights = normal(7, 5, 3)
    (ours,) = torch.autograd.grad((weights * squared_distances(x, y)).sum(), x)
    plain = 2 * (weights[:, :, None] * (x[:, None] - y)).sum(1)  # the derivative, written down
    torch.testing.assert_close(ours, plain.detach(), rtol=1e-10, atol=1e-10)
    x = y.clone().requires_grad_()
    (still,) = torch.autograd.grad(squared_distances(x, y).diagonal().sum(), x)
    assert (still == 0).all()


def test_lists_arrays_and_whole_numbers_are_points():
    for points in ([[0, 0], [3, 4]], np.array([[0, 0], [3, 4]]), torch.tensor([[0, 0], [3, 4]])):
        assert squared_distances(points, [[0.0, 0.0]]).tolist() == [[0.0], [25.0]]
    assert squared_distances([1.0, 2.0], [4.0]).tolist() == [[9.0], [4.0]]


@pytest.mark.parametrize(
    ("x", "y", "sentence"),
    [
        ([[0.0, 1.0]], [[0.0]], r"y: expected points of shape \(n, 2\)"),
        ([[float("nan")]], [[0.0]], "x: expected numbers, got 1 NaN"),
        ([[0.0]], "points", "y: expected numbers, got 'points'"),
    ],
)
def test_bad_points_are_named(x, y, sentence):
    with pytest.raises(ValueError, match=sentence):
        squared_distances(x, y)

"""Streaming mean and covariance against NumPy on all rows, and against exact rational arithmetic."""

from fractions import Fraction

import numpy as np
import pytest
import torch

from course_lib.evaluation import FeatureStatistics


def features(n=200, d=5, mean=0.0, seed=0):
    noise = torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return (
        noise @ torch.randn(d, d, generator=torch.Generator().manual_seed(seed + 1), dtype=torch.float64)
        + mean
    )


def agree(statistics, rows, rel=1e-12):
    np.testing.assert_allclose(statistics.mean, rows.numpy().mean(0), rtol=rel)
    scale = np.abs(np.cov(rows.numpy().T)).max()
    np.testing.assert_allclose(statistics.covariance, np.cov(rows.numpy().T), atol=rel * scale)


@pytest.mark.parametrize("size", [1, 7, 64, 200])
def test_batches_of_any_size_give_the_whole(size):
    rows = features()
    statistics = FeatureStatistics()
    for batch in rows.split(size):
        statistics.update(batch)
    assert statistics.count == 200
    agree(statistics, rows)


def test_a_mean_a_thousand_times_the_spread_costs_no_digits():
    rows = features(n=4000, mean=1000.0)
    statistics = FeatureStatistics()
    for batch in rows.split(50):
        statistics.update(batch)
    # eps times mean / spread is 2e-13; sums of squares would lose that factor once more and end near 1e-10.
    agree(statistics, rows, rel=2e-12)


def test_a_mean_a_billion_times_the_spread_against_exact_arithmetic():
    # Sums of squares give noise of size 100 here. Integers above 10^9 are exact in float64, and so are fractions.
    values = [10**9 + v for v in (4, 7, 13, 16, 1, 0, 22)]
    statistics = FeatureStatistics()
    for v in values:
        statistics.update([[float(v)]])
    mean = Fraction(sum(values), len(values))
    exact = sum((v - mean) ** 2 for v in values) / (len(values) - 1)
    assert float(statistics.covariance) == pytest.approx(float(exact), rel=1e-6)  # eps * 1e9 / spread = 3e-8


def test_features_in_float32_are_summed_in_float64():
    rows = (features(n=5000) + 1000).float()
    statistics = FeatureStatistics().update(rows[:2500]).update(rows[2500:])
    agree(statistics, rows.double(), rel=2e-12)


@pytest.mark.parametrize("cut", [0, 1, 99, 200])
def test_two_merged_parts_are_the_whole_and_the_second_stays(cut):
    rows = features()
    first, second = FeatureStatistics(), FeatureStatistics()
    if cut:
        first.update(rows[:cut])
    if cut < 200:
        second.update(rows[cut:])
        before = (second.count, second.mean)
    first.merge(second)
    agree(first, rows)
    if cut < 200:
        first.update(rows)
        assert second.count == before[0]
        torch.testing.assert_close(second.mean, before[1])


def test_merging_something_with_itself_doubles_it():
    rows = features()
    statistics = FeatureStatistics().update(rows)
    agree(statistics.merge(statistics), torch.cat([rows, rows]))


def test_the_order_of_batches_does_not_matter():
    rows = features()
    forward, backward = FeatureStatistics(), FeatureStatistics()
    for batch in rows.split(17):
        forward.update(batch)
    for batch in reversed(rows.split(17)):
        backward.update(batch)
    torch.testing.assert_close(forward.covariance, backward.covariance, rtol=1e-12, atol=1e-12)


def test_memory_does_not_grow_with_the_rows():
    statistics = FeatureStatistics()
    for _ in range(100):
        statistics.update(torch.ones(50, 3))
    held = [v for v in vars(statistics).values() if isinstance(v, torch.Tensor)]
    assert sum(v.numel() for v in held) == 3 + 9


def test_a_refused_batch_leaves_everything_as_it_was():
    statistics = FeatureStatistics().update(features())
    before = statistics.covariance
    with pytest.raises(ValueError, match=r"features: .*NaN"):
        statistics.update([[1.0, 2.0, 3.0, 4.0, float("nan")]])
    with pytest.raises(ValueError, match=r"features: expected points of shape \(n, 5\), got shape \(2, 4\)"):
        statistics.update(torch.ones(2, 4))
    assert statistics.count == 200
    assert torch.equal(statistics.covariance, before)


def test_too_few_rows_are_a_sentence():
    with pytest.raises(ValueError, match="at least one row"):
        FeatureStatistics().mean  # noqa: B018
    with pytest.raises(ValueError, match="at least two rows"):
        FeatureStatistics().update([[1.0]]).covariance  # noqa: B018


def test_only_statistics_of_the_same_size_merge():
    with pytest.raises(ValueError, match="other"):
        FeatureStatistics().update([[1.0]]).merge(FeatureStatistics().update([[1.0, 2.0]]))
    with pytest.raises(ValueError, match="other"):
        FeatureStatistics().merge([1.0])

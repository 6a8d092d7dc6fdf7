"""The extrapolated FID: the line against NumPy's, and distributions whose FID is known."""

import numpy as np
import pytest
import torch

from course_lib.evaluation import fid, fid_infinity


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_the_line_is_the_least_squares_line():
    result = fid_infinity(
        normal(300, 4), normal(300, 4, seed=1) + 1, sizes=[60, 100, 300], generator=seeded()
    )
    x, y = np.repeat(1 / result.sizes.numpy(), 5), result.values.numpy().ravel()
    (slope, value), cov = np.polyfit(x, y, 1, cov=True)
    assert float(result.value) == pytest.approx(value)
    assert float(result.slope) == pytest.approx(slope)
    # NumPy scales the covariance by n - 2 as well.
    assert float(result.standard_error) == pytest.approx(np.sqrt(cov[1, 1]), rel=1e-6)


def test_two_samples_of_one_law_extrapolate_to_zero():
    x, y = normal(2000, 16), normal(2000, 16, seed=1)
    result = fid_infinity(x, y, generator=seeded())
    finite = float(fid(x, y))
    assert finite > 0.05  # the bias at n = 2000
    assert abs(float(result)) < finite / 5


def test_the_bias_of_one_gaussian_is_known_to_first_order():
    # To first order E FID = (2 d + d (d + 1) / 2) / n for two samples of size n of one normal distribution
    # in d dimensions: the means give 2 d / n; covariances I + A and I + B cost |A - B|^2 / 4, whose expectation is
    # d (d + 1) / (2 n).
    d, n = 6, 400
    values = [float(fid(normal(n, d, seed=s), normal(n, d, seed=500 + s))) for s in range(120)]
    expected = (2 * d + d * (d + 1) / 2) / n
    error = np.std(values, ddof=1) / np.sqrt(len(values))
    assert abs(np.mean(values) - expected) < 3 * error + 0.05 * expected


def test_a_known_distance_is_found():
    x, y = normal(3000, 8), 2 * normal(3000, 8, seed=1) + 1
    truth = 8 * 1 + 8 * (2 - 1) ** 2
    result = fid_infinity(x, y, generator=seeded())
    assert float(result) == pytest.approx(truth, rel=0.05)  # the sample's own means are off by about 2%


def test_it_repeats_with_a_generator():
    x, y = normal(100, 3), normal(100, 3, seed=1)
    first, second = (fid_infinity(x, y, generator=seeded(2)) for _ in range(2))
    assert torch.equal(first.values, second.values)


def test_keeping_the_reference_whole_leaves_only_its_own_bias():
    x, y = normal(4000, 8), normal(400, 8, seed=1)
    result = fid_infinity(x, y, subsample="q", generator=seeded())
    assert abs(float(result)) < float(fid(x, y)) / 2
    assert result.sizes.max() == 400


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"sizes": [10]}, "sizes"),
        ({"sizes": [1, 10]}, "sizes"),
        ({"sizes": [10, 51]}, "an integer from 2 to 50"),
        ({"repeats": 0}, "repeats"),
        ({"sizes": [10, 20], "repeats": 1}, "at least three values"),
        ({"subsample": "p"}, "subsample"),
    ],
)
def test_what_makes_no_line_is_refused(arguments, says):
    with pytest.raises(ValueError, match=says):
        fid_infinity(normal(50, 2), normal(60, 2), **arguments)

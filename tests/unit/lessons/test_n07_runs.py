"""The counted powers of notebook 07 against closed forms, and what counts them against loops."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from course_lib.divergences import gaussian_kernel, mmd2
from course_lib.lessons.n07_likelihood_free_learning import runs as script
from course_lib.lessons.n07_likelihood_free_learning.exercises import mmd_permutations


@pytest.fixture(scope="module")
def stored():
    return script.stored()


def best_power(shift, n, d):
    return stats.ncx2.sf(stats.chi2.isf(0.05, d), d, max(n * shift**2 / 2, 1e-12))


def test_the_arrays_have_the_shapes_that_the_script_promises(stored):
    shape = (len(script.SHIFTS), len(script.SIZES), len(script.DIMENSIONS))
    for name in ("median", "one", "linear", "network"):
        assert stored[f"power/{name}"].shape == shape
    for name in ("median", "one", "linear"):
        assert np.isfinite(stored[f"power/{name}"]).all()
    assert stored["blobs/power"].shape == stored["blobs/widths"].shape == (len(script.WIDTHS),)
    assert script.STORE.stat().st_size < 20_000


@pytest.mark.parametrize("name", ["median", "one", "linear"])
def test_without_a_shift_the_level_is_kept(stored, name):
    # 24 shares of 200 pairs, each at most 0.05 in expectation: four standard errors of one and of their mean.
    levels = stored[f"power/{name}"][0]
    assert levels.max() < 0.05 + 4 * 0.0154
    assert levels.mean() < 0.05 + 4 * 0.0154 / math.sqrt(24)


def test_no_counted_power_beats_the_best_test(stored):
    for name in ("median", "one", "linear", "network"):
        for (i, j, k), value in np.ndenumerate(stored[f"power/{name}"]):
            if np.isfinite(value):
                best = best_power(script.SHIFTS[i], script.SIZES[j], script.DIMENSIONS[k])
                # Counted over 200 pairs (100 for the network): at most 0.05, and four standard errors.
                assert value <= best + 4 * math.sqrt(best * (1 - best) / 100) + 0.01


def test_a_cell_can_be_counted_again(stored):
    found = script.power(0.6, 50, 2, 200, seed=1000 * 2 + 100 * 0 + 1)
    for name, value in found.items():
        # One pair of 200 may lie on the border and round differently elsewhere.
        assert value == pytest.approx(float(stored[f"power/{name}"][2, 0, 1]), abs=0.0051)


def test_the_p_value_of_one_product_is_that_of_a_loop_over_orders():
    random = torch.Generator().manual_seed(0)
    z = torch.randn(12, 2, generator=random, dtype=torch.float64)
    z[6:] += 0.7
    signs = script.random_signs(6, 50, random)
    kernel = script.kernel_without_diagonal(script.squares_between(z), 1.3)
    values = [float(mmd2(z[row > 0], z[row < 0], gaussian_kernel(1.3))) for row in signs]
    loop = np.mean([value >= values[0] - 1e-12 for value in values])
    assert script.mmd_p_value(kernel, signs) == pytest.approx(loop)


def test_the_reference_of_the_hard_exercise_is_the_unbiased_mmd_of_each_order():
    random = torch.Generator().manual_seed(1)
    z = torch.randn(9, 3, generator=random, dtype=torch.float64)
    kernel = gaussian_kernel(1.5)
    orders = torch.stack([torch.randperm(9, generator=random) for _ in range(7)])
    expected = [float(mmd2(z[o[:4]], z[o[4:]], kernel)) for o in orders]
    # 1e-12: sums of a few dozen numbers below 1 in another order.
    assert mmd_permutations(kernel(z, z), 4, orders).tolist() == pytest.approx(expected, abs=1e-12)


def test_blobs_have_the_moments_that_they_should():
    x, y = script.blob_pair(200_000, torch.Generator().manual_seed(2))
    # Uniform on 0, 1, 2 has the variance 2/3; the blob adds 0.01, and 0.008 to the covariance of the slanted one. The
    # standard errors are below 0.002 for variances and 0.0015 for covariances; four of them.
    for points, covariance in ((x, 0.0), (y, 0.008)):
        found = torch.cov(points.T)
        assert float(found[0, 0]) == pytest.approx(2 / 3 + 0.01, abs=0.008)
        assert float(found[1, 1]) == pytest.approx(2 / 3 + 0.01, abs=0.008)
        within = points - points.round()
        assert float(torch.cov(within.T)[0, 1]) == pytest.approx(covariance, abs=3e-4)

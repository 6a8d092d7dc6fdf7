"""The permutation test against SciPy, against all orders of a few numbers, and against its own promise: the level."""

import math

import pytest
import torch
from scipy import stats

from course_lib.evaluation import permutation_test


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=seeded(seed), dtype=torch.float64)


def distance(x, y):
    return (x.mean(0) - y.mean(0)).norm()


def test_it_is_what_all_orders_of_six_numbers_count():
    x, y = torch.tensor([0.3, 1.9, 2.4]), torch.tensor([2.5, 3.1, 2.2])
    exact = stats.permutation_test(
        (x.numpy(), y.numpy()),
        lambda a, b: abs(a.mean() - b.mean()),
        alternative="greater",
        n_resamples=math.inf,
    )
    found = permutation_test(x, y, distance, 4000, seeded())
    assert float(found.statistic) == pytest.approx(exact.statistic)
    # Of the 20 splits a share is drawn 4,000 times: a standard error of at most 0.008, and four of them.
    assert float(found.p_value) == pytest.approx(exact.pvalue, abs=0.032)


@pytest.mark.parametrize("shift", [0.0, 0.3, 0.6])
def test_it_agrees_with_scipy_on_larger_samples(shift):
    x, y = normal(30), normal(25, seed=1) + shift
    peer = stats.permutation_test(
        (x.numpy(), y.numpy()), lambda a, b: abs(a.mean() - b.mean()), alternative="greater", n_resamples=2000
    )
    # Both draw 2,000 orders: the difference has a standard error of at most 0.016.
    assert float(permutation_test(x, y, distance, 2000, seeded()).p_value) == pytest.approx(
        peer.pvalue, abs=0.064
    )


def test_under_h0_it_rejects_as_often_as_it_says():
    rejected = 0
    for seed in range(400):
        z = normal(16, 2, seed=seed)
        rejected += float(permutation_test(z[:8], z[8:], distance, 19, seeded(seed)).p_value) <= 0.05
    # Exactly 1/20 in expectation; the bounds are four standard errors of 0.011.
    assert 0.006 < rejected / 400 < 0.094


def test_ties_count_and_the_smallest_p_value_is_one_order():
    same = torch.ones(6)
    assert float(permutation_test(same, same, distance, 9).p_value) == 1
    apart = permutation_test(torch.zeros(20), torch.ones(20), distance, 99, seeded())
    assert float(apart.p_value) == pytest.approx(0.01)


def test_ties_that_rounding_has_parted_count():
    # The sum of all points, added up one by one: in this order it is 2.8000000000000007, in most others 2.8.
    x, y = torch.tensor([[0.1, 1.1, 0.3], [0.4, 0.2, 0.7]], dtype=torch.float64)
    found = permutation_test(x, y, lambda a, b: sum(float(v) for v in [*a, *b]), 50, seeded())
    assert float(found.statistic) > 2.8
    assert float(found.p_value) == 1


def test_it_repeats_with_a_generator_and_leaves_its_arguments_alone():
    x, y = normal(10, 3), normal(12, 3, seed=1)
    before = x.clone()
    once, again = (permutation_test(x, y, distance, 49, seeded(3)) for _ in range(2))
    assert once == again
    assert torch.equal(x, before)


def test_the_statistic_is_given_whole_samples_of_both_sizes():
    shapes = set()

    def spy(a, b):
        shapes.add((tuple(a.shape), tuple(b.shape)))
        return 0.0

    permutation_test([1.0, 2.0, 3.0], [4.0, 5.0], spy, 5)
    assert shapes == {((3, 1), (2, 1))}

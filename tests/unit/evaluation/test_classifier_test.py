"""The classifier's test against the best classifier there is, SciPy's binomial test, and its level under H0."""

import pytest
import torch
from scipy import stats

from course_lib.evaluation import classifier_two_sample_test


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=seeded(seed), dtype=torch.float64)


@pytest.mark.parametrize(("n", "m"), [(60, 60), (61, 40), (9, 200)])
def test_the_p_value_is_scipys_of_the_held_out_accuracy(n, m):
    x, y = normal(n, 2), normal(m, 2, seed=1) + 0.5
    found = classifier_two_sample_test(x, y, seeded())
    held = 2 * (min(n, m) // 2)
    right = float(found.accuracy) * held
    assert right == pytest.approx(round(right))
    peer = stats.binomtest(round(right), held, alternative="greater").pvalue
    assert float(found.p_value) == pytest.approx(peer)


@pytest.mark.parametrize(("shift", "scale"), [(2.0, 1.0), (0.0, 4.0)])
def test_it_comes_near_the_best_accuracy(shift, scale):
    n = 1500
    x, y = normal(n, 1), shift + scale * normal(n, 1, seed=1)
    grid = torch.linspace(-30, 30, 60_001, dtype=torch.float64)
    p, q = torch.distributions.Normal(0.0, 1.0), torch.distributions.Normal(shift, scale)
    best = 0.5 * float(torch.maximum(p.log_prob(grid).exp(), q.log_prob(grid).exp()).sum()) * 1e-3
    # 1,500 held-out points: a standard error of 0.011 at most, three of them, and 0.01 for the network.
    assert float(classifier_two_sample_test(x, y, seeded()).accuracy) == pytest.approx(best, abs=0.045)


def test_under_h0_it_rejects_no_more_often_than_it_says():
    z = normal(60, 40, 8)
    p_values = torch.stack(
        [classifier_two_sample_test(x[:20], x[20:], seeded(i)).p_value for i, x in enumerate(z)]
    )
    # At most 0.05 in expectation (0.058 with 20 held-out points at p = 0.058); three standard errors of 0.028.
    assert float((p_values <= 0.06).double().mean()) < 0.15


def test_points_that_are_all_the_same_are_no_evidence():
    same = torch.ones(20, 3)
    assert float(classifier_two_sample_test(same, same, seeded()).accuracy) == 0.5


def test_units_do_not_matter():
    x, y = normal(50, 2), normal(50, 2, seed=1) + 1
    plain = classifier_two_sample_test(x, y, seeded())
    far = classifier_two_sample_test(1e6 + 1e3 * x, 1e6 + 1e3 * y, seeded())
    assert float(plain.accuracy) == pytest.approx(
        float(far.accuracy), abs=0.021
    )  # one point may be on the border


def test_it_repeats_with_a_generator_and_leaves_the_global_one_alone():
    x, y = normal(30, 2), normal(30, 2, seed=1)
    state = torch.get_rng_state()
    once, again = (classifier_two_sample_test(x, y, seeded(3)) for _ in range(2))
    assert once == again
    assert torch.equal(torch.get_rng_state(), state)

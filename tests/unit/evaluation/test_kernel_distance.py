"""KID and CMMD: sums written out pair by pair, moments in closed form, and unbiasedness over all subsets."""

import itertools
import math
from fractions import Fraction

import pytest
import torch

from course_lib.divergences import mmd2
from course_lib.evaluation import cmmd, kernel_distance, kid


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def by_pairs(x, y, kernel):
    def pairs(u, v, skip):
        values = [kernel(a, b) for i, a in enumerate(u) for j, b in enumerate(v) if not (skip and i == j)]
        return sum(values) / len(values)

    return float(pairs(x, x, True) + pairs(y, y, True) - 2 * pairs(x, y, False))


def test_kid_is_the_sum_over_pairs_of_different_rows():
    x, y = normal(7, 3), normal(5, 3, seed=1) + 1
    assert float(kid(x, y)) == pytest.approx(by_pairs(x, y, lambda a, b: (a @ b / 3 + 1) ** 3), rel=1e-12)


def test_cmmd_is_the_sum_over_pairs_of_different_rows():
    x, y = normal(6, 3), normal(8, 3, seed=1) + 1
    expected = by_pairs(x, y, lambda a, b: torch.exp(-(a - b).square().sum() / (2 * 0.7**2)))
    assert float(cmmd(x, y, sigma=0.7, scale=10)) == pytest.approx(10 * expected, rel=1e-12)


def test_both_are_the_general_mmd_with_their_kernels():
    x, y = normal(20, 4), normal(30, 4, seed=1) + 0.4
    assert float(kid(x, y)) == pytest.approx(
        float(mmd2(x, y, lambda a, b: (a @ b.mT / 4 + 1) ** 3)), rel=1e-12
    )
    gaussian = mmd2(x, y, lambda a, b: torch.exp(-torch.cdist(a, b).square() / (2 * 1.5**2)))
    assert float(cmmd(x, y, sigma=1.5, scale=1.0)) == pytest.approx(float(gaussian), rel=1e-9)


def test_kid_is_unbiased_over_all_samples_of_a_small_population():
    # A population of four points drawn without replacement: pairs within a sample are pairs of the population.
    population, other = normal(4, 2), normal(3, 2, seed=2)
    samples = [kid(population[list(rows)], other) for rows in itertools.combinations(range(4), 2)]
    assert float(torch.stack(samples).mean()) == pytest.approx(float(kid(population, other)), rel=1e-12)


def test_kid_of_gaussians_is_what_their_moments_say():
    # d = 1 and kernel (xy + 1)^3: MMD^2 = sum over k of C(3, k) (difference of the k-th moments)^2.
    x, y = normal(8000, 1), 1.2 * normal(8000, 1, seed=1) + 0.3
    m, s = 0.3, 1.2
    differences = [m, m**2 + s**2 - 1, m**3 + 3 * m * s**2]
    exact = sum(math.comb(3, k) * v**2 for k, v in enumerate(differences, start=1))
    assert float(kid(x, y)) == pytest.approx(exact, rel=0.3)  # three standard errors of this sample size


def test_cmmd_of_gaussians_is_the_closed_form():
    # E exp(-(x-y)^2/2s^2) for a normal difference N(m, v) is s/sqrt(s^2+v) exp(-m^2 / 2(s^2+v)).
    x, y = normal(4000, 1), normal(4000, 1, seed=1) + 1

    def mean_kernel(m):
        return 1 / math.sqrt(3) * math.exp(-(m**2) / 6)

    assert float(cmmd(x, y, sigma=1.0, scale=1.0)) == pytest.approx(
        2 * mean_kernel(0) - 2 * mean_kernel(1), rel=0.15
    )


def test_one_law_gives_both_signs():
    values = [float(kid(normal(30, 4, seed=s), normal(30, 4, seed=1000 + s))) for s in range(60)]
    assert min(values) < 0 < max(values)
    mean, std = sum(values) / 60, torch.tensor(values).std().item()
    assert abs(mean) < 3.5 * std / math.sqrt(60)


def test_blocks_do_not_change_the_result(monkeypatch):
    x, y = normal(50, 3), normal(31, 3, seed=1)
    whole = float(kid(x, y)), float(cmmd(x, y, 1.0))
    monkeypatch.setattr(kernel_distance, "_BLOCK", 100)
    assert (float(kid(x, y)), float(cmmd(x, y, 1.0))) == pytest.approx(whole, rel=1e-12)


@pytest.mark.parametrize("d", [3, 50])  # few coordinates and many: differences and products
@pytest.mark.parametrize("shift", [500.0, 1e6, 1e9])
def test_cmmd_far_from_the_origin_keeps_its_digits(shift, d):
    x, y = normal(40, d) + shift, normal(40, d, seed=1) + 1 + shift
    sigma = d**0.5
    # The same points, moved back without rounding: the difference of two numbers within a factor of two is exact.
    assert float(cmmd(x, y, sigma)) == pytest.approx(float(cmmd(x - shift, y - shift, sigma)), rel=1e-9)


@pytest.mark.parametrize("d", [2, 50])
def test_cmmd_of_clusters_that_lie_far_apart_is_that_of_the_pairs(d):
    x = torch.cat([normal(8, d), normal(7, d, seed=1) + 1e8])
    y = torch.cat([normal(6, d, seed=2) + 0.5, normal(9, d, seed=3) + 1e8])
    expected = by_pairs(x, y, lambda a, b: torch.exp(-(a - b).square().sum() / (2 * d)))
    assert float(cmmd(x, y, sigma=d**0.5, scale=1.0)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("shift", [0.0, 1e3, 1e6, 1e8])
def test_kid_far_from_the_origin_is_the_sum_in_whole_fractions(shift):
    x, y = normal(5, 3) + shift, normal(6, 3, seed=1) + 0.5 + shift
    rows, others = ([[Fraction(v) for v in row] for row in part.tolist()] for part in (x, y))

    def kernel(a, b):
        return (sum(s * t for s, t in zip(a, b, strict=True)) / 3 + 1) ** 3

    # The large terms are 1e48 at a shift of 1e8, and the distance 1e33: a plain sum would have no digit left.
    assert float(kid(x, y)) == pytest.approx(by_pairs(rows, others, kernel), rel=1e-11)


@pytest.mark.parametrize("score", [kid, lambda x, y: cmmd(x, y, 1.0)])
def test_gradients_are_the_slopes(score):
    x, y = normal(5, 2).requires_grad_(), normal(6, 2, seed=1)
    assert torch.autograd.gradcheck(score, (x, y.requires_grad_()))


def test_subsets_repeat_with_a_generator_and_centre_on_the_whole():
    x, y = normal(300, 3), normal(300, 3, seed=1) + 0.5
    first, second = (kid(x, y, 50, 100, torch.Generator().manual_seed(4)) for _ in range(2))
    assert torch.equal(first.value, second.value)
    assert abs(float(first) - float(kid(x, y))) < 5 * float(first.standard_error)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"subsets": 1}, "subsets"),
        ({"subsets": 4, "subset_size": 11}, "smaller set 10"),
        ({"subsets": 4, "subset_size": 1}, "subset_size"),
    ],
)
def test_impossible_subsets_are_refused(arguments, says):
    with pytest.raises(ValueError, match=says):
        kid(normal(10, 2), normal(12, 2), **arguments)


@pytest.mark.parametrize("score", [kid, cmmd])
@pytest.mark.parametrize(
    ("p", "q", "says"),
    [
        (torch.ones(1, 2), torch.ones(3, 2), "features_p: expected at least two rows"),
        (torch.ones(3, 2), torch.ones(3, 3), "features_q: expected points of shape"),
        (torch.full((3, 2), math.nan), torch.ones(3, 2), "features_p: .*NaN"),
    ],
)
def test_bad_features_are_refused(score, p, q, says):
    with pytest.raises(ValueError, match=says):
        score(p, q)


@pytest.mark.parametrize(
    "arguments", [{"sigma": 0}, {"sigma": -1.0}, {"scale": math.inf}, {"sigma": math.nan}]
)
def test_bad_bandwidths_are_refused(arguments):
    with pytest.raises(ValueError, match=f"{next(iter(arguments))}: expected a positive number"):
        cmmd(torch.ones(3, 2), torch.ones(3, 2), **arguments)

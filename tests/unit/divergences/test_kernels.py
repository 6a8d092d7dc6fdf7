"""MMD against explicit features, exact expectations and the definition by loops."""

import itertools
import math
from fractions import Fraction

import pytest
import torch

from course_lib.divergences import gaussian_kernel, linear_kernel, mmd2, polynomial_kernel


def points(n, d, seed):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def quadratic_features(x):
    """(x.y + 1)^2 is the scalar product of these."""
    cross = [math.sqrt(2) * x[:, i] * x[:, j] for i, j in itertools.combinations(range(x.shape[1]), 2)]
    return torch.cat([x**2, torch.stack(cross, 1), math.sqrt(2) * x, torch.ones(len(x), 1)], 1)


def test_a_polynomial_kernel_compares_the_means_of_its_features():
    x, y = points(20, 3, 0), points(15, 3, 1) + 0.5
    gap = quadratic_features(x).mean(0) - quadratic_features(y).mean(0)
    value = mmd2(x, y, polynomial_kernel(2, scale=1.0, offset=1.0), unbiased=False)
    assert value.item() == pytest.approx(gap.square().sum().item(), rel=1e-10)


def test_the_linear_kernel_compares_the_means():
    x, y = points(20, 3, 0), points(15, 3, 1)
    assert mmd2(x, y, linear_kernel(), False).item() == pytest.approx(
        (x.mean(0) - y.mean(0)).square().sum().item()
    )


@pytest.mark.parametrize("unbiased", [True, False])
def test_the_estimate_is_the_definition_by_loops(unbiased):
    x, y, kernel = points(6, 2, 0), points(4, 2, 1), gaussian_kernel(0.7)

    def k(a, b):
        return math.exp(-((a - b) ** 2).sum().item() / (2 * 0.49))

    def within(z):
        pairs = [
            k(a, b)
            for (i, a), (j, b) in itertools.product(enumerate(z), repeat=2)
            if not (unbiased and i == j)
        ]
        return sum(pairs) / len(pairs)

    cross = sum(k(a, b) for a in x for b in y) / 24
    assert mmd2(x, y, kernel, unbiased).item() == pytest.approx(within(x) + within(y) - 2 * cross, rel=1e-12)


def test_the_unbiased_estimate_is_right_on_average():
    # For N(0, 1) against N(1, 1) and bandwidth 1: E k of two points whose difference is N(m, 2) is
    # exp(-m^2 / 6) / sqrt(3).
    exact = 2 / math.sqrt(3) * (1 - math.exp(-1 / 6))
    generator = torch.Generator().manual_seed(0)
    values = []
    for _ in range(1500):
        x, y = torch.randn(2, 8, 1, generator=generator, dtype=torch.float64)
        values.append(mmd2(x, y + 1, gaussian_kernel(1.0)))
    values = torch.stack(values)
    assert values.mean().item() == pytest.approx(exact, abs=4 * (values.std() / 1500**0.5).item())
    biased = mmd2(x, y + 1, gaussian_kernel(1.0), unbiased=False)
    assert biased > mmd2(x, y + 1, gaussian_kernel(1.0))


def test_the_biased_value_is_zero_for_the_same_points_and_never_negative():
    x = points(10, 2, 0)
    assert mmd2(x, x, gaussian_kernel(1.0), False).item() == pytest.approx(0, abs=1e-15)
    for seed in range(5):
        assert mmd2(x, points(9, 2, seed + 1), polynomial_kernel(), False) > 0


def test_symmetry_and_gradient():
    x, y = points(5, 2, 0).requires_grad_(), points(6, 2, 1)
    kernel = gaussian_kernel(1.0)
    assert mmd2(x, y, kernel).item() == pytest.approx(mmd2(y, x, kernel).item(), rel=1e-12)
    assert torch.autograd.gradcheck(lambda x: mmd2(x, y, kernel), (x,))


def in_fractions(x, y, degree, scale, offset, unbiased):
    """The definition with the polynomial kernel in exact arithmetic."""

    def k(a, b):
        return (Fraction(scale) * sum(u * v for u, v in zip(a, b, strict=True)) + Fraction(offset)) ** degree

    def within(z):
        n = len(z)
        pairs = [k(z[i], z[j]) for i in range(n) for j in range(n) if i != j or not unbiased]
        return sum(pairs) / len(pairs)

    x, y = ([list(map(Fraction, row)) for row in part.tolist()] for part in (x, y))
    return float(within(x) + within(y) - 2 * sum(k(a, b) for a in x for b in y) / (len(x) * len(y)))


@pytest.mark.parametrize("unbiased", [True, False])
@pytest.mark.parametrize("far", [0.0, 500.0, 1e6, 1e8, -1e12])
def test_far_from_the_origin_no_digit_is_lost(far, unbiased):
    x, y = points(6, 2, 0) + far, points(5, 2, 1) + 0.5 + far
    exact = in_fractions(x, y, 1, 1, 0, unbiased)
    # 1e-12: both rounding of a few dozen sums, and the centre's.
    assert mmd2(x, y, linear_kernel(), unbiased).item() == pytest.approx(exact, rel=1e-12)
    for degree in (1, 2, 3, 6):
        exact = in_fractions(x, y, degree, 0.5, 1, unbiased)
        assert mmd2(x, y, polynomial_kernel(degree), unbiased).item() == pytest.approx(exact, rel=1e-11)


def test_one_unit_apart_at_a_hundred_million():
    x = torch.tensor([[1e8], [1e8]], dtype=torch.float64)
    assert mmd2(x, x + 1, linear_kernel()).item() == 1.0
    assert mmd2(x, x + 1, linear_kernel(), unbiased=False).item() == 1.0


@pytest.mark.parametrize("bandwidth", [1e3, 1e6, 1e9])
def test_a_wide_kernel_compares_the_means(bandwidth):
    # exp(-s/2h^2) = 1 - s/2h^2 + O(s^2/h^4), and -|x - y|^2 as a kernel gives twice the distance of the means squared.
    x, y = points(20, 2, 0), points(15, 2, 1) + 0.3
    gap = (x.mean(0) - y.mean(0)).square().sum().item()
    value = mmd2(x, y, gaussian_kernel(bandwidth), unbiased=False).item()
    assert value * bandwidth**2 == pytest.approx(gap, rel=1e-9 + 100 / bandwidth**2)


def test_a_kernel_of_ones_own_is_taken_as_it_is():
    x, y = points(5, 2, 0), points(4, 2, 1)
    own = mmd2(x, y, lambda a, b: torch.exp(-torch.cdist(a, b).square() / 2)).item()
    assert own == pytest.approx(mmd2(x, y, gaussian_kernel(1.0)).item(), rel=1e-12)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: mmd2([[0.0, 1.0]], [[0.0]], linear_kernel()), "y: .*got shape"),
        (lambda: mmd2([0.0], [0.0, 1.0], linear_kernel()), "x: .*at least 2"),
        (lambda: mmd2([0.0, 1.0], [0.0, 1.0], "gaussian"), "kernel: .*got 'gaussian'"),
        (lambda: mmd2([0.0, 1.0], [0.0, 1.0, 2.0], lambda x, y: x.sum()), r"kernel: .*\(2, 3\), got tensor"),
        # Only the block within x has another shape; only the one within y is NaN.
        (
            lambda: mmd2(
                [0.0, 1.0], [0.0, 1.0, 2.0], lambda x, y: (x @ y.mT)[: len(x) - (len(x) == len(y) == 2)]
            ),
            r"kernel: .*\(2, 2\), got Tensor of shape \(1, 2\)",
        ),
        (
            lambda: mmd2(
                [0.0, 1.0], [0.0, 1.0, 2.0], lambda x, y: (x @ y.mT) * (math.nan if len(x) == 3 else 1)
            ),
            "kernel: .* got NaN",
        ),
        (lambda: mmd2([0.0, float("nan")], [0.0, 1.0], linear_kernel()), "x: .*1 NaN"),
        (lambda: gaussian_kernel(0.0), "bandwidth: .*got 0.0"),
        (lambda: polynomial_kernel(0), "degree: .*got 0"),
    ],
)
def test_bad_input_is_named(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()

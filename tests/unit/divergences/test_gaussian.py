"""KL between Gaussians against torch, against the series near equality, and at the edges."""

import math

import pytest
import torch

from course_lib.divergences import gaussian_kl

INF = float("inf")


def random_gaussian(size, seed):
    generator = torch.Generator().manual_seed(seed)
    root = torch.randn(size, size + 2, generator=generator, dtype=torch.float64)
    return torch.randn(size, generator=generator, dtype=torch.float64), root @ root.T / size


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_agrees_with_the_registry_of_torch(size):
    mean_p, cov_p = random_gaussian(size, 1)
    mean_q, cov_q = random_gaussian(size, 2)
    p = torch.distributions.MultivariateNormal(mean_p, cov_p)
    q = torch.distributions.MultivariateNormal(mean_q, cov_q)
    # Both are float64 with condition numbers below 1e3.
    assert torch.allclose(
        gaussian_kl(mean_p, cov_p, mean_q, cov_q), torch.distributions.kl_divergence(p, q), rtol=1e-11
    )


def test_nearly_equal_laws_keep_their_digits():
    # To second order the KL of variance 1 + e against 1 is e^2/4 - e^3/6; the textbook formula returns rounding noise.
    for e in (1e-5, 1e-7, 1e-9):
        variance = 1 + e
        exact = (variance - 1) ** 2 / 4
        assert gaussian_kl([0.0], [[variance]], [0.0], [[1.0]]).item() == pytest.approx(
            exact, rel=3 * e + 1e-6
        )
    shifted = gaussian_kl([1e-9, 0.0], torch.eye(2), [0.0, 0.0], torch.eye(2))
    assert shifted.item() == pytest.approx(0.5e-18, rel=1e-9)


def test_a_law_is_at_distance_zero_from_itself_and_never_negative():
    for seed in range(5):
        mean, cov = random_gaussian(4, seed)
        assert gaussian_kl(mean, cov, mean, cov).item() == 0


def test_far_apart_laws_stay_finite_and_exact():
    # 1/2 (r - 1 - log r) with r = 1e-20: the log term rules; with r = 1e20 the ratio itself.
    assert gaussian_kl([0.0], [[1e-20]], [0.0], [[1.0]]).item() == pytest.approx(
        (1e-20 - 1 + 20 * math.log(10)) / 2
    )
    assert gaussian_kl([0.0], [[1e20]], [0.0], [[1.0]]).item() == pytest.approx(0.5e20)
    assert gaussian_kl([1e100], [[1.0]], [0.0], [[1.0]]).item() == pytest.approx(0.5e200)


def test_the_minimum_over_factorised_laws_is_minus_half_log_one_minus_rho_squared():
    for rho in (0.5, 0.9, 0.999):
        cov = torch.tensor([[1.0, rho], [rho, 1.0]], dtype=torch.float64)
        best = torch.eye(2, dtype=torch.float64) * (1 - rho**2)
        assert gaussian_kl([0.0, 1.0], best, [0.0, 1.0], cov).item() == pytest.approx(
            -0.5 * math.log(1 - rho**2)
        )


def test_infinite_when_one_law_is_flat_where_the_other_is_not():
    flat, full = [[1.0, 0.0], [0.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]
    zero = [0.0, 0.0]
    assert gaussian_kl(zero, flat, zero, full).item() == INF
    assert gaussian_kl(zero, full, zero, flat).item() == INF
    assert gaussian_kl([0.0, 1.0], flat, zero, flat).item() == INF


def test_two_laws_on_the_same_line_compare_within_the_line():
    line = torch.tensor([[1.0, 2.0], [2.0, 4.0]], dtype=torch.float64)
    inside = gaussian_kl([0.0, 0.0], 2 * line, [0.0, 0.0], line)
    assert inside.item() == pytest.approx((2 - 1 - math.log(2)) / 2, rel=1e-9)
    other = torch.tensor([[1.0, -2.0], [-2.0, 4.0]], dtype=torch.float64)
    assert gaussian_kl([0.0, 0.0], other, [0.0, 0.0], line).item() == INF


def test_batches_and_single_laws_agree():
    mean_q, cov_q = random_gaussian(3, 9)
    laws = [random_gaussian(3, seed) for seed in range(4)]
    means, covs = torch.stack([m for m, _ in laws]), torch.stack([c for _, c in laws])
    one_by_one = torch.stack([gaussian_kl(m, c, mean_q, cov_q) for m, c in laws])
    assert torch.allclose(gaussian_kl(means, covs, mean_q, cov_q), one_by_one, rtol=1e-12)


def test_gradient_is_that_of_the_formula():
    mean_p, cov_p = random_gaussian(3, 3)
    mean_q, cov_q = random_gaussian(3, 4)
    parts = [part.clone().requires_grad_() for part in (mean_p, cov_p, mean_q, cov_q)]
    assert torch.autograd.gradcheck(gaussian_kl, parts, atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (([0.0, 0.0], torch.zeros(2, 3), [0.0, 0.0], torch.eye(2)), r"cov_p: .*\(2, 2\), got shape \(2, 3\)"),
        (([0.0, 0.0], torch.eye(2), [0.0], torch.eye(2)), r"mean_q: .*\(\.\.\., 2\), got shape \(1,\)"),
        (([0.0, 0.0], torch.eye(2), [0.0, 0.0], [[1.0, 2.0], [2.0, 1.0]]), "cov_q: .*eigenvalue -1"),
        (([0.0, 0.0], [[1.0, 0.5], [0.0, 1.0]], [0.0, 0.0], torch.eye(2)), "cov_p: .*transpose by 0.5"),
        (([0.0, float("nan")], torch.eye(2), [0.0, 0.0], torch.eye(2)), "mean_p: .*1 NaN"),
        ((["a"], [[1.0]], [0.0], [[1.0]]), r"mean_p: expected numbers, got \['a'\]"),
    ],
)
def test_bad_input_is_named(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        gaussian_kl(*arguments)

"""The Frechet distance against SciPy's matrix root, the explicit map, and at singular covariances."""

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

from course_lib.divergences import emd, frechet_distance, pairwise_distances


def gaussian(size, seed, rank=None):
    generator = torch.Generator().manual_seed(seed)
    root = torch.randn(size, rank or size + 3, generator=generator, dtype=torch.float64)
    return torch.randn(size, generator=generator, dtype=torch.float64), root @ root.T / size


@pytest.mark.parametrize("size", [1, 2, 5, 20])
def test_agrees_with_the_matrix_root(size):
    (mean_p, cov_p), (mean_q, cov_q) = gaussian(size, 1), gaussian(size, 2)
    root = sqrtm(cov_p.numpy())
    cross = np.trace(sqrtm(root @ cov_q.numpy() @ root)).real
    exact = ((mean_p - mean_q) ** 2).sum().item() + (cov_p + cov_q).trace().item() - 2 * cross
    assert frechet_distance(mean_p, cov_p, mean_q, cov_q).item() == pytest.approx(exact, rel=1e-9)


def test_is_the_cost_of_the_explicit_optimal_map():
    # T(x) = A x with A = P^-1/2 (P^1/2 Q P^1/2)^1/2 P^-1/2 carries N(0, P) to N(0, Q) and is a gradient.
    (_, p), (_, q) = gaussian(4, 3), gaussian(4, 4)
    root = sqrtm(p.numpy()).real
    inverse = np.linalg.inv(root)
    a = inverse @ sqrtm(root @ q.numpy() @ root).real @ inverse
    assert np.allclose(a @ p.numpy() @ a.T, q.numpy())
    cost = np.trace((np.eye(4) - a) @ p.numpy() @ (np.eye(4) - a).T)
    zero = torch.zeros(4)
    assert frechet_distance(zero, p, zero, q).item() == pytest.approx(cost, rel=1e-9)


def test_diagonal_covariances_compare_standard_deviations():
    p, q = torch.tensor([4.0, 0.0, 1.0]), torch.tensor([1.0, 9.0, 1.0])
    assert frechet_distance([1.0, 0, 0], torch.diag(p), [0.0, 0, 0], torch.diag(q)).item() == pytest.approx(
        1 + 1 + 9
    )


@pytest.mark.parametrize("rank", [1, 2, 6, 9])
def test_a_gaussian_is_at_distance_zero_from_itself(rank):
    mean, cov = gaussian(6, 5, rank)
    value = frechet_distance(mean, cov, mean, cov).item()
    # The root of a singular covariance is known to the root of rounding, its square to rounding.
    assert 0 <= value < 1e-12


def test_nearly_equal_gaussians_keep_their_digits():
    # W2^2 of standard deviations 1 and 1 + e is e^2 in each direction; the textbook formula leaves 1e-16.
    e = 1e-9
    one = torch.eye(3, dtype=torch.float64)
    value = frechet_distance(torch.zeros(3), one, torch.zeros(3), one * (1 + e) ** 2)
    assert value.item() == pytest.approx(3 * e**2, rel=1e-6)


def test_singular_covariances_in_different_directions():
    p, q = torch.diag(torch.tensor([1.0, 0.0])), torch.diag(torch.tensor([0.0, 1.0]))
    assert frechet_distance([0.0, 0], p, [0.0, 0], q).item() == pytest.approx(2)
    (mean_p, cov_p), (mean_q, cov_q) = gaussian(6, 1, 2), gaussian(6, 2, 3)
    value = frechet_distance(mean_p, cov_p, mean_q, cov_q).item()
    small = 1e-10 * torch.eye(6)
    # A covariance moved by e in a singular direction moves its root by e^1/2.
    assert value == pytest.approx(
        frechet_distance(mean_p, cov_p + small, mean_q, cov_q + small).item(), abs=1e-3
    )
    assert value == pytest.approx(frechet_distance(mean_q, cov_q, mean_p, cov_p).item(), rel=1e-9)


def test_bounds_the_transport_between_samples_from_below():
    # W2 between any two laws is at least the Frechet distance of their moments (Gelbrich).
    generator = torch.Generator().manual_seed(0)
    for _ in range(5):
        x, y = (torch.rand(30, 2, generator=generator, dtype=torch.float64) ** k for k in (1, 3))
        weights = torch.full((30,), 1 / 30, dtype=torch.float64)
        exact = emd(weights, weights, pairwise_distances(x, y, 2))[0]
        moments = [part for z in (x, y) for part in (z.mean(0), torch.cov(z.T, correction=0))]
        assert frechet_distance(*moments) <= exact + 1e-12


def test_the_gradient_is_right():
    parts = [part.requires_grad_() for seed in (1, 2) for part in gaussian(3, seed)]
    assert torch.autograd.gradcheck(frechet_distance, parts, atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (([0.0, 0.0], torch.eye(3), [0.0, 0.0], torch.eye(2)), r"cov_p: .*got shape \(3, 3\)"),
        (([0.0], [[1.0]], [0.0, 0.0], [[1.0]]), "mean_q: .*got shape"),
        (([0.0], [[1.0]], [0.0], [[-1.0]]), "cov_q: .*eigenvalue -1"),
    ],
)
def test_bad_input_is_named(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        frechet_distance(*arguments)

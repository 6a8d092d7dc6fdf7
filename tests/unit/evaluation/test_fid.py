"""FID against the printed formula, against a case known in closed form at any rank, and against transport itself."""

import math

import numpy as np
import pytest
import torch
from scipy import linalg

from course_lib.divergences import frechet_distance
from course_lib.evaluation import FeatureStatistics, fid
from course_lib.evaluation.cross_trace import covariance_factor, cross_trace, features_factor


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def printed_formula(p, q):
    """I24 Frechet Inception Distance, word for word, with SciPy's matrix square root."""
    p, q = p.numpy(), q.numpy()
    cov_p, cov_q = np.cov(p.T), np.cov(q.T)
    root = linalg.sqrtm(cov_p)
    cross = linalg.sqrtm(root @ cov_q @ root)
    return ((p.mean(0) - q.mean(0)) ** 2).sum() + np.trace(cov_p + cov_q - 2 * np.real(cross))


def stretched(x, seed=3, low=0.5, high=2.0):
    """x T with T symmetric positive definite: the optimal map, so its cost is the covariance term, at any rank."""
    d = x.shape[1]
    basis = torch.linalg.qr(normal(d, d, seed=seed)).Q
    factors = low + (high - low) * torch.rand(
        d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )
    t = (basis * factors) @ basis.mT
    centred = x - x.mean(0)
    return x @ t, (centred @ (t - torch.eye(d))).square().sum() / (len(x) - 1) + (
        x.mean(0) @ t - x.mean(0)
    ).square().sum()


@pytest.mark.parametrize(("n", "m", "d"), [(50, 60, 4), (300, 80, 10), (40, 500, 25)])
def test_it_is_the_printed_formula(n, m, d):
    p, q = normal(n, d, seed=1), 1.5 * normal(m, d, seed=2) @ normal(d, d, seed=4) + 1
    assert float(fid(p, q)) == pytest.approx(
        printed_formula(p, q), rel=1e-9
    )  # SciPy's roots keep about 1e-10


@pytest.mark.parametrize(
    ("n", "d"), [(2, 1), (3, 8), (10, 300), (64, 64), (65, 64), (150, 64), (400, 64), (700, 90), (30, 3)]
)
def test_a_symmetric_stretch_costs_what_it_moves(n, d):
    x = normal(n, d) * torch.logspace(0, -2, d, dtype=torch.float64)
    y, exact = stretched(x)
    trace = x.var(0).sum() + y.var(0).sum()
    assert abs(float(fid(x, y) - exact)) < 1e-13 * float(trace) * 10


@pytest.mark.parametrize("decay", [0, 4, 8, 14])
def test_the_quick_way_is_left_when_it_would_lose_digits(decay):
    x = normal(400, 80) * torch.logspace(0, -decay, 80, dtype=torch.float64)
    y, exact = stretched(x)
    assert abs(float(fid(x, y) - exact)) < 1e-12 * float(x.var(0).sum())


def whitened(n, d):
    """Rows whose sample covariance is the identity, so that scaling the columns gives any diagonal covariance."""
    x = normal(n, d) - normal(n, d).mean(0)
    return torch.linalg.qr(x).Q * (n - 1) ** 0.5


@pytest.mark.parametrize("small", [1e-2, 1e-4, 1e-6])
def test_one_strong_direction_among_weak_ones_keeps_its_digits(small):
    # Eigenvalues of M M^T would lose the weak directions: 80 of them, each off by up to 1e-8.
    scales = torch.full((80,), small, dtype=torch.float64)
    scales[0] = 1
    x, turn = whitened(400, 80), torch.linalg.qr(normal(80, 80, seed=7)).Q
    exact = (scales[1:] / 2).square().sum()
    halved = scales / 2
    halved[0] = 1
    assert abs(float(fid(x * scales @ turn, x * halved @ turn) - exact)) < 1e-12


@pytest.mark.parametrize("decay", [3, 5, 7])
def test_directions_strong_in_one_set_and_weak_in_the_other_keep_their_digits(decay):
    # A Cholesky factor of an ill-conditioned covariance loses the weak directions, which carry the cross term here.
    scales = torch.logspace(0, -decay, 80, dtype=torch.float64)
    x, turn = whitened(400, 80), torch.linalg.qr(normal(80, 80, seed=7)).Q
    exact = (scales - scales.flip(0)).square().sum()
    assert abs(float(fid(x * scales @ turn, x * scales.flip(0) @ turn) - exact)) < 1e-12 * float(
        2 * scales.square().sum()
    )


def test_the_same_covariance_needs_only_the_means():
    x = normal(40, 6)
    assert float(fid(x, x + torch.arange(6.0))) == pytest.approx(55, rel=1e-12)


def test_commuting_covariances_compare_standard_deviations():
    x = normal(100, 5)
    scales = torch.tensor([1.0, 2.0, 0.5, 3.0, 0.0], dtype=torch.float64)
    white = torch.linalg.solve_triangular(
        torch.linalg.cholesky(torch.cov(x.T)), (x - x.mean(0)).T, upper=False
    ).T
    assert float(fid(white, white * scales)) == pytest.approx(float((1 - scales).square().sum()), rel=1e-12)


@pytest.mark.parametrize(("n", "d"), [(5, 40), (40, 5), (200, 64), (2, 2)])
def test_it_is_zero_with_itself_never_negative_and_symmetric(n, d):
    x, y = normal(n, d), normal(n + 3, d, seed=9)
    assert float(fid(x, x)) == 0
    shuffled = x[torch.randperm(n, generator=torch.Generator().manual_seed(0))]
    assert 0 <= float(fid(x, shuffled)) < 1e-12 * float(x.var(0).sum())
    assert float(fid(x, y)) == pytest.approx(float(fid(y, x)), rel=1e-12)


def test_it_bounds_exact_transport_from_below():
    # Gelbrich: the Gaussian formula is never above W2 squared; exact transport is an assignment. Both have
    # the same sample, so the inequality holds without sampling error (with n in the denominator).
    from scipy.optimize import linear_sum_assignment

    x, y = normal(150, 2).exp(), 2 * normal(150, 2, seed=5)
    cost = torch.cdist(x, y).square().numpy()
    transport = cost[linear_sum_assignment(cost)].mean()
    plain = (x.mean(0) - y.mean(0)).square().sum()
    gaussian = float(plain + (fid(x, y) - plain) * 149 / 150)
    assert gaussian < transport


@pytest.mark.parametrize("shape", [(30, 12), (200, 64)])
@pytest.mark.parametrize("scale", [1e-150, 1e-9, 1e9, 1e150])
def test_the_units_of_the_features_only_scale_it(scale, shape):
    x, y = normal(*shape), normal(*shape, seed=1) + 1
    assert float(fid(x * scale, y * scale)) / scale**2 == pytest.approx(float(fid(x, y)), rel=1e-10)


def test_constant_features_have_only_their_means():
    assert float(fid(torch.zeros(5, 3), torch.full((4, 3), 2.0))) == 12
    assert float(fid(torch.ones(5, 3), torch.ones(7, 3))) == 0


@pytest.mark.parametrize(("n", "d"), [(300, 6), (8, 20), (200, 70)])
def test_it_is_the_distance_between_the_fitted_gaussians(n, d):
    # Another computation of this course, from covariances, without singular values of features.
    x, y = normal(n, d), 1.5 * normal(n + 5, d, seed=1) + 0.3
    gaussians = frechet_distance(x.mean(0), torch.cov(x.T), y.mean(0), torch.cov(y.T))
    assert float(fid(x, y)) == pytest.approx(float(gaussians), rel=1e-6)


def test_statistics_give_what_features_give():
    x, y = normal(300, 12), normal(250, 12, seed=1) + 0.3
    streamed = [FeatureStatistics(), FeatureStatistics()]
    for statistics, rows in zip(streamed, (x, y), strict=True):
        for batch in rows.split(37):
            statistics.update(batch)
    expected = float(fid(x, y))
    assert float(fid(*streamed)) == pytest.approx(expected, rel=1e-11)
    assert float(fid(x, streamed[1])) == pytest.approx(expected, rel=1e-11)
    assert float(fid(streamed[0], streamed[0])) == 0


def test_statistics_of_fewer_rows_than_columns_are_singular_and_fine():
    x, y = normal(10, 40), normal(12, 40, seed=1)
    assert float(fid(FeatureStatistics().update(x), FeatureStatistics().update(y))) == pytest.approx(
        float(fid(x, y)), rel=1e-6
    )  # from a covariance only half of the digits of its root are left


@pytest.mark.parametrize("shape", [(100, 6), (200, 64)])
def test_a_mean_far_from_zero_costs_no_digits(shape):
    x, y = normal(*shape), 2 * normal(*shape, seed=1)
    assert float(fid(x + 1e4, y + 1e4)) == pytest.approx(float(fid(x, y)), rel=1e-10)


@pytest.mark.parametrize("shape", [(100, 6), (200, 64)])
def test_a_mean_that_is_itself_rounded_does_not_count_as_spread(shape):
    # Integers under a mean of 2^50 - 2^51: every feature is exact, but not the mean of 100 of them.
    x, y = (normal(*shape) * 8).round(), (normal(*shape, seed=1) * 16).round()
    far = 2.0**50
    at_zero = fid(x, y) - (x.mean(0) - y.mean(0)).square().sum()
    there = fid(x + far, y + far) - ((x + far).mean(0) - (y + far).mean(0)).square().sum()
    assert float(there) == pytest.approx(float(at_zero), rel=1e-12)


def test_any_factors_of_the_covariances_have_the_same_cross_trace():
    x, y = normal(30, 8), normal(50, 8, seed=1)
    from_features = float(cross_trace(features_factor(x, x.mean(0)), features_factor(y, y.mean(0))))
    from_roots = float(cross_trace(covariance_factor(torch.cov(x.T)), covariance_factor(torch.cov(y.T))))
    assert from_features == pytest.approx(from_roots, rel=1e-12)


SHAPES = [(9, 7, 3), (5, 5, 4), (6, 4, 4), (4, 6, 9), (7, 3, 5), (2, 2, 1), (8, 3, 5)]


@pytest.mark.parametrize(("n", "m", "d"), SHAPES)  # more rows than columns, as many, fewer, and mixed
def test_gradients_are_the_slopes(n, m, d):
    x, y = normal(n, d).requires_grad_(), (2 * normal(m, d, seed=1) + 1).requires_grad_()
    assert torch.autograd.gradcheck(fid, (x, y))


@pytest.mark.parametrize(("n", "m", "d"), [(40, 30, 3), (300, 200, 70), (200, 20, 70)])
def test_gradients_are_those_of_the_distance_between_the_fitted_gaussians(n, m, d):
    def from_eigenvalues(p, q):
        def root(s):
            values, vectors = torch.linalg.eigh(s)
            return (vectors * values.clamp(min=1e-12).sqrt()) @ vectors.mT

        a, b = torch.cov(p.T), torch.cov(q.T)
        cross = torch.linalg.eigvalsh(root(a) @ b @ root(a)).clamp(min=1e-20).sqrt().sum()
        return (p.mean(0) - q.mean(0)).square().sum() + a.trace() + b.trace() - 2 * cross

    x, y = normal(n, d).requires_grad_(), 1.5 * normal(m, d, seed=1) + 0.3
    value, other = fid(x, y), from_eigenvalues(x, y)
    (ours,), (theirs,) = torch.autograd.grad(value, x), torch.autograd.grad(other, x)
    assert value.item() == pytest.approx(other.item(), rel=1e-7)
    # Eigenvalues that are zero up to rounding give 1e-8 of noise to the second way.
    torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-6 * float(theirs.abs().max()))


@pytest.mark.parametrize("shape", [(30, 4), (4, 30), (200, 64)])
def test_descent_along_the_gradient_reaches_the_other_set(shape):
    target = 2 * normal(*shape, seed=1) + 1
    moving = normal(*shape).float().requires_grad_()  # gradients come back in the type of the features
    before = float(fid(moving.detach(), target))
    for _ in range(60):
        (slope,) = torch.autograd.grad(fid(moving, target), moving)
        with torch.no_grad():
            moving -= 0.3 * shape[0] * slope
    assert slope.dtype == torch.float32
    assert float(fid(moving.detach(), target)) < 0.01 * before


@pytest.mark.parametrize("scale", [1.0, 1e-100, 1e100])
def test_a_set_against_itself_has_the_slope_zero_and_units_only_scale_slopes(scale):
    x, y = (scale * normal(9, 3)).requires_grad_(), scale * (2 * normal(8, 3, seed=1) + 1)
    (still,) = torch.autograd.grad(fid(x, x.detach()), x)
    assert (still == 0).all()
    (slope,) = torch.autograd.grad(fid(x, y), x)
    unit = (x.detach() / scale).requires_grad_()
    (expected,) = torch.autograd.grad(fid(unit, y / scale), unit)
    torch.testing.assert_close(slope / scale, expected, rtol=1e-9, atol=1e-12)


def test_dead_features_have_finite_slopes():
    x, y = normal(20, 4) * torch.tensor([1.0, 2.0, 0.0, 0.0]), normal(20, 4, seed=1)
    y[:, 3] = 0
    x.requires_grad_()
    (slope,) = torch.autograd.grad(fid(x, y), x)
    assert slope.isfinite().all()
    # The columns that live on their own have the slope of the distance between themselves.
    alive = x.detach()[:, :2].clone().requires_grad_()
    assert slope[:, 3].abs().max() < 1e-12
    assert torch.autograd.gradcheck(lambda p: fid(p, y[:, :2]), alive)


def test_a_second_derivative_is_refused_and_statistics_carry_none():
    x, y = normal(9, 3).requires_grad_(), normal(8, 3, seed=1)
    (slope,) = torch.autograd.grad(fid(x, y), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        slope.sum().backward()
    streamed = FeatureStatistics().update(x)
    assert not streamed.covariance.requires_grad
    assert not fid(streamed, y).requires_grad


def test_integers_and_lists_and_float16_are_accepted():
    assert float(fid([[0, 0], [2, 2]], torch.tensor([[1, 1], [3, 3]], dtype=torch.float16))) == pytest.approx(
        2
    )


@pytest.mark.parametrize(
    ("p", "q", "says"),
    [
        (torch.ones(1, 3), torch.ones(4, 3), "features_p: expected at least two rows"),
        (torch.ones(4, 3), torch.ones(4, 2), r"features_q: .*\(n, 3\), got shape \(4, 2\)"),
        (torch.ones(4, 3, 2), torch.ones(4, 3), "features_p: expected points of shape"),
        (torch.full((4, 3), math.nan), torch.ones(4, 3), "features_p: .*NaN"),
        (torch.ones(4, 3), torch.full((4, 3), math.inf), "features_q: .*infinite"),
        (FeatureStatistics(), torch.ones(4, 3), "features_p: expected at least two rows"),
        (torch.ones(4, 3), FeatureStatistics().update(torch.ones(4, 2)), "features_q: .*size 3"),
    ],
)
def test_bad_features_are_refused_in_a_sentence(p, q, says):
    with pytest.raises(ValueError, match=says):
        fid(p, q)


@pytest.mark.gpu
def test_it_stays_on_the_device_and_agrees_with_the_cpu():
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    for n, d in ((50, 8), (20, 100), (400, 64)):
        x, y = normal(n, d), normal(n, d, seed=1) + 1
        there = fid(x.cuda(), y.cuda())
        assert there.device.type == "cuda"
        assert float(there) == pytest.approx(float(fid(x, y)), rel=1e-10)

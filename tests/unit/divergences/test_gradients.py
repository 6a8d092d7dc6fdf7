"""Gradients against finite differences and closed forms, most of all where an atom or a direction is empty."""

import math

import numpy as np
import pytest
import torch
from torch.distributions import (
    Bernoulli,
    Beta,
    Binomial,
    Categorical,
    Exponential,
    Independent,
    Laplace,
    MixtureSameFamily,
    MultivariateNormal,
    Normal,
    Uniform,
)

from course_lib.divergences import (
    F_DIVERGENCES,
    all_divergences,
    divergence,
    frechet_distance,
    gaussian_kl,
    mmd2,
    pairwise_distances,
    polynomial_kernel,
    variational_bound,
)

ALL = list(F_DIVERGENCES)


def t(value):
    return torch.tensor(value, dtype=torch.float64)


def slope(function, x, step=1e-5):
    """Central differences; with this step they are off by about 1e-10 for functions of the order of one."""
    moves = step * torch.eye(len(x), dtype=x.dtype)
    return torch.stack([(function(x + move) - function(x - move)) / (2 * step) for move in moves]).detach()


def by_autograd(function, x):
    x = x.clone().requires_grad_()
    return torch.autograd.grad(function(x), x)[0]


def definition(p, q, kind):
    """sum q f(p/q) in NumPy, with the conventions 0 f(0/0) = 0 and q = 0: p times the limit of f(u)/u."""
    p, q = np.asarray(p), np.asarray(q)
    log = lambda a, b: np.log(np.where(a > 0, a, 1) / np.where(b > 0, b, 1))  # noqa: E731
    half = (p + q) / 2
    js = (np.sum(p * log(p, half)) + np.sum(q * log(q, half))) / 2
    return {
        "kl": lambda: np.sum(p * log(p, q)),
        "reverse_kl": lambda: np.sum(q * log(q, p)),
        "pearson_chi2": lambda: np.sum((p - q) ** 2 / q),
        "neyman_chi2": lambda: np.sum((p - q) ** 2 / p),
        "squared_hellinger": lambda: np.sum((np.sqrt(p) - np.sqrt(q)) ** 2),
        "jensen_shannon": lambda: js,
        "gan": lambda: 2 * js - math.log(4),
        "total_variation": lambda: np.sum(np.abs(p - q)) / 2,
    }[kind]()


FINITE_WITHOUT_P = [kind for kind in ALL if F_DIVERGENCES[kind].at_zero < math.inf]
FINITE_WITHOUT_Q = [kind for kind in ALL if F_DIVERGENCES[kind].at_infinity < math.inf]
OTHER = [0.3, 0.3, 0.4]


def with_an_empty_atom(logits):
    return torch.cat([torch.softmax(logits, 0), torch.zeros(1, dtype=torch.float64)])


@pytest.mark.parametrize("kind", FINITE_WITHOUT_P)
def test_an_atom_that_p_lacks_leaves_the_others_their_slopes(kind):
    logits = t([0.0, 1.0])
    found = by_autograd(lambda x: divergence(with_an_empty_atom(x), OTHER, kind), logits)
    expected = slope(lambda x: t(definition(with_an_empty_atom(x), OTHER, kind)), logits)
    assert torch.allclose(found, expected, atol=1e-8)
    together = by_autograd(
        lambda x: all_divergences(with_an_empty_atom(x), OTHER, kinds=[kind])[kind], logits
    )
    assert torch.equal(found, together)


@pytest.mark.parametrize("kind", FINITE_WITHOUT_Q)
def test_an_atom_that_q_lacks_leaves_the_others_their_slopes(kind):
    logits = t([0.0, 1.0])
    found = by_autograd(lambda x: divergence(OTHER, with_an_empty_atom(x), kind), logits)
    expected = slope(lambda x: t(definition(OTHER, with_an_empty_atom(x), kind)), logits)
    assert torch.allclose(found, expected, atol=1e-8)


def test_the_number_by_hand():
    # KL = sum p log p + log(10/3) over two atoms: the slope in the logits is p_1 p_2 log(p_2 / p_1), and that is
    # the logistic density at 1.
    density = math.exp(-1) / (1 + math.exp(-1)) ** 2
    found = by_autograd(lambda x: divergence(with_an_empty_atom(x), OTHER, "kl"), t([0.0, 1.0]))
    assert found.tolist() == pytest.approx([-density, density], rel=1e-12)
    assert density == pytest.approx(0.1966, abs=1e-4)


@pytest.mark.parametrize(
    ("kind", "side"), [(k, 0) for k in FINITE_WITHOUT_P] + [(k, 1) for k in FINITE_WITHOUT_Q]
)
def test_an_empty_atom_itself_gets_the_one_sided_slope_or_nothing(kind, side):
    empty, full = t([0.25, 0.75, 0.0]), t(OTHER)

    def value(empty):
        return divergence(empty, full, kind) if side == 0 else divergence(full, empty, kind)

    # Mass that comes from everywhere in proportion, as the scaling to the sum one takes it.
    steps = [1e-4, 1e-6, 1e-8]
    rise = [(value(torch.cat([empty[:2] * (1 - h), t([h])])) - value(empty)).item() / h for h in steps]
    found = by_autograd(value, empty)
    assert found.isfinite().all()
    if abs(rise[2] - rise[1]) < 1e-3:
        assert found[2].item() == pytest.approx(rise[2], abs=1e-5)
    else:  # a logarithm or a root has no slope there
        assert abs(rise[2]) > abs(rise[1]) + 1


def test_logits_that_underflow_stop_no_training():
    logits = torch.tensor([0.0, 1.0, -800.0], dtype=torch.float64)
    for kind in FINITE_WITHOUT_P:
        found = by_autograd(lambda x, kind=kind: divergence(torch.softmax(x, 0), OTHER, kind), logits)
        expected = by_autograd(
            lambda x, kind=kind: divergence(with_an_empty_atom(x[:2]), OTHER, kind), logits
        )
        assert torch.allclose(found, expected, atol=1e-14)


def normal(x):
    return Normal(x[0], x[1].exp())


def holes(logits):
    return MixtureSameFamily(Categorical(logits=logits), Uniform(t([0.0, 2.0]), t([1.0, 3.0])))


DISTRIBUTIONS = {
    "Gaussians": (lambda x: (normal(x[:2]), normal(x[2:])), [0.0, 0.0, 1.0, 0.3]),
    "one Gaussian twice": (lambda x: (normal(x[:2]), normal(x[2:])), [0.0, 0.0, 0.0, 0.0]),
    "Gaussians far apart": (lambda x: (normal(x[:2]), normal(x[2:])), [0.0, 0.0, 60.0, 0.3]),
    "a mixture": (
        lambda x: (MixtureSameFamily(Categorical(logits=x[:2]), Normal(x[2:4], x[4:].exp())), normal(x[:2])),
        [0.0, 0.4, 1.0, 3.0, 0.0, -0.5],
    ),
    "a component without weight": (
        lambda x: (MixtureSameFamily(Categorical(t([1.0, 0.0])), Normal(x[:2], x[2:].exp())), normal(x[:2])),
        [0.0, 0.4, 0.5, 0.0],
    ),
    "half lines": (lambda x: (Exponential(x[0].exp()), Exponential(x[1].exp())), [0.0, 0.5]),
    "a half line and a line": (lambda x: (Exponential(x[0].exp()), normal(x[1:])), [0.0, 0.5, 0.9]),
    "an interval and a line": (lambda x: (Uniform(t(0.0), t(1.0)), normal(x)), [0.4, 0.5]),
    "singular ends": (lambda x: (Beta(x[0].exp(), x[1].exp()), Beta(x[2].exp(), x[3].exp())), [0.4, 0.5, 0.3, 0.2]),
    "a kink": (lambda x: (normal(x[:2]), Laplace(x[2], x[3].exp())), [0.4, 0.5, 0.1, 0.2]),
    "holes": (lambda x: (holes(x[:2]), holes(x[2:])), [0.4, 0.5, 0.3, 0.1]),
    "a hole and a line": (lambda x: (holes(x), normal(x)), [0.4, 0.5]),
    "the plane": (
        lambda x: (
            MultivariateNormal(x.expand(2), torch.diag(x.expand(2).exp()) + 0.2),
            Independent(Normal(t([0.0, 0.0]), t([1.0, 1.5])), 1),
        ),
        [0.3],
    ),
    "coins": (lambda x: (Bernoulli(logits=x[0]), Bernoulli(torch.sigmoid(x[1]))), [0.4, 0.5]),
    "coins thrown often": (lambda x: (Binomial(4, logits=x[0]), Binomial(4, torch.sigmoid(x[1]))), [0.4, 0.5]),
    "an impossible category": (
        lambda x: (
            Categorical(logits=torch.cat([x[:2], t([-math.inf])])),
            Categorical(torch.softmax(x[2:], 0)),
        ),
        [0.4, 0.5, 0.1, 0.2, 0.4],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", DISTRIBUTIONS)
def test_gradients_are_the_differences_of_the_values(case):
    make, start = DISTRIBUTIONS[case]
    start, tried = t(start), 0
    for kind in ALL if case != "the plane" else ("kl", "squared_hellinger", "pearson_chi2"):

        def value(x, kind=kind):
            return divergence(*make(x), kind)

        if value(start).isfinite():
            tried += 1
            # 1e-6: the quadrature's own error of up to 1e-11, divided by the step.
            assert torch.allclose(by_autograd(value, start), slope(value, start), rtol=1e-4, atol=1e-6), kind
    assert tried >= 3


def covariance(x):
    return torch.stack([torch.stack([x[0], x[1]]), torch.stack([x[1], x[2]])])


@pytest.mark.parametrize("function", [gaussian_kl, frechet_distance])
@pytest.mark.parametrize(
    "start",
    [
        [0.1, 0.2, 1.0, 0.3, 2.0, 0.5, 0.1, 0.9],
        [0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0],  # one Gaussian twice, round
        [0.3, 0.1, 1.0, 0.3, 2.0, 1.0, 0.3, 2.0],  # one covariance twice
    ],
)
def test_slopes_between_gaussians(function, start):
    def value(x):
        return function(x[:2], covariance(x[2:5]), [0.0, 0.0], covariance(x[5:]))

    start = t(start)
    assert torch.allclose(by_autograd(value, start), slope(value, start), atol=1e-8)


def leaves(*values):
    return [t(value).requires_grad_() for value in values]


def test_slopes_between_flat_gaussians_lie_in_their_plane():
    # Both live on the first two axes; there they are N((1, 1), I) and N(0, 2 I).
    parts = leaves([1.0, 1.0, 0.0], np.diag([1.0, 1.0, 0.0]).tolist(), np.diag([2.0, 2.0, 0.0]).tolist())
    found = torch.autograd.grad(gaussian_kl(parts[0], parts[1], [0.0] * 3, parts[2]), parts)
    flat = leaves([1.0, 1.0], np.eye(2).tolist(), (2 * np.eye(2)).tolist())
    expected = torch.autograd.grad(gaussian_kl(flat[0], flat[1], [0.0] * 2, flat[2]), flat)
    for got, inner in zip(found, expected, strict=True):
        assert torch.allclose(got[(slice(2),) * got.ndim], inner, atol=1e-12)
        assert got[2].abs().max() == 0


def test_a_singular_covariance_has_no_slope_in_the_frechet_distance_and_the_rest_has():
    parts = leaves([1.0, 1.0], [[1.0, 1.0], [1.0, 1.0]], [[2.0, 0.5], [0.5, 1.0]])
    value = frechet_distance(parts[0], parts[1], [0.0, 0.0], parts[2])
    by_mean, by_flat, by_full = torch.autograd.grad(value, parts, allow_unused=True)
    assert by_flat is None
    assert by_mean.tolist() == pytest.approx([2.0, 2.0])
    fixed = parts[0].detach(), parts[1].detach(), [0.0, 0.0]
    expected = slope(lambda x: frechet_distance(*fixed, covariance(x)), t([2.0, 0.5, 1.0]))
    found = torch.stack([by_full[0, 0], by_full[0, 1] + by_full[1, 0], by_full[1, 1]])
    assert torch.allclose(found, expected, atol=1e-7)


def test_slopes_of_kernels_distances_and_bounds():
    x, y = t([[0.3, 1.0], [2.0, 0.1], [0.5, 0.5]]), t([[1.0, 0.0], [0.0, 2.0]])
    for kernel in (polynomial_kernel(3), polynomial_kernel(2, 0.5, 0.0)):
        assert torch.autograd.gradcheck(
            lambda x, kernel=kernel: mmd2(x, y, kernel), (x.clone().requires_grad_(),)
        )
    for power in (0.5, 1.0, 1.5, 2.0):
        same = x.clone().requires_grad_()
        pairwise_distances(same, x, power).sum().backward()
        assert same.grad.isfinite().all()
    critic = t([0.2, 0.4, -0.3]).requires_grad_()
    # An atom without mass, where the conjugate of this row is infinite.
    bound = variational_bound("gan", critic - 1, t([-1.0, -0.5, 3.0]), OTHER, [0.5, 0.5, 0.0])
    assert torch.autograd.grad(bound, critic)[0].tolist() == pytest.approx(OTHER)

"""Log densities against torch inside the support, minus infinity outside, and where a law's components sit."""

import math

import pytest
import torch
from scipy import stats
from torch.distributions import (
    Beta,
    Categorical,
    Cauchy,
    Exponential,
    Gumbel,
    Independent,
    MixtureSameFamily,
    MultivariateNormal,
    Normal,
    StudentT,
    Uniform,
    Weibull,
)

from course_lib import checks
from course_lib.distributions import gaussian_mixture, log_density
from course_lib.distributions.pieces import pieces


def t(value):
    return torch.tensor(value, dtype=torch.float64)


LAWS = [
    Normal(t(1.0), t(2.0)),
    Cauchy(t(1.0), t(2.0)),
    StudentT(t(3.0), t(1.0), t(2.0)),
    MultivariateNormal(t([0.0, 1.0]), t([[1.0, 0.9], [0.9, 1.0]])),
    Independent(Normal(t([0.0, 1.0]), t([1.0, 2.0])), 1),
    Exponential(t(2.0)),
    Beta(t(0.5), t(2.0)),
    Uniform(t(-1.0), t(3.0)),
    Independent(Uniform(t([0.0, 0.0]), t([1.0, 2.0])), 1),
    MixtureSameFamily(Categorical(t([0.3, 0.7])), Normal(t([-5.0, 5.0]), t([0.1, 2.0]))),
    gaussian_mixture(
        [0.3, 0.7], [[-5.0, 0.0], [5.0, 1.0]], [[[0.01, 0.0], [0.0, 1.0]], [[2.0, 1.9], [1.9, 2.0]]]
    ),
]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: type(law).__name__)
def test_agrees_with_torch_inside_the_support(law):
    torch.manual_seed(0)
    x = law.sample((50,))
    assert torch.allclose(log_density(law, x), law.log_prob(x), rtol=1e-12, atol=1e-12)


def test_outside_the_support_there_is_no_mass():
    assert log_density(Uniform(t(0.0), t(1.0)), t([-1.0, 0.5, 2.0])).tolist() == [-math.inf, 0.0, -math.inf]
    assert log_density(Exponential(t(1.0)), t([-1.0, 1.0])).tolist() == [-math.inf, -1.0]
    corner = Independent(Uniform(t([0.0, 0.0]), t([1.0, 2.0])), 1)
    assert log_density(corner, t([[0.5, 0.5], [0.5, 3.0], [-1.0, 1.0]])).tolist() == [
        -math.log(2),
        -math.inf,
        -math.inf,
    ]
    holes = MixtureSameFamily(Categorical(t([0.5, 0.5])), Uniform(t([0.0, 2.0]), t([1.0, 3.0])))
    assert log_density(holes, t([0.5, 1.5, 2.5])).tolist() == pytest.approx(
        [-math.log(2), -math.inf, -math.log(2)]
    )


def test_a_component_without_weight_has_no_mass():
    law = MixtureSameFamily(Categorical(t([1.0, 0.0])), Uniform(t([0.0, 2.0]), t([1.0, 3.0])))
    assert log_density(law, t([2.5])).item() == -math.inf


def test_a_density_that_underflows_is_not_zero():
    # The logarithms -e^800 and -1e1000 themselves are beyond float64.
    for law, x in ((Gumbel(t(0.0), t(1.0)), -800.0), (Weibull(t(1.0), t(100.0)), 1e10)):
        far = log_density(law, t([x]))
        assert math.isfinite(far.item())
        assert far.item() < -1e299


def test_pieces_are_the_components():
    found = pieces(LAWS[-1], 2)
    assert found.centre.tolist() == [[-5.0, 0.0], [5.0, 1.0]]
    assert torch.allclose(found.cov[1], t([[2.0, 1.9], [1.9, 2.0]]))
    bounded = pieces(Independent(Uniform(t([0.0, 1.0]), t([1.0, 4.0])), 1), 2)
    assert bounded.low.tolist() == [[0.0, 1.0]]
    assert bounded.high.tolist() == [[1.0, 4.0]]


@pytest.mark.parametrize(
    "law", [LAWS[0], LAWS[1], LAWS[2], LAWS[5], LAWS[6], LAWS[7]], ids=lambda law: type(law).__name__
)
def test_the_centre_and_scale_sit_within_the_bulk(law):
    torch.manual_seed(0)
    drawn = law.sample((4000,))
    centre, scale = (part.item() for part in pieces(law, 1)[:2])
    low, high = torch.quantile(drawn, t([0.1, 0.9])).tolist()
    assert low < centre < high
    assert 0.1 * (high - low) < scale < high - low


def test_a_mixture_has_the_density_of_its_definition():
    law = gaussian_mixture(
        [0.3, 0.7], [[-5.0, 0.0], [5.0, 1.0]], [[[0.01, 0.0], [0.0, 1.0]], [[2.0, 1.9], [1.9, 2.0]]]
    )
    x = [4.0, 0.3]
    exact = 0.3 * stats.multivariate_normal.pdf(
        x, [-5, 0], [[0.01, 0], [0, 1]]
    ) + 0.7 * stats.multivariate_normal.pdf(x, [5, 1], [[2, 1.9], [1.9, 2]])
    assert law.log_prob(t(x)).exp().item() == pytest.approx(exact, rel=1e-12)
    assert gaussian_mixture([0.5, 0.5], [0.0, 1.0], [1.0, 4.0]).component_distribution.scale.tolist() == [
        1.0,
        2.0,
    ]
    assert gaussian_mixture([0.5, 0.5], [[0.0, 1.0], [2.0, 3.0]], 0.25).event_shape == (2,)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: gaussian_mixture([0.5, 0.6], [0.0, 1.0], 1.0), r"weights: .*sum 1.1"),
        (lambda: gaussian_mixture([1.0], [0.0, 1.0], 1.0), r"weights: .*\(2,\)"),
        (lambda: gaussian_mixture([0.5, 0.5], [0.0, 1.0], -1.0), r"covs: .*-1"),
        (lambda: gaussian_mixture([1.0], [[0.0, 1.0]], [[1.0, 1.0], [1.0, 1.0]]), r"covs: .*singular"),
        (lambda: gaussian_mixture([1.0], [[0.0, 1.0]], torch.eye(3)), r"covs: .*got shape \(3, 3\)"),
        (lambda: checks.samples("x", torch.zeros(0, 2)), r"x: .*got shape \(0, 2\)"),
        (lambda: checks.vector("m", []), r"m: .*got shape \(0,\)"),
        (lambda: checks.tensor("z", torch.zeros(2, dtype=torch.complex64)), r"z: .*real numbers"),
    ],
)
def test_bad_input_is_named(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()

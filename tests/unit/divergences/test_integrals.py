"""Quadrature against closed forms, exact sums and SciPy; what is infinite is infinite."""

import math

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from torch.distributions import (
    Bernoulli,
    Beta,
    Binomial,
    Categorical,
    Cauchy,
    Exponential,
    Gamma,
    Gumbel,
    Independent,
    Laplace,
    LogNormal,
    MixtureSameFamily,
    MultivariateNormal,
    Normal,
    Poisson,
    StudentT,
    Uniform,
    kl_divergence,
)

from course_lib.divergences import F_DIVERGENCES, all_divergences, divergence, divergence_with_error

INF = float("inf")
ALL = list(F_DIVERGENCES)


def t(value):
    return torch.tensor(value, dtype=torch.float64)


def normal(mean, std):
    return Normal(t(float(mean)), t(float(std)))


def gaussian(mean, cov):
    return MultivariateNormal(t(mean), t(cov))


def closed_forms(m1, s1, m2, s2):
    """Between N(m1, s1^2) and N(m2, s2^2), derived by completing the square."""
    kl = math.log(s2 / s1) + (s1**2 + (m1 - m2) ** 2) / (2 * s2**2) - 0.5
    back = math.log(s1 / s2) + (s2**2 + (m1 - m2) ** 2) / (2 * s1**2) - 0.5

    def chi2(m1, s1, m2, s2):
        gap = 2 * s2**2 - s1**2
        return INF if gap <= 0 else s2**2 / (s1 * math.sqrt(gap)) * math.exp((m1 - m2) ** 2 / gap) - 1

    overlap = math.sqrt(2 * s1 * s2 / (s1**2 + s2**2)) * math.exp(-((m1 - m2) ** 2) / (4 * (s1**2 + s2**2)))
    return {
        "kl": kl,
        "reverse_kl": back,
        "jeffreys": kl + back,
        "pearson_chi2": chi2(m1, s1, m2, s2),
        "neyman_chi2": chi2(m2, s2, m1, s1),
        "squared_hellinger": 2 - 2 * overlap,
    }


PAIRS = [
    (0, 1, 1, 1),
    (0, 1, 0.5, 1.3),
    (0, 1e-3, 5, 10),
    (0, 1, 12, 1),
    (-3, 0.5, 3, 0.6),
    (1e6, 1, 1e6 + 1, 1),
]


@pytest.mark.parametrize("pair", PAIRS)
def test_gaussians_on_a_line_have_their_closed_forms(pair):
    p, q = normal(*pair[:2]), normal(*pair[2:])
    for kind, exact in closed_forms(*pair).items():
        value, error = divergence_with_error(p, q, kind)
        # log densities near x = 1e6 carry a rounding of 1e-10; elsewhere 1e-14 times the size of the exponent.
        assert value.item() == pytest.approx(exact, rel=1e-9), kind
        assert abs(value.item() - exact) <= 10 * error + 1e-9 * abs(exact) if exact < INF else error == 0


def test_nearly_equal_gaussians_keep_relative_accuracy():
    # KL = d^2/2, chi2 = d^2, Hellinger^2 = d^2/4, JSD = d^2/8, TV = d/sqrt(2 pi), all to leading order; d = 1e-6
    # leaves relative errors of 1e-6 from higher orders and 1e-9 from the rounding of log p - log q.
    d = 1e-6
    p, q = normal(0, 1), normal(d, 1)
    expected = {
        "kl": d**2 / 2,
        "pearson_chi2": d**2,
        "squared_hellinger": d**2 / 4,
        "jensen_shannon": d**2 / 8,
    }
    expected |= {"jeffreys": d**2, "total_variation": d / math.sqrt(2 * math.pi)}
    for kind, exact in expected.items():
        assert divergence(p, q, kind).item() == pytest.approx(exact, rel=2e-6), kind


@pytest.mark.parametrize("kind", ALL)
def test_a_law_is_at_distance_zero_from_itself(kind):
    mixture = MixtureSameFamily(Categorical(t([0.3, 0.7])), Normal(t([-5.0, 5.0]), t([0.01, 2.0])))
    for law in (
        normal(3, 0.1),
        mixture,
        Cauchy(t(0.0), t(1.0)),
        Uniform(t(0.0), t(1.0)),
        gaussian([0.0, 1.0], [[1.0, 0.5], [0.5, 1.0]]),
    ):
        assert divergence(law, law, kind).item() == pytest.approx(F_DIVERGENCES[kind].at_one, abs=1e-14)


def test_far_apart_laws_reach_the_ceiling_without_nan():
    p, q = normal(0, 1), normal(300, 1)
    values = {kind: value.item() for kind, value in all_divergences(p, q).items()}
    assert values["jensen_shannon"] == pytest.approx(math.log(2), abs=1e-12)
    assert values["total_variation"] == pytest.approx(1, abs=1e-12)
    assert values["squared_hellinger"] == pytest.approx(2, abs=1e-12)
    assert values["gan"] == pytest.approx(0, abs=1e-12)
    assert values["kl"] == pytest.approx(45000, rel=1e-10)
    # e^90000 is beyond float64.
    assert values["pearson_chi2"] == values["neyman_chi2"] == INF


REGISTRY = [
    (Laplace(t(0.0), t(1.0)), Laplace(t(1.0), t(2.0))),
    (Cauchy(t(0.0), t(1.0)), Cauchy(t(3.0), t(2.0))),
    (Exponential(t(1.0)), Exponential(t(3.0))),
    (Gamma(t(0.7), t(1.0)), Gamma(t(0.4), t(2.0))),
    (LogNormal(t(0.0), t(1.0)), LogNormal(t(1.0), t(2.0))),
    (Normal(t(0.0), t(1.0)), Gumbel(t(0.0), t(1.0))),
    (Beta(t(2.0), t(3.0)), Beta(t(1.5), t(0.8))),
    (Uniform(t(0.0), t(1.0)), Normal(t(0.0), t(1.0))),
]


@pytest.mark.parametrize("pair", REGISTRY, ids=lambda pair: type(pair[0]).__name__)
def test_kl_agrees_with_the_registry_of_torch(pair):
    p, q = pair
    value, error = divergence_with_error(p, q, "kl")
    exact = kl_divergence(p, q).item()
    assert value.item() == pytest.approx(exact, rel=1e-7)
    assert abs(value.item() - exact) <= error + 1e-9


def test_cauchy_laws_have_their_closed_forms():
    # Chyzak and Nielsen: with u = ((g1 + g2)^2 + (x1 - x2)^2) / (4 g1 g2), KL = log u and chi2 = 2 (u - 1).
    p, q = Cauchy(t(0.0), t(1.0)), Cauchy(t(3.0), t(2.0))
    u = (9 + 9) / 8
    assert divergence(p, q, "kl").item() == pytest.approx(math.log(u), rel=1e-10)
    assert divergence(p, q, "pearson_chi2").item() == pytest.approx(2 * (u - 1), rel=1e-10)


@pytest.mark.parametrize("kind", ["jensen_shannon", "total_variation"])
def test_scipy_integrates_the_definition_to_the_same_number(kind):
    p, q = stats.norm(0, 1), stats.t(3, 1, 0.5)

    def definition(x):
        a, b = p.pdf(x), q.pdf(x)
        if kind == "total_variation":
            return abs(a - b) / 2
        return (a * math.log(2 * a / (a + b)) if a > 0 else 0) / 2 + (
            b * math.log(2 * b / (a + b)) if b > 0 else 0
        ) / 2

    # Kinks where the densities cross are given to SciPy as break points.
    crossings = torch.linspace(-5, 7, 25).tolist()
    exact = sum(
        integrate.quad(definition, a, b, limit=400)[0]
        for a, b in zip([-math.inf, *crossings], [*crossings, math.inf], strict=True)
    )
    assert divergence(normal(0, 1), StudentT(t(3.0), t(1.0), t(0.5)), kind).item() == pytest.approx(
        exact, abs=1e-7
    )


def test_gan_is_twice_jensen_shannon_minus_log_four():
    p, q = normal(0, 1), Laplace(t(1.0), t(2.0))
    assert divergence(p, q, "gan").item() == pytest.approx(
        2 * divergence(p, q, "jensen_shannon").item() - math.log(4), abs=1e-12
    )


def test_uniforms_that_overlap_in_part_are_exact():
    p, q = Uniform(t(0.0), t(1.0)), Uniform(t(0.5), t(2.0))
    values = {kind: value.item() for kind, value in all_divergences(p, q).items()}
    # On the overlap of length 1/2: p = 1, q = 2/3; alone, p and q have the masses 1/2 and 2/3.
    assert values["total_variation"] == pytest.approx(2 / 3, abs=1e-12)
    assert values["squared_hellinger"] == pytest.approx(2 - 2 * 0.5 * math.sqrt(2 / 3), abs=1e-12)
    js = 0.5 * (0.5 * math.log(2) + 0.5 * math.log(2 / (5 / 3))) + 0.5 * (
        2 / 3 * math.log(2) + math.log((4 / 3) / (5 / 3)) / 3
    )
    assert values["jensen_shannon"] == pytest.approx(js, abs=1e-12)
    for kind in ("kl", "reverse_kl", "jeffreys", "pearson_chi2", "neyman_chi2"):
        assert values[kind] == INF, kind
    inner, outer = Uniform(t(0.0), t(1.0)), Uniform(t(-1.0), t(2.0))
    assert divergence(inner, outer, "kl").item() == pytest.approx(math.log(3), abs=1e-12)
    assert divergence(inner, outer, "pearson_chi2").item() == pytest.approx(2, abs=1e-12)
    assert divergence(inner, outer, "reverse_kl").item() == INF


def test_disjoint_supports():
    p, q = Uniform(t(0.0), t(1.0)), Uniform(t(5.0), t(6.0))
    assert divergence(p, q, "jensen_shannon").item() == pytest.approx(math.log(2), abs=1e-13)
    assert divergence(p, q, "total_variation").item() == pytest.approx(1, abs=1e-13)
    assert divergence(p, q, "kl").item() == INF
    touching = Uniform(t(1.0), t(2.0))
    assert divergence(p, touching, "total_variation").item() == pytest.approx(1, abs=1e-13)


def test_mass_in_a_hole_of_a_mixture_is_seen():
    hole = MixtureSameFamily(Categorical(t([0.5, 0.5])), Uniform(t([0.0, 2.0]), t([1.0, 3.0])))
    whole = Uniform(t(0.0), t(3.0))
    assert divergence(whole, hole, "kl").item() == INF
    assert divergence(hole, whole, "kl").item() == pytest.approx(math.log(1.5), abs=1e-12)
    assert divergence(hole, whole, "total_variation").item() == pytest.approx(1 / 3, abs=1e-12)


def test_what_diverges_is_infinite_and_what_converges_slowly_is_not():
    assert divergence(normal(0, 2), normal(0, 1), "pearson_chi2").item() == INF
    assert divergence(normal(0, math.sqrt(2) + 1e-9), normal(0, 1), "pearson_chi2").item() == INF
    near = 2.0**0.5 - 1e-4
    assert divergence(normal(0, near), normal(0, 1), "pearson_chi2").item() == pytest.approx(
        closed_forms(0, near, 0, 1)["pearson_chi2"], rel=1e-8
    )
    assert divergence(normal(0, 1), normal(0, 2), "neyman_chi2").item() == INF
    assert divergence(Cauchy(t(0.0), t(1.0)), normal(0, 1), "kl").item() == INF
    assert divergence(Cauchy(t(0.0), t(1.0)), Laplace(t(0.0), t(1.0)), "kl").item() == INF
    assert divergence(Beta(t(0.5), t(0.5)), Beta(t(1.0), t(1.0)), "pearson_chi2").item() == INF
    assert divergence(Exponential(t(1.0)), Exponential(t(2.0)), "pearson_chi2").item() == INF
    # E x^2 under Student's law is df / (df - 2): KL to a Gaussian is finite from df > 2 on.
    assert divergence(StudentT(t(2.0)), normal(0, 1), "kl").item() == INF
    for df in (2.05, 2.5, 4.0):
        law = StudentT(t(df))
        exact = -law.entropy().item() + 0.5 * math.log(2 * math.pi) + df / (df - 2) / 2
        value, error = divergence_with_error(law, normal(0, 1), "kl")
        assert value.item() == pytest.approx(exact, rel=1e-6)
        assert abs(value.item() - exact) <= error + 1e-9


@pytest.mark.parametrize("step", [1e-3, 1e-9, 1e-14, 0.0, -1e-12, -1e-9, -1e-6])
def test_the_border_of_a_finite_chi2_is_met_to_rounding(step):
    # Infinite from s^2 = 2 on; below, 1/(s sqrt(2 - s^2)) - 1, whose argument is known to 1e-16 / (2 - s^2).
    s = math.sqrt(2) * (1 + step)
    value = divergence(normal(0, s), normal(0, 1), "pearson_chi2").item()
    if s * s >= 2:
        assert value == INF
    else:
        assert value == pytest.approx(1 / (s * math.sqrt(2 - s * s)) - 1, rel=1e-8 + 1e-16 / abs(step))
    wide, round_ = (
        gaussian([0.0, 0.0], [[s * s, 0.0], [0.0, 0.5]]),
        gaussian([0.0, 0.0], [[1.0, 0.0], [0.0, 1.0]]),
    )
    assert (divergence(wide, round_, "pearson_chi2").item() == INF) == (s * s >= 2)


def test_singular_ends_of_a_support_are_resolved_within_the_estimate():
    for a, b in ((0.5, 0.5), (0.3, 2.0), (2.0, 0.3)):
        p, q = Beta(t(a), t(b)), Beta(t(2.0), t(2.0))
        value, error = divergence_with_error(p, q, "kl")
        exact = kl_divergence(p, q).item()
        assert abs(value.item() - exact) <= error + 1e-9
        # Next to 1 floats end at 1e-16, where a density x^(a-1) still has mass.
        assert value.item() == pytest.approx(exact, rel=1e-3)


PLANE = [
    ([0.0, 1.0], [[1.0, 0.999], [0.999, 1.0]], [0.0, 1.0], [[1.0, -0.999], [-0.999, 1.0]]),
    ([0.0, 1.0], [[0.19, 0.0], [0.0, 0.19]], [0.0, 1.0], [[1.0, 0.9], [0.9, 1.0]]),
    ([0.0, 1.0], [[1.0, 0.0], [0.0, 1.0]], [0.0, 1.0], [[1.0, 0.999], [0.999, 1.0]]),
    ([30.0, 1.0], [[1e-4, 0.0], [0.0, 1e-4]], [0.0, 0.0], [[1.0, 0.0], [0.0, 1.0]]),
]


@pytest.mark.parametrize("laws", PLANE)
def test_gaussians_in_the_plane_have_their_closed_forms(laws):
    p, q = gaussian(*laws[:2]), gaussian(*laws[2:])
    mean, both = t(laws[0]) - t(laws[2]), (t(laws[1]) + t(laws[3])) / 2
    log_overlap = 0.25 * torch.logdet(t(laws[1])) + 0.25 * torch.logdet(t(laws[3])) - 0.5 * torch.logdet(both)
    overlap = torch.exp(log_overlap - mean @ torch.linalg.solve(both, mean) / 8)
    assert divergence(p, q, "kl").item() == pytest.approx(kl_divergence(p, q).item(), rel=1e-8)
    assert divergence(p, q, "reverse_kl").item() == pytest.approx(kl_divergence(q, p).item(), rel=1e-8)
    assert divergence(p, q, "squared_hellinger").item() == pytest.approx(2 - 2 * overlap.item(), rel=1e-8)


def test_chi2_in_the_plane_is_infinite_in_the_direction_where_it_is():
    wide, round_ = (
        gaussian([0.0, 0.0], [[2.1, 0.0], [0.0, 0.1]]),
        gaussian([0.0, 0.0], [[1.0, 0.0], [0.0, 1.0]]),
    )
    assert divergence(wide, round_, "pearson_chi2").item() == INF
    # Product of 1/(s sqrt(2 - s^2)) over both directions, minus one.
    exact = 1 / math.sqrt(0.1 * 1.9) / math.sqrt(1.5 * 0.5) - 1
    assert divergence(
        gaussian([0.0, 0.0], [[1.5, 0.0], [0.0, 0.1]]), round_, "pearson_chi2"
    ).item() == pytest.approx(exact, rel=1e-8)


def test_independent_laws_in_the_plane_add_and_multiply():
    one = (Laplace(t(0.0), t(1.0)), Laplace(t(1.0), t(2.0)))
    two = tuple(Independent(Laplace(law.loc.expand(2), law.scale.expand(2)), 1) for law in one)
    line = {kind: divergence(*one, kind).item() for kind in ("kl", "pearson_chi2", "squared_hellinger")}
    assert divergence(*two, "kl").item() == pytest.approx(2 * line["kl"], rel=1e-8)
    assert divergence(*two, "pearson_chi2").item() == pytest.approx(
        (1 + line["pearson_chi2"]) ** 2 - 1, rel=1e-8
    )
    assert divergence(*two, "squared_hellinger").item() == pytest.approx(
        2 - 2 * (1 - line["squared_hellinger"] / 2) ** 2, rel=1e-8
    )


def test_bounded_and_heavy_laws_in_the_plane():
    p, q = (Independent(Uniform(t([a, a]), t([b, b])), 1) for a, b in ((0.0, 1.0), (0.5, 2.0)))
    # The overlap has the area 1/4: there p = 1 and q = 4/9.
    assert divergence(p, q, "total_variation").item() == pytest.approx(1 - 4 / 9 / 4, abs=1e-12)
    assert divergence(p, q, "kl").item() == INF
    heavy = [Independent(Cauchy(t([m, m]), t([s, s])), 1) for m, s in ((0.0, 1.0), (1.0, 2.0))]
    assert divergence(*heavy, "kl").item() == pytest.approx(2 * math.log(10 / 8), rel=1e-8)
    assert divergence(heavy[0], gaussian([0.0, 0.0], [[1.0, 0.0], [0.0, 1.0]]), "kl").item() == INF


def test_a_mixture_in_the_plane_agrees_with_monte_carlo():
    mixture = MixtureSameFamily(
        Categorical(t([0.3, 0.7])),
        MultivariateNormal(
            t([[-5.0, 0.0], [5.0, 1.0]]), t([[[0.01, 0.0], [0.0, 1.0]], [[2.0, 1.9], [1.9, 2.0]]])
        ),
    )
    single = gaussian([0.0, 0.0], [[25.0, 0.0], [0.0, 4.0]])
    torch.manual_seed(0)
    x = mixture.sample((200_000,))
    ratio = mixture.log_prob(x) - single.log_prob(x)
    # Four standard errors of the mean.
    assert divergence(mixture, single, "kl").item() == pytest.approx(
        ratio.mean().item(), abs=4 * (ratio.std() / 200_000**0.5).item()
    )


@pytest.mark.parametrize("kind", ALL)
def test_atoms_are_summed_exactly(kind):
    torch.manual_seed(3)
    for _ in range(5):
        p, q = (torch.distributions.Dirichlet(torch.ones(6, dtype=torch.float64)).sample() for _ in range(2))
        direct = sum(
            b * F_DIVERGENCES[kind].f(a / b).item() for a, b in zip(p.tolist(), q.tolist(), strict=True)
        )
        assert divergence(Categorical(p), Categorical(q), kind).item() == pytest.approx(
            direct, rel=1e-12, abs=1e-15
        )
        assert divergence(p, q, kind).item() == pytest.approx(direct, rel=1e-12, abs=1e-15)


def test_probabilities_in_every_form():
    p, q = [0.2, 0.3, 0.5], [0.5, 0.25, 0.25]
    exact = sum(a * math.log(a / b) for a, b in zip(p, q, strict=True))
    forms = [
        np.array,
        tuple,
        list,
        t,
        Categorical,
        lambda w: np.array(w, dtype=object),
        lambda w: list(map(t, w)),
    ]
    for make in forms:
        found = make(t(p)) if make is Categorical else make(p)
        assert divergence(found, q, "kl").item() == pytest.approx(exact, rel=1e-12)
        assert all_divergences(found, np.array(q))["kl"].item() == pytest.approx(exact, rel=1e-12)
    assert divergence(np.array([1, 0]), [0.5, 0.5], "kl").item() == pytest.approx(math.log(2))


def test_atoms_without_mass_pay_the_limits():
    p, q = t([0.5, 0.5, 0.0]), t([0.5, 0.0, 0.5])
    assert divergence(Categorical(p), Categorical(q), "kl").item() == INF
    assert divergence(p, q, "total_variation").item() == pytest.approx(0.5)
    assert divergence(p, q, "squared_hellinger").item() == pytest.approx(1.0)
    assert divergence(p, q, "jensen_shannon").item() == pytest.approx(0.5 * math.log(2))
    assert divergence(p, t([0.25, 0.25, 0.5]), "kl").item() == pytest.approx(math.log(2))
    assert divergence(t([0.0, 1.0]), t([0.0, 1.0]), "jeffreys").item() == 0
    tiny = t([1e-300, 1 - 1e-300])
    assert divergence(tiny, t([0.5, 0.5]), "reverse_kl").item() == pytest.approx(
        0.5 * math.log(0.5 / 1e-300) + 0.5 * math.log(0.5)
    )
    assert divergence(t([0.5, 0.5]), tiny, "pearson_chi2").item() == pytest.approx(0.25e300)


def test_other_laws_on_finite_sets():
    p, q = Bernoulli(t(0.3)), Bernoulli(t(0.6))
    assert divergence(p, q, "kl").item() == pytest.approx(kl_divergence(p, q).item(), rel=1e-12)
    p, q = Binomial(5, t(0.3)), Binomial(5, t(0.6))
    assert divergence(p, q, "kl").item() == pytest.approx(
        5 * kl_divergence(Bernoulli(t(0.3)), Bernoulli(t(0.6))).item(), rel=1e-6
    )


@pytest.mark.parametrize("kind", ALL)
def test_merging_atoms_never_raises_a_divergence(kind):
    torch.manual_seed(1)
    for _ in range(10):
        p, q = (torch.distributions.Dirichlet(torch.ones(6, dtype=torch.float64)).sample() for _ in range(2))
        merged = [law.reshape(3, 2).sum(1) for law in (p, q)]
        assert divergence(*merged, kind) <= divergence(p, q, kind) + 1e-14


@pytest.mark.parametrize(
    "kind", ["jensen_shannon", "gan", "squared_hellinger", "total_variation", "jeffreys"]
)
def test_symmetric_rows_are_symmetric(kind):
    p, q = normal(0, 1), StudentT(t(3.0), t(1.0), t(0.5))
    assert divergence(p, q, kind).item() == pytest.approx(divergence(q, p, kind).item(), rel=1e-10)


@pytest.mark.parametrize(("kind", "mirror"), [("kl", "reverse_kl"), ("pearson_chi2", "neyman_chi2")])
def test_mirrored_rows_exchange_the_laws(kind, mirror):
    p, q = normal(0, 1), normal(1, 1.2)
    assert divergence(p, q, kind).item() == pytest.approx(divergence(q, p, mirror).item(), rel=1e-12)


def test_stretching_the_line_changes_nothing():
    for scale in (1e-8, 1e8):
        p, q = normal(scale, scale), normal(-scale, 2 * scale)
        for kind, exact in closed_forms(1, 1, -1, 2).items():
            assert divergence(p, q, kind).item() == pytest.approx(exact, rel=1e-9), kind


def test_a_grid_gives_the_same_numbers_where_it_resolves_both_laws():
    x = torch.linspace(-12, 12, 400, dtype=torch.float64)
    p, q = normal(0, 1), normal(1, 1.2)
    exact = closed_forms(0, 1, 1, 1.2)
    values = all_divergences(p, q, grid=x)
    assert set(values) == set(F_DIVERGENCES)
    for kind in exact:
        # The trapezoidal rule is spectrally accurate for these; q^2 / p is the widest, and 1e-7 of it lies outside.
        assert values[kind].item() == pytest.approx(
            exact[kind], rel=2e-7 if kind == "neyman_chi2" else 1e-9
        ), kind
        assert divergence(p, q, kind, grid=x).item() == values[kind].item()
    plane = gaussian([0.0, 0.0], [[1.0, 0.5], [0.5, 1.0]]), gaussian([0.0, 0.5], [[1.0, 0.0], [0.0, 1.0]])
    assert divergence(*plane, "kl", grid=(x[::2], x[::2])).item() == pytest.approx(
        kl_divergence(*plane).item(), rel=1e-9
    )
    uneven = torch.cat([x[x < 0], x[x >= 0][::3]])
    assert divergence(p, q, "kl", grid=uneven).item() == pytest.approx(exact["kl"], rel=1e-2)


@pytest.mark.parametrize("grid", [None, torch.linspace(-10, 10, 400, dtype=torch.float64)])
def test_gradients_are_those_of_the_closed_form(grid):
    mean, std = t(0.7).requires_grad_(), t(1.3).requires_grad_()
    divergence(Normal(mean, std), normal(0, 1), "kl", grid=grid).backward()
    # KL = -log s + (s^2 + m^2)/2 - 1/2.
    assert mean.grad.item() == pytest.approx(0.7, rel=1e-8)
    assert std.grad.item() == pytest.approx(1.3 - 1 / 1.3, rel=1e-8)
    mixture = MixtureSameFamily(Categorical(t([0.5, 0.5])), Normal(t([-2.0, 2.0]), t([0.5, 0.5])))
    shift = t(0.3).requires_grad_()
    divergence(Normal(shift, t(1.0)), mixture, "jensen_shannon", grid=grid).backward()
    ahead, behind = (divergence(normal(0.3 + e, 1), mixture, "jensen_shannon").item() for e in (1e-5, -1e-5))
    assert shift.grad.item() == pytest.approx((ahead - behind) / 2e-5, rel=1e-5)


def test_laws_that_only_have_log_prob_and_sample_are_enough():
    class Shifted:
        def log_prob(self, x):
            return normal(2, 1).log_prob(x)

        def sample(self, shape):
            return normal(2, 1).sample(shape)

    torch.manual_seed(5)
    expected = torch.rand(1).item()
    torch.manual_seed(5)
    assert divergence(Shifted(), normal(0, 1), "kl").item() == pytest.approx(2, rel=1e-8)
    assert torch.rand(1).item() == expected  # the global random state is left alone


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: divergence(normal(0, 1), normal(0, 1), "KL"), "kind: expected one of kl, .*got 'KL'"),
        (
            lambda: divergence(Normal(torch.zeros(2), 1.0), normal(0, 1), "kl"),
            "p: .*batch of shape .2,.; Independent",
        ),
        (
            lambda: divergence(normal(0, 1), gaussian([0.0, 0.0], [[1.0, 0.0], [0.0, 1.0]]), "kl"),
            "q: .*in 1 dim",
        ),
        (
            lambda: divergence(MultivariateNormal(torch.zeros(3), torch.eye(3)), normal(0, 1), "kl"),
            "p: .*event_shape",
        ),
        (lambda: divergence(Poisson(t(1.0)), Poisson(t(2.0)), "kl"), "p: .*Poisson"),
        (lambda: divergence(t([0.5, 0.5]), normal(0, 1), "kl"), "q: .*atoms"),
        (lambda: divergence(t([0.5, 0.5]), t([0.2, 0.3, 0.5]), "kl"), "q: expected 2 atoms like p, got 3"),
        (lambda: divergence(t([0.5, 0.6]), t([0.5, 0.5]), "kl"), "p: .*sum 1.1"),
        (lambda: divergence(t([1.5, -0.5]), t([0.5, 0.5]), "kl"), "p: .*negative, got -0.5"),
        (lambda: divergence(normal(0, 1), normal(0, 1), "kl", grid=t([1.0, 0.0])), "grid: .*increasing"),
        (
            lambda: divergence(3.0, normal(0, 1), "kl"),
            "p: expected a torch distribution or probabilities of .*got 3.0",
        ),
    ],
)
def test_bad_input_is_named(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()

"""Every row of the family two ways: generator, derivative, conjugate, activation, bound."""

import math

import pytest
import torch

from course_lib.divergences import F_DIVERGENCES, FDivergence, divergence, variational_bound

INF = float("inf")
ALL = list(F_DIVERGENCES)
RATIOS = torch.exp(torch.linspace(-7, 7, 141, dtype=torch.float64))


def t(value):
    return torch.tensor(value, dtype=torch.float64)


#: The generators written as in the literature, for comparison away from the ends.
LITERAL = {
    "kl": lambda u: u * torch.log(u),
    "reverse_kl": lambda u: -torch.log(u),
    "pearson_chi2": lambda u: (u - 1) ** 2,
    "neyman_chi2": lambda u: (1 - u) ** 2 / u,
    "squared_hellinger": lambda u: (torch.sqrt(u) - 1) ** 2,
    "jensen_shannon": lambda u: 0.5 * (u * torch.log(u) - (u + 1) * torch.log((u + 1) / 2)),
    "gan": lambda u: u * torch.log(u) - (u + 1) * torch.log(u + 1),
    "total_variation": lambda u: 0.5 * torch.abs(u - 1),
    "jeffreys": lambda u: (u - 1) * torch.log(u),
}


def test_the_family_has_these_nine_rows_and_cannot_be_written_to():
    assert set(ALL) >= set(LITERAL)
    with pytest.raises(TypeError):
        F_DIVERGENCES["kl"] = None
    with pytest.raises(AttributeError):
        F_DIVERGENCES["kl"].name = "other"


@pytest.mark.parametrize("kind", LITERAL)
def test_the_generator_is_the_literature_s(kind):
    assert torch.allclose(F_DIVERGENCES[kind].f(RATIOS), LITERAL[kind](RATIOS), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("kind", LITERAL)
def test_the_generator_vanishes_at_one_but_for_gan(kind):
    assert F_DIVERGENCES[kind].f(1.0).item() == pytest.approx(-math.log(4) if kind == "gan" else 0, abs=1e-15)


@pytest.mark.parametrize("kind", LITERAL)
def test_the_derivative_is_that_of_autograd(kind):
    u = RATIOS[RATIOS != 1].clone().requires_grad_()
    LITERAL[kind](u).sum().backward()
    assert torch.allclose(F_DIVERGENCES[kind].f_prime(u.detach()), u.grad, rtol=1e-9, atol=1e-12)
    # The course's own generator may be differentiated as well.
    v = u.detach().clone().requires_grad_()
    F_DIVERGENCES[kind].f(v).sum().backward()
    assert torch.allclose(v.grad, u.grad, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("kind", LITERAL)
def test_the_log_space_form_is_the_centred_generator(kind):
    row = F_DIVERGENCES[kind]
    r = torch.log(RATIOS)
    centred = LITERAL[kind](RATIOS) - row.at_one - row.slope_at_one * (RATIOS - 1)
    below = row.form.below(r.clamp(max=0)) * torch.exp(-row.form.below_rate * r.clamp(max=0))
    above = row.form.above(r.clamp(min=0)) * torch.exp((1 + row.form.above_rate) * r.clamp(min=0))
    assert torch.allclose(torch.where(r > 0, above, below), centred, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("kind", LITERAL)
def test_the_limits_are_approached(kind):
    row = F_DIVERGENCES[kind]
    assert row.f(0.0).item() == row.at_zero
    if row.at_zero < INF:
        assert row.f(1e-14).item() == pytest.approx(row.at_zero, abs=1e-6)
    else:
        assert row.f(1e-300).item() > 600
    if row.at_infinity < INF:
        assert (row.f(1e14) / 1e14).item() == pytest.approx(row.at_infinity, abs=1e-6)
        assert row.f_prime(1e14).item() == pytest.approx(row.at_infinity, abs=1e-6)
    else:
        assert row.f_prime(1e300).item() > 600


@pytest.mark.parametrize("kind", LITERAL)
def test_extreme_ratios_give_no_nan(kind):
    row = F_DIVERGENCES[kind]
    u = t([0.0, 5e-324, 1e-300, 1e-20, 1.0, 1e20, 1e300, INF])
    for value in (row.f(u), row.f_prime(u), row.conjugate(row.f_prime(u))):
        assert not value.isnan().any()
    assert row.f(t([-1e-300, -5.0])).tolist() == [INF, INF]
    logs = t([-2000.0, -700.0, -1e-300, 0.0, -INF])
    for log_p in logs:
        density = row.density(log_p.expand(5), logs)
        assert not density.isnan().any()
        assert (density >= 0).all()


def test_densities_too_small_for_float64_still_meet_in_the_logarithm():
    # p = e^-1500 and q = e^-2900 underflow, p/q overflows, and p^2/q is e^-100.
    value = F_DIVERGENCES["pearson_chi2"].density(t([-1500.0]), t([-2900.0]))
    assert value.item() == pytest.approx(math.exp(-100), rel=1e-12)
    assert F_DIVERGENCES["neyman_chi2"].density(t([-2900.0]), t([-1500.0])).item() == pytest.approx(
        math.exp(-100)
    )


def domain_grid(row, count=61):
    low, high = row.conjugate_domain
    return torch.linspace(max(low, -6.0), min(high, 4.0) - 0.01, count, dtype=torch.float64)


@pytest.mark.parametrize("kind", LITERAL)
def test_the_conjugate_is_the_supremum_over_a_grid(kind):
    row = F_DIVERGENCES[kind]
    grid = domain_grid(row)
    u = torch.cat([t([0.0, 1.0]), torch.exp(torch.linspace(-14, 9, 40001, dtype=torch.float64))])
    gain = grid[:, None] * u - row.f(u)
    best = gain.amax(1)
    # The grid is 6e-4 apart in log u, so the supremum is missed by at most (6e-4)^2 of its curvature.
    reached = gain.argmax(1) < len(u) - 1
    assert reached.sum() > 40
    assert torch.allclose(row.conjugate(grid)[reached], best[reached], rtol=1e-6, atol=1e-6)
    assert (row.conjugate(grid) >= best - 1e-12 * best.abs() - 1e-12).all()


@pytest.mark.parametrize("kind", LITERAL)
def test_outside_its_domain_the_conjugate_is_infinite(kind):
    row = F_DIVERGENCES[kind]
    low, high = row.conjugate_domain
    assert low == -INF
    if high < INF:
        assert row.conjugate([high + 1e-9, high + 10, INF]).tolist() == [INF] * 3
        assert row.conjugate(high - 1e-9).item() < INF
    assert row.conjugate(-INF).item() == -row.at_zero


@pytest.mark.parametrize("kind", LITERAL)
def test_the_biconjugate_is_the_generator(kind):
    row = F_DIVERGENCES[kind]
    high = row.conjugate_domain[1]
    u = torch.exp(torch.linspace(-2, 2, 21, dtype=torch.float64))
    grid = torch.linspace(-60, min(high, 60.0), 400_001, dtype=torch.float64)
    best = (u[:, None] * grid - row.conjugate(grid)).amax(1)
    # Slopes are 3e-4 apart: (3e-4)^2 over a curvature of f* of at most 1e2.
    assert torch.allclose(best, row.f(u), atol=1e-4)


@pytest.mark.parametrize("kind", LITERAL)
def test_fenchel_and_young_hold_and_are_tight_at_the_derivative(kind):
    row = F_DIVERGENCES[kind]
    u, grid = RATIOS, domain_grid(row)
    slack = row.f(u)[:, None] + row.conjugate(grid) - u[:, None] * grid
    assert slack.min() >= -1e-10
    slope = row.f_prime(u)
    tight = row.f(u) + row.conjugate(slope) - u * slope
    assert torch.allclose(tight, torch.zeros_like(u), atol=1e-9)


# Total variation has a piecewise constant f', which has no inverse.
@pytest.mark.parametrize("kind", [kind for kind in LITERAL if kind != "total_variation"])
def test_the_derivative_of_the_conjugate_inverts_that_of_the_generator(kind):
    row = F_DIVERGENCES[kind]
    u = torch.exp(torch.linspace(-2, 2, 41, dtype=torch.float64))
    slope = row.f_prime(u).requires_grad_()
    row.conjugate(slope).sum().backward()
    assert torch.allclose(slope.grad, u, rtol=1e-9)


@pytest.mark.parametrize("kind", LITERAL)
def test_the_activation_maps_the_line_increasingly_onto_the_slopes(kind):
    row = F_DIVERGENCES[kind]
    v = torch.linspace(-30, 30, 601, dtype=torch.float64)
    value = row.output_activation(v)
    assert (value.diff() >= 0).all()
    assert (value <= row.conjugate_domain[1]).all()
    assert row.conjugate(value).isfinite().all()
    assert row.output_activation(-30.0) <= row.f_prime(0.1)
    assert row.output_activation(30.0) >= row.f_prime(10.0)


@pytest.mark.parametrize("kind", LITERAL)
def test_the_conjugate_of_the_activation_is_one_formula(kind):
    row = F_DIVERGENCES[kind]
    v = torch.linspace(-15, 15, 61, dtype=torch.float64)
    assert torch.allclose(
        row.activated_conjugate(v), row.conjugate(row.output_activation(v)), rtol=1e-8, atol=1e-8
    )


def test_far_scores_do_not_round_to_the_end_of_the_domain():
    row = F_DIVERGENCES["gan"]
    assert row.activated_conjugate(800.0).item() == 800.0
    assert F_DIVERGENCES["jensen_shannon"].activated_conjugate(100.0).item() == pytest.approx(
        50 - math.log(2) / 2
    )
    assert F_DIVERGENCES["squared_hellinger"].activated_conjugate(40.0).item() == pytest.approx(math.exp(40))


@pytest.mark.parametrize("kind", LITERAL)
def test_the_bound_never_exceeds_the_divergence_and_meets_it_at_the_slope(kind):
    row = F_DIVERGENCES[kind]
    torch.manual_seed(0)
    for _ in range(20):
        p, q = (torch.distributions.Dirichlet(torch.ones(5, dtype=torch.float64)).sample() for _ in range(2))
        exact = divergence(p, q, kind)
        best = row.f_prime(p / q)
        assert variational_bound(kind, best, best, p, q).item() == pytest.approx(
            exact.item(), rel=1e-9, abs=1e-12
        )
        critic = row.output_activation(torch.randn(5, dtype=torch.float64))
        assert variational_bound(kind, critic, critic, p, q) <= exact + 1e-12


def test_the_bound_from_samples_meets_the_divergence():
    torch.manual_seed(0)
    p, q = torch.distributions.Normal(t(0.0), t(1.0)), torch.distributions.Normal(t(0.5), t(1.0))
    x, y = p.sample((100_000,)), q.sample((100_000,))
    critic = [
        F_DIVERGENCES["jensen_shannon"].f_prime(torch.exp(p.log_prob(z) - q.log_prob(z))) for z in (x, y)
    ]
    # The critic is bounded by 1/2 log 2 and has the standard deviation 0.12: four standard errors are 0.003.
    assert variational_bound("jensen_shannon", *critic).item() == pytest.approx(
        divergence(p, q, "jensen_shannon").item(), abs=0.003
    )


def test_the_gan_row_is_the_game_of_the_paper():
    torch.manual_seed(1)
    score_p, score_q = torch.randn(7, dtype=torch.float64), torch.randn(9, dtype=torch.float64)
    row = F_DIVERGENCES["gan"]
    value = variational_bound(row, row.output_activation(score_p), row.output_activation(score_q))
    game = torch.log(torch.sigmoid(score_p)).mean() + torch.log(1 - torch.sigmoid(score_q)).mean()
    assert value.item() == pytest.approx(game.item(), rel=1e-12)


def test_a_critic_outside_the_domain_promises_nothing():
    assert variational_bound("reverse_kl", [INF], [0.5]).item() == -INF
    assert variational_bound("reverse_kl", [-1.0], [0.5, -1.0], None, [0.0, 1.0]).item() == pytest.approx(0)


@pytest.mark.parametrize("kind", LITERAL)
def test_gradients_reach_the_critic_without_nan(kind):
    row = F_DIVERGENCES[kind]
    v = torch.linspace(-5, 5, 11, dtype=torch.float64, requires_grad=True)
    variational_bound(row, row.output_activation(v), row.output_activation(v)).backward()
    assert v.grad.isfinite().all()
    outside = t([5.0, -1.0]).requires_grad_()
    row.conjugate(outside).sum().backward()
    assert not outside.grad.isnan().any()


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: variational_bound("nothing", [1.0], [1.0]), "kind: .*got 'nothing'"),
        (lambda: variational_bound("kl", [], [1.0]), "critic_p: .*at least one"),
        (lambda: variational_bound("kl", [1.0], [float("nan")]), "critic_q: .*1 NaN"),
        (lambda: variational_bound("kl", [1.0], [1.0], [0.5], None), "weights_p: .*sum 0.5"),
        (lambda: F_DIVERGENCES["kl"].f_prime(-1.0), "u: .*got -1"),
        (lambda: F_DIVERGENCES["kl"].f("x"), "u: expected numbers, got 'x'"),
    ],
)
def test_bad_input_is_named(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()


def test_a_row_is_a_record():
    assert isinstance(F_DIVERGENCES["kl"], FDivergence)

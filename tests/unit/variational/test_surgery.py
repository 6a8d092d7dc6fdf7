"""ELBO surgery on posteriors whose three terms are known, by draws, on a grid and in closed form."""

import math

import pytest
import torch
from torch import distributions as td

from course_lib.variational import (
    AggregatedPosterior,
    MixturePrior,
    StandardNormal,
    diagonal,
    elbo_surgery,
    grid,
)


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def posteriors(n=40, d=2, seed=3):
    g = rng(seed)
    return torch.randn(n, d, generator=g, dtype=torch.float64), torch.randn(
        n, d, generator=g, dtype=torch.float64
    ) - 2


def test_one_posterior_carries_no_information_and_its_kl_is_all_marginal():
    mean, logvar = torch.tensor([[1.0, -2.0, 0.5]]), torch.tensor([[0.3, -1.0, 0.0]])
    result = elbo_surgery(mean, logvar, samples=40_000, generator=rng())
    closed = diagonal.kl_to_standard_normal(mean, logvar).item()
    assert result.mutual_information.abs() < 1e-12
    # No information at all is an estimate without spread, and the average KL is exact: so is the rest of it.
    assert abs(result.marginal_kl - closed) < 1e-6  # the closed form here is in single precision
    assert result.marginal_kl_error < 1e-9
    apart = elbo_surgery(mean, logvar, samples=40_000, independent=True, generator=rng())
    assert abs(apart.marginal_kl - closed) < 5 * apart.marginal_kl_error
    assert 0 < apart.marginal_kl_error < 0.03


@pytest.mark.parametrize("n", [2, 7, 100])
@pytest.mark.parametrize("d", [1, 2, 5])
def test_n_far_apart_posteriors_carry_log_n(n, d):
    mean = torch.zeros(n, d, dtype=torch.float64)
    mean[:, 0] = 40.0 * torch.arange(n)  # 40 standard deviations between neighbours
    result = elbo_surgery(mean, torch.zeros(n, d), generator=rng())
    # Overlaps are exp(-200): nothing but rounding is left.
    assert abs(result.mutual_information - math.log(n)) < 1e-9
    assert result.mutual_information_error < 1e-9


def test_posteriors_equal_to_the_prior_have_three_zeros():
    result = elbo_surgery(torch.zeros(50, 3), torch.zeros(50, 3), generator=rng())
    for value in result:
        assert value.abs() < 1e-12


def test_equal_posteriors_away_from_the_prior_carry_no_information():
    mean, logvar = torch.full((30, 2), 1.5), torch.full((30, 2), -1.0)
    result = elbo_surgery(mean, logvar, grid=200)
    closed = diagonal.kl_to_standard_normal(mean[0].double(), logvar[0].double())
    assert abs(result.mutual_information) < 1e-9
    assert abs(result.marginal_kl - closed) < 1e-9


def test_the_identity_holds_to_rounding_with_the_same_draws():
    for d in (1, 2, 8):
        result = elbo_surgery(*posteriors(d=d), samples=20, generator=rng())
        assert abs(result.average_kl - result.mutual_information - result.marginal_kl) < 1e-12


def test_independent_draws_satisfy_the_identity_only_within_their_errors():
    result = elbo_surgery(*posteriors(), samples=200, independent=True, generator=rng())
    difference = result.average_kl - result.mutual_information - result.marginal_kl
    error = math.sqrt(sum(float(e) ** 2 for e in result.errors))
    assert 1e-9 < abs(difference) < 4 * error


@pytest.mark.parametrize("independent", [False, True])
def test_the_errors_are_those_of_repeated_estimates(independent):
    mean, logvar = posteriors(n=15)
    runs = [
        elbo_surgery(mean, logvar, samples=30, independent=independent, generator=rng(s)) for s in range(200)
    ]
    table = torch.tensor([[float(v) for v in (*run, *run.errors)] for run in runs])
    spread, stated = table[:, :3].std(0), table[:, 3:].mean(0)
    # A standard deviation from 200 runs is known to 5 %; 20 % is four of its errors.
    assert torch.allclose(stated, spread, rtol=0.2)
    if independent:
        # Separate draws: correlations of 200 runs have a standard error of 0.07.
        assert (torch.corrcoef(table[:, :3].T) - torch.eye(3)).abs().max() < 0.28


@pytest.mark.parametrize("d", [1, 2])
def test_grid_and_draws_agree(d):
    mean, logvar = posteriors(d=d)
    exact = elbo_surgery(mean, logvar, grid=600)
    drawn = elbo_surgery(mean, logvar, samples=2000, generator=rng())
    for value, estimate, error in zip(exact, drawn, drawn.errors, strict=True):
        assert abs(value - estimate) <= 4.5 * error
    assert max(exact.errors) < 1e-8


def test_on_the_grid_the_two_integrals_add_up_to_the_closed_form_within_their_errors():
    mean, logvar = posteriors()
    closed = diagonal.kl_to_standard_normal(mean, logvar).mean()
    for points in (60, 100, 600):
        average, information, marginal = result = elbo_surgery(mean, logvar.clamp(-3), grid=points)
        closed = diagonal.kl_to_standard_normal(mean, logvar.clamp(-3)).mean()
        assert average == closed
        # Each of the two integrals has an error of its own, so the bound is a statement about the grid.
        assert abs(average - information - marginal) <= sum(result.errors) + 1e-14
    assert abs(information + marginal - closed) < 1e-8


GAUSSIANS = {
    "none given": (None, td.Normal(0.0, 1.0)),
    "standard normal": (StandardNormal(2), td.Normal(0.0, 1.0)),
    "one component": (
        MixturePrior(torch.tensor([[1.0, -2.0]]), torch.tensor([[0.5, -1.0]])),
        td.Normal(torch.tensor([1.0, -2.0]).double(), (0.5 * torch.tensor([0.5, -1.0]).double()).exp()),
    ),
    "one posterior": (
        AggregatedPosterior([[0.5, 0.25]], [[1.0, 2.0]]),
        td.Normal(torch.tensor([0.5, 0.25]).double(), torch.tensor([0.5, 1.0]).double().exp()),
    ),
    "of torch": (
        td.Independent(td.Normal(torch.ones(2).double(), 2 * torch.ones(2).double()), 1),
        td.Normal(torch.ones(2).double(), 2.0),
    ),
}


@pytest.mark.parametrize("name", GAUSSIANS)
@pytest.mark.parametrize("how", [{}, {"independent": True}, {"samples": 1}, {"grid": 300}])
def test_under_a_gaussian_prior_the_average_kl_is_exact_and_the_identity_holds(name, how):
    prior, same = GAUSSIANS[name]
    mean, logvar = posteriors()
    result = elbo_surgery(mean, logvar, prior=prior, generator=rng(), **how)
    # Numerical quadrature of the definition, axis by axis: nothing of the closed form is in it.
    axis = torch.linspace(-60, 60, 200_001, dtype=torch.float64)
    exact = 0.0
    for k in range(2):
        one = td.Normal(same.loc.double().expand(2)[k], same.scale.double().expand(2)[k])
        for m, s in zip(mean[:5, k], logvar[:5, k], strict=True):
            q = td.Normal(m, (0.5 * s).exp())
            exact = exact + torch.trapezoid(
                q.log_prob(axis).exp() * (q.log_prob(axis) - one.log_prob(axis)), axis
            )
    few = elbo_surgery(mean[:5], logvar[:5], prior=prior, generator=rng(), **how)
    assert few.average_kl.item() == pytest.approx(exact.item() / 5, abs=1e-8)
    assert few.average_kl_error == result.average_kl_error == 0
    difference = abs(result.average_kl - result.mutual_information - result.marginal_kl)
    if how.get("independent"):
        assert difference < 5 * math.hypot(*result.errors)
    else:
        assert difference <= (sum(result.errors) if "grid" in how else 1e-12)


def test_a_correlated_gaussian_prior_has_a_closed_form_too():
    mean, logvar = posteriors()
    cov = torch.tensor([[2.0, 0.9], [0.9, 1.0]], dtype=torch.float64)
    prior = td.MultivariateNormal(torch.tensor([1.0, -1.0], dtype=torch.float64), cov)
    exact = elbo_surgery(mean, logvar, prior=prior, generator=rng())
    q = td.MultivariateNormal(mean, torch.diag_embed(logvar.exp()))
    assert exact.average_kl.item() == pytest.approx(td.kl_divergence(q, prior).mean().item(), rel=1e-12)
    assert exact.average_kl_error == 0
    assert abs(exact.average_kl - exact.mutual_information - exact.marginal_kl) < 1e-12


def test_a_mixture_prior_has_no_closed_form_and_an_error():
    mean, logvar = posteriors()
    prior = MixturePrior(torch.tensor([[1.0, 0.0], [-1.0, 0.0]]), torch.zeros(2, 2))
    result = elbo_surgery(mean, logvar, prior=prior, generator=rng())
    exact = elbo_surgery(mean, logvar, prior=prior, grid=600)
    assert result.average_kl_error > 1e-3
    assert abs(result.average_kl - exact.average_kl) < 5 * result.average_kl_error


def test_the_better_of_two_estimates_gives_the_other_one_its_small_error():
    # The aggregated posterior is nearly the prior: its log ratio hardly spreads, that of each posterior does.
    mean = 0.8 * torch.randn(400, 1, generator=rng(1), dtype=torch.float64)
    logvar = torch.full((400, 1), math.log(0.36))
    shared = elbo_surgery(mean, logvar, samples=20, generator=rng())
    apart = elbo_surgery(mean, logvar, samples=20, independent=True, generator=rng())
    exact = elbo_surgery(mean, logvar, grid=400)
    assert shared.mutual_information_error < 0.5 * apart.mutual_information_error
    for value, estimate, error in zip(list(exact)[1:], list(shared)[1:], shared.errors[1:], strict=True):
        assert abs(value - estimate) < 5 * error


def test_two_posteriors_in_one_dimension_match_adaptive_quadrature():
    from scipy.integrate import quad
    from scipy.stats import norm

    mean, logvar = torch.tensor([[-0.7], [1.1]]), torch.tensor([[-1.0], [0.4]])
    sd = torch.exp(0.5 * logvar.double()).ravel().numpy()
    parts = [norm(m, s) for m, s in zip(mean.double().ravel().numpy(), sd, strict=True)]

    def aggregate(z):
        return 0.5 * (parts[0].pdf(z) + parts[1].pdf(z))

    information = sum(
        0.5 * quad(lambda z, p=p: p.pdf(z) * (p.logpdf(z) - math.log(aggregate(z))), -15, 15)[0]
        for p in parts
    )
    marginal = quad(lambda z: aggregate(z) * (math.log(aggregate(z)) - norm.logpdf(z)), -15, 15)[0]
    result = elbo_surgery(mean, logvar, grid=400)
    assert result.mutual_information.item() == pytest.approx(information, abs=1e-7)
    assert result.marginal_kl.item() == pytest.approx(marginal, abs=1e-7)


def test_mutual_information_does_not_depend_on_the_prior():
    mean, logvar = posteriors()
    other = MixturePrior(torch.zeros(1, 2), torch.ones(1, 2))
    a, b = elbo_surgery(mean, logvar, grid=300), elbo_surgery(mean, logvar, grid=300, prior=other)
    assert abs(a.mutual_information - b.mutual_information) < 1e-12
    assert abs(a.marginal_kl - b.marginal_kl) > 0.01


def test_the_aggregated_posterior_as_prior_leaves_no_marginal_kl():
    mean, logvar = posteriors()
    result = elbo_surgery(mean, logvar, prior=AggregatedPosterior(mean, logvar), generator=rng())
    assert abs(result.marginal_kl) < 1e-12
    assert abs(result.average_kl - result.mutual_information) < 1e-12


@pytest.mark.parametrize("sd", [1e-6, 1e-3])
def test_narrow_posteriors_far_from_zero_lose_no_digits(sd):
    # An expanded square would lose (1000 / 1e-6)^2 = 1e18 here, more than float64 has.
    mean = 1000 + 40 * sd * torch.arange(5, dtype=torch.float64)[:, None]
    result = elbo_surgery(mean, torch.full((5, 1), 2 * math.log(sd)), samples=100, generator=rng())
    assert abs(result.mutual_information - math.log(5)) < 1e-9
    assert torch.isfinite(result.average_kl)


def test_chunks_change_nothing(monkeypatch):
    mean, logvar = posteriors(n=50)
    whole = elbo_surgery(mean, logvar, samples=20, generator=rng())
    monkeypatch.setattr(diagonal, "PAIRS_AT_ONCE", 70)  # one row of 50 at a time
    monkeypatch.setattr(grid, "_ROWS", 7)
    assert torch.allclose(
        torch.stack([*whole]), torch.stack([*elbo_surgery(mean, logvar, samples=20, generator=rng())])
    )
    exact = elbo_surgery(mean, logvar, grid=500)
    assert abs(exact.mutual_information - whole.mutual_information) < 5 * whole.mutual_information_error


def test_twenty_thousand_posteriors_in_bounded_memory(monkeypatch):
    n, largest = 20_000, []
    original = diagonal._rows_log_prob

    def watched(z, mean, scale, constant):
        largest.append(len(z) * len(mean))
        # The first chunks are computed; the others cost minutes on a slow machine and prove nothing more.
        return original(z, mean, scale, constant) if len(largest) < 3 else z.new_zeros(len(z))

    monkeypatch.setattr(diagonal, "_rows_log_prob", watched)
    elbo_surgery(*posteriors(n=n), samples=1, generator=rng())
    assert max(largest) <= diagonal.PAIRS_AT_ONCE < n * n / 50
    assert sum(largest) == n * n


def test_the_grid_takes_twenty_thousand_posteriors_in_bounded_memory(monkeypatch):
    n, largest = 20_000, []
    original = grid._density

    def watched(axis, mean, logvar):
        largest.append(len(axis) * len(mean))
        return original(axis, mean, logvar)

    monkeypatch.setattr(grid, "_density", watched)
    mean, logvar = posteriors(n=n)
    logvar = logvar.clamp(-3)
    result = elbo_surgery(mean, logvar, grid=200)
    assert abs(result.average_kl - diagonal.kl_to_standard_normal(mean, logvar).mean()) < 1e-4
    assert max(largest) <= grid._ROWS * 201 < n * 201 / 4


def test_a_seed_repeats_a_run_and_another_does_not():
    mean, logvar = posteriors()
    a, b, c = (elbo_surgery(mean, logvar, generator=rng(s)).marginal_kl for s in (1, 1, 2))
    assert a == b != c


def test_a_coarse_grid_is_refused_with_the_number_that_is_needed():
    mean, logvar = posteriors()
    with pytest.raises(
        ValueError, match=r"grid: 21 points per axis miss the narrowest posterior .* about \d+ are"
    ):
        elbo_surgery(mean, logvar - 6, grid=20)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((torch.zeros(3), torch.zeros(3)), r"mean: expected shape \(n, d\)"),
        ((torch.zeros(0, 2), torch.zeros(0, 2)), r"mean: expected shape \(n, d\)"),
        ((torch.zeros(3, 2), torch.zeros(3, 1)), r"logvar: expected the shape of mean"),
        ((torch.full((3, 2), math.nan), torch.zeros(3, 2)), "mean: expected numbers, got 6 NaN"),
        ((torch.zeros(3, 2), torch.full((3, 2), math.inf)), "logvar: expected finite numbers"),
    ],
)
def test_bad_posteriors_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        elbo_surgery(*arguments)


def test_bad_options_are_refused():
    mean, logvar = posteriors(d=3)
    with pytest.raises(ValueError, match="samples: expected a positive integer, got 0"):
        elbo_surgery(mean, logvar, samples=0)
    with pytest.raises(ValueError, match="grid: expected a latent space of 1 or 2 dimensions, got 3"):
        elbo_surgery(mean, logvar, grid=100)
    with pytest.raises(ValueError, match="prior: expected one over 3 latent dimensions, got one over 2"):
        elbo_surgery(mean, logvar, prior=StandardNormal(2))
    with pytest.raises(ValueError, match=r"prior: expected log_prob to give shape"):
        elbo_surgery(mean, logvar, prior=torch.distributions.Normal(0.0, 1.0))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_gives_the_cpu_numbers():
    mean, logvar = posteriors(d=4)
    here = elbo_surgery(mean, logvar, samples=50, generator=rng())
    there = elbo_surgery(mean.cuda(), logvar.cuda(), samples=50, generator=rng())
    assert there.average_kl.device.type == "cuda"
    assert torch.allclose(torch.stack(here), torch.stack(there).cpu(), atol=1e-9)


@pytest.mark.parametrize(("independent", "sets"), [(False, 1), (True, 3)])
def test_one_set_of_draws_or_three(independent, sets):
    mean, logvar = posteriors(n=10)
    used, counted = rng(5), rng(5)
    elbo_surgery(mean, logvar, samples=7, independent=independent, generator=used)
    for _ in range(sets):
        torch.randn(7, 10, 2, generator=counted, dtype=torch.float64)
    assert torch.equal(used.get_state(), counted.get_state())


def test_unpacking_gives_the_three_terms():
    result = elbo_surgery(*posteriors(), generator=rng())
    average_kl, mutual_information, marginal_kl = result
    assert (average_kl, mutual_information, marginal_kl) == (
        result.average_kl,
        result.mutual_information,
        result.marginal_kl,
    )

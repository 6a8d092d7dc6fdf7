"""The stored fits of notebook 12 are what the divergences themselves say, and repeat from their script."""

import math

import numpy as np
import pytest
import torch
from scipy import optimize
from torch.distributions import Normal

from course_lib.adversarial import AdversarialLoss, f_gan
from course_lib.divergences import F_DIVERGENCES, divergence, f_divergence
from course_lib.lessons.n12_f_gan import runs as script

KINDS = ("kl", "reverse_kl", "jensen_shannon", "jeffreys", "pearson_chi2")
# Means and standard deviations of the exact optima as the f-GAN paper prints them, rounded to two decimals.
PAPER = {
    "kl": (1.01, 1.83),
    "reverse_kl": (1.58, 1.63),
    "jensen_shannon": (1.31, 1.75),
    "jeffreys": (1.32, 1.70),
    "pearson_chi2": (0.57, 1.93),
}


@pytest.fixture(scope="module")
def runs():
    return script.stored()


def law(mean, log_std):
    return Normal(torch.tensor(mean).double(), torch.tensor(math.exp(log_std)).double())


@pytest.fixture(scope="module")
def optima():
    """The exact optimum of each kind by adaptive quadrature and a search that uses no derivatives."""

    def search(kind):
        start = [PAPER[kind][0], math.log(PAPER[kind][1])]
        objective = lambda v: float(divergence(script.P, law(*v), kind, grid))  # noqa: E731
        found = optimize.minimize(
            objective, start, method="Nelder-Mead", options={"xatol": 1e-4, "fatol": 1e-9}
        )
        return float(found.x[0]), math.exp(found.x[1])

    grid = torch.linspace(-20, 22, 2101, dtype=torch.float64)
    return {kind: search(kind) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_the_exact_optimum_is_the_one_of_the_paper(optima, kind):
    # The paper prints four decimals from its own quadrature; ours differ from them by less than 0.01.
    assert optima[kind] == pytest.approx(PAPER[kind], abs=0.012)


@pytest.mark.parametrize("kind", KINDS)
def test_every_seed_learns_the_exact_optimum_within_a_tenth(runs, optima, kind):
    assert runs[f"{kind}/learnt"].shape == (3, 2)
    assert np.abs(runs[f"{kind}/learnt"] - optima[kind]).max() < 0.1


@pytest.mark.parametrize("kind", KINDS)
def test_the_stored_divergence_is_that_of_the_learnt_law_and_no_bound_is_above_it(runs, kind):
    for (mean, std), exact, (bound, error) in zip(
        runs[f"{kind}/learnt"], runs[f"{kind}/exact"], runs[f"{kind}/bound"], strict=True
    ):
        assert float(divergence(script.P, law(mean, math.log(std)), kind)) == pytest.approx(exact, abs=1e-8)
        assert bound <= exact + error
        # A critic that has learnt little gives a bound near zero; these come within a tenth.
        assert bound > 0.9 * exact


@pytest.mark.parametrize("kind", ["kl", "reverse_kl", "jensen_shannon", "squared_hellinger"])
@pytest.mark.parametrize("index", [0, 20, 40])
def test_stored_valleys_are_flat_at_their_bottom_and_as_deep_as_stored(runs, kind, index):
    h = float(runs["h"][index])
    for name in ("covering", "on_a_mode"):
        mean, std, depth = runs[f"{kind}/{name}"][index]
        if math.isnan(mean):
            continue
        v = torch.tensor([mean, math.log(std)], dtype=torch.float64, requires_grad=True)
        value = script.depth(v, h, kind)
        (slope,) = torch.autograd.grad(value, v)
        assert value.item() == pytest.approx(depth, abs=1e-7)
        assert slope.abs().max().item() < 1e-3


def test_the_kl_valley_takes_the_moments_of_the_mixture(runs):
    covering = runs["kl/covering"]
    np.testing.assert_allclose(covering[:, 1], np.sqrt(1 + runs["h"] ** 2), rtol=1e-4)
    assert np.isnan(runs["kl/on_a_mode"]).all()


def first_h_on_a_mode(runs, kind):
    cover, mode = runs[f"{kind}/covering"][:, 2], runs[f"{kind}/on_a_mode"][:, 2]
    deeper = (mode < cover) | (np.isnan(cover) & ~np.isnan(mode))
    return float(runs["h"][deeper][0]) if deeper.any() else math.inf


def test_divergences_seek_a_mode_in_the_order_that_the_notebook_teaches(runs):
    order = ["reverse_kl", "total_variation", "jensen_shannon", "squared_hellinger"]
    firsts = [first_h_on_a_mode(runs, kind) for kind in order]
    assert firsts == sorted(firsts) and firsts[-1] < 5.5
    assert firsts[0] == pytest.approx(2.85, abs=0.06)  # the crossing is at 2.80, the grid has steps of 0.1
    assert all(first_h_on_a_mode(runs, kind) == math.inf for kind in ("kl", "pearson_chi2", "jeffreys"))


def test_some_hundred_steps_of_the_script_already_bring_the_law_near(optima, monkeypatch):
    monkeypatch.setattr(script, "STEPS", 300)
    mean, std, _ = script.learn("jensen_shannon", seed=5)
    # From (0, 2), which is 1.31 away; 300 steps of at most 0.01 each way reach about 0.1.
    assert math.hypot(mean - optima["jensen_shannon"][0], std - optima["jensen_shannon"][1]) < 0.3


@pytest.mark.parametrize("kind", script.CLASSES)
def test_the_best_networks_have_the_stored_bounds_and_grow_with_their_width(runs, kind):
    bounds, critics = runs[f"{kind}/network_bound"], torch.as_tensor(runs[f"{kind}/network_critic"])
    # The bound again, by the trapezoidal rule and from the critic's values alone.
    p, q = (side.log_prob(script.NODES).exp() for side in (script.P, script.Q))
    row = F_DIVERGENCES[kind]
    again = torch.trapezoid(p * critics - q * row.conjugate(critics), script.NODES)
    np.testing.assert_allclose(again, bounds, atol=1e-5)  # what the two ends of the grid hold
    exact = float(divergence(script.P, script.Q, kind))
    assert (np.diff(bounds) > 0).all() and (bounds < exact + 1e-6).all()
    # Two units reach what 64 intervals do not: the intervals' best bound is a divergence of two tables.
    index = torch.arange(401) * 64 // 401
    tables = [torch.zeros(64).double().index_add(0, index, side * script.DX) for side in (p, q)]
    assert bounds[1] > 0.97 * exact > float(divergence(*(one / one.sum() for one in tables), kind))


def test_the_search_for_a_network_repeats(runs):
    bound, _ = script.best_network("kl", 1)
    assert bound == pytest.approx(runs["kl/network_bound"][0], abs=1e-6)


def test_in_the_plane_every_loss_ends_where_the_text_says(runs):
    ends = {loss: runs[f"plane/{loss}"][-1] for loss in script.PLANES}
    for loss in (
        "f_gan:kl",
        "f_gan:squared_hellinger",
        "f_gan:jensen_shannon",
        "f_gan:gan",
        "f_gan:jeffreys",
    ):
        assert abs(ends[loss][0]) < 0.3 and ends[loss][1] > 2.8, loss
    assert ends["f_gan:reverse_kl"] == pytest.approx([3.0, 1.0], abs=0.1)
    assert abs(ends["f_gan:total_variation"][0]) > 2
    np.testing.assert_allclose(ends["minimax"], ends["f_gan:gan"], atol=0.02)


def test_the_game_in_the_plane_repeats_its_first_steps(runs):
    game = script.Blobs("f_gan:reverse_kl")
    for _ in range(script.EVERY):
        game.step()
    # Float32 sums differ between machines; the mean has moved by some hundredths by then.
    assert game.along_x1() == pytest.approx(tuple(runs["plane/f_gan:reverse_kl"][1]), abs=1e-3)


def test_functions_take_a_row_of_ones_own(monkeypatch):
    row = f_divergence(
        "triangular",
        lambda u: (u - 1) ** 2 / (u + 1),
        lambda u: 1 - 4 / (u + 1) ** 2,
        lambda t: (lambda u: u * t - (u - 1) ** 2 / (u + 1))((2 / torch.sqrt(1 - t) - 1).clamp(min=0)),
        (-math.inf, 1.0),
    )
    for h, seeks in ((3.5, False), (4.0, True)):
        between, on_one = script.valley(h, row, 0.0, h), script.valley(h, row, h, 1.05)
        assert (min(between, on_one, key=lambda end: end[2])[0] > 1) == seeks
    monkeypatch.setattr(script, "STEPS", 5)
    mean, std, critic = script.learn(row, seed=0)
    bound, error = script.check_on_fresh(row, mean, std, critic, seed=0, n=1000)
    assert all(map(math.isfinite, (mean, std, bound, error)))
    game = script.Blobs(f_gan(row))
    game.step()
    assert game.is_finite()


def test_a_loss_of_ones_own_takes_the_place_of_the_course_s(monkeypatch):
    monkeypatch.setattr(script, "STEPS", 20)
    row = F_DIVERGENCES["kl"]
    own = AdversarialLoss(
        "own",
        lambda real, fake: (
            row.conjugate(row.output_activation(fake)).mean() - row.output_activation(real).mean()
        ),
        lambda fake: -row.conjugate(row.output_activation(fake)).mean(),
    )
    assert script.learn("kl", 3, own)[:2] == pytest.approx(script.learn("kl", 3)[:2], rel=1e-9)
    still = AdversarialLoss("still", own.ratio_loss, lambda fake: 0 * fake.mean())
    assert script.learn("kl", 3, still)[:2] == pytest.approx((0.0, 2.0))

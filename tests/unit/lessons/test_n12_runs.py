"""The stored fits of notebook 12 are what the divergences themselves say, and repeat from their script."""

import math

import numpy as np
import pytest
import torch
from scipy import optimize
from torch.distributions import Normal

from course_lib.divergences import divergence
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

"""What notebook 13 teaches of ratio losses on samples, against optimisers that know nothing of it; right answers."""

import math

import numpy as np
import pytest
import torch
from scipy import integrate, optimize
from torch.distributions import Normal

from course_lib.adversarial import RATIO_LOSSES, ulsif
from course_lib.divergences import gaussian_kernel, gaussian_mmd2, mmd2
from course_lib.exercises import registry
from course_lib.exercises.marking import mark
from course_lib.lessons.n13_implicit_models import exercises as bank
from course_lib.lessons.n13_implicit_models import on_the_line
from course_lib.lessons.n13_implicit_models import runs as script
from course_lib.lessons.n13_implicit_models.alpha_gan import AlphaGan

KINDS = ("least_squares", "f:kl", "class_probability")


def stays(x, y, kind):
    """Whether a minimiser without bounds comes to rest near the samples, from standardised points."""
    points = torch.cat([x, y])
    x, y = ((part - points.mean()) / points.std() for part in (x, y))

    def value(ab):
        w = torch.tensor(ab, dtype=torch.float64, requires_grad=True)
        loss = RATIO_LOSSES[kind].ratio_loss(w[0] + w[1] * x, w[0] + w[1] * y)
        return loss.item(), torch.autograd.grad(loss, w)[0].numpy()

    found = optimize.minimize(value, [0.0, 0.0], jac=True, method="L-BFGS-B", bounds=[(-60, 60)] * 2)
    return bool(np.abs(found.x).max() < 25)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([-0.5, 0.2, 1.0], [-2.0, 0.1, 0.7, 2.5]),
        ([-0.5, 0.2, 3.5], [-2.0, 0.1, 0.7, 2.5]),
        ([1.0, 5.0, 6.0], [-2.0, 0.1, 2.5]),
        ([3.0, 4.0, 5.5], [-2.0, 0.1, 2.5]),
        ([-4.0, 3.5], [-2.0, 0.1, 2.5]),
    ],
)
def test_a_minimum_exists_where_a_minimiser_comes_to_rest(x, y, kind):
    x, y = (torch.tensor(part, dtype=torch.float64) for part in (x, y))
    assert bank.fit_exists(x, y, kind) == stays(x, y, kind)
    assert bank.fit_exists(-x, -y, kind) == bank.fit_exists(x, y, kind)


def test_the_references_are_the_librarys():
    generator = torch.Generator().manual_seed(1)
    x, y = (torch.randn(9, generator=generator, dtype=torch.float64) + shift for shift in (0.0, 1.0))
    assert bank.mmd2_gaussians(1.2, 0.7, 0.9) == pytest.approx(gaussian_mmd2(0.0, 1.0, 1.2, 0.7, 0.9).item())
    expected = ulsif(x, y, x[:4], 0.8, 0.1).coefficients
    assert torch.allclose(bank.fit_ratio(x, y, x[:4], 0.8, 0.1), expected)
    # The witness's own means differ by the MMD.
    f_x, f_y = (bank.witness(part, x, y, 0.8).mean() for part in (x, y))
    assert (f_x - f_y).item() == pytest.approx(mmd2(x, y, gaussian_kernel(0.8), False).sqrt().item())


@pytest.mark.parametrize(("m", "s"), [(0.0, 2.0), (1.5, 1.0), (-0.4, 0.5)])
def test_the_kantorovich_distance_is_the_integral_between_the_distribution_functions(m, s):
    P, Q = Normal(torch.tensor(0.0).double(), 1.0), Normal(torch.tensor(m).double(), s)
    area = integrate.quad(
        lambda t: abs((P.cdf(torch.tensor(t)) - Q.cdf(torch.tensor(t))).item()), -12, 12, limit=200
    )
    value = float(on_the_line.kantorovich(torch.tensor(m, dtype=torch.float64), s))
    assert value == pytest.approx(area[0], abs=1e-5)  # the integrand has a kink


def test_the_nearest_gaussian_of_a_gaussian_is_itself(monkeypatch):
    torch.set_default_dtype(torch.float64)
    try:
        alone = on_the_line.Mixture([0.5, 0.5], [0.3, 0.3], [1.2, 1.2])
        assert alone.nearest(1.0) == pytest.approx((0.3, 1.2), abs=1e-3)
        two = on_the_line.Mixture([0.4, 0.6], [-1.2, 1.2], [0.6, 0.9])
        assert two.mmd2(0.5, 1.1, 0.8) == pytest.approx(
            sum(
                a
                * b
                * math.exp(-((u - v) ** 2) / (2 * (0.64 + s**2 + t**2)))
                * 0.8
                / math.sqrt(0.64 + s**2 + t**2)
                for a, u, s in ((0.4, -1.2, 0.6), (0.6, 1.2, 0.9), (-1.0, 0.5, 1.1))
                for b, v, t in ((0.4, -1.2, 0.6), (0.6, 1.2, 0.9), (-1.0, 0.5, 1.1))
            )
        )
        mu, s = two.nearest(30.0)
        assert (mu, s) == pytest.approx((two.mean, two.std), abs=5e-3)  # a wide kernel matches two moments
    finally:
        torch.set_default_dtype(torch.float32)


def test_a_trained_classifier_knows_the_ratio_of_two_gaussians():
    torch.set_default_dtype(torch.float64)
    try:
        x, e = torch.randn(2, 40_000, generator=torch.Generator().manual_seed(2))
        w = on_the_line.train_classifier(on_the_line.products(x), on_the_line.products(1 + 2 * e))
        exact = Normal(0.0, 1.0).log_prob(torch.zeros(1)) - Normal(1.0, 2.0).log_prob(torch.zeros(1))
        assert w[0].item() == pytest.approx(exact.item(), abs=0.05)  # a standard error of about 0.015
    finally:
        torch.set_default_dtype(torch.float32)


ACCEPTED = [
    ("13.mmd2_gaussians", lambda m, s, h: gaussian_mmd2(0.0, 1.0, m, s, h)),
    ("13.witness", lambda t, x, y, h: bank.witness(t[:, None][:, 0], x, y, h).numpy()),
    ("13.ratio_from_classifier", lambda a, c: np.exp(a.numpy() + np.log((1 - c) / c))),
    ("13.divergence_two_loss", lambda d, s, r, f: -(d(r).mean() - s(d(f)).mean())),
    ("13.fit_exists", lambda x, y, k: (
        (y.min() < x.min()) & (x.max() < y.max()) if k == "least_squares"
        else (y.min() - x.mean()) * (y.max() - x.mean()) < 0 if k == "f:kl"
        else not (x.min() > y.max() or x.max() < y.min()))),
    ("13.fit_ratio", lambda *a: ulsif(*a).coefficients),
    ("13.moment_loss", lambda x, g: torch.dot(x.mean(0) - g.mean(0), x.mean(0) - g.mean(0))),
    ("13.code_price", lambda a: -a.sum() / a.numel()),
]  # fmt: skip


@pytest.mark.parametrize(("exercise_id", "answer"), ACCEPTED, ids=[name for name, _ in ACCEPTED])
def test_right_answers_are_taken(exercise_id, answer):
    exercise = registry.find(exercise_id)
    for seed in range(5):
        verdict = mark(exercise, answer, [seed, 5])
        assert verdict.passed, (seed, verdict)


def test_the_stored_games_say_what_the_notebook_tells():
    archive = script.stored()
    assert archive["error"].shape == (len(script.WEIGHTS), len(script.SEES), len(script.SEEDS))
    # Without a distance nothing asks for x; with it and C(z) reconstructions are close, and C(x, z) charges for that.
    assert archive["error"][0, 0].max() > 2 and archive["error"][1, 0].max() < 0.2
    assert archive["error"][1, 1].min() > 3 * archive["error"][1, 0].max()
    # C(x, z) alone makes the codes of each x as wide as the prior.
    assert archive["noise"][0, 1].min() > 2 * archive["noise"][0, 0].max()
    assert (archive["modes"] == 8).all()


def test_a_game_repeats_and_starts_anew():
    ends = []
    for _ in range(2):
        game = AlphaGan(seed=1, recon=1.0, sees_x=True)
        for _ in range(3):
            game.step()
        ends.append(game.measure())
    game.reset()
    assert ends[0] == ends[1] and game.steps == 0 and game.is_finite()

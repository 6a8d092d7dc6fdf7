"""What lesson 14 says beyond its claims, and the wrong answers that its exercises once let through."""

import numpy as np
import pytest
import torch

from course_lib.data.digits import load_digits
from course_lib.evaluation import fid
from course_lib.exercises.marking import mark
from course_lib.lessons.n14_fid import exercises, runs
from course_lib.variational import elbo, importance_weighted_bound

SEEDS = range(40)


def root(matrix):
    values, vectors = torch.linalg.eigh(matrix)
    return (vectors * values.clamp(min=0).sqrt()) @ vectors.mT


def unclamped(cov_pi, cov_p):
    return torch.linalg.eigvalsh(root(cov_pi) @ cov_p @ root(cov_pi)).sqrt().sum()


def unclamped_root(cov_pi, cov_p):
    values, vectors = torch.linalg.eigh(cov_pi)
    half = (vectors * values.sqrt()) @ vectors.mT
    return torch.linalg.eigvalsh(half @ cov_p @ half).clamp(min=0).sqrt().sum()


def by_cholesky(cov_pi, cov_p):
    factor = torch.linalg.cholesky(cov_pi)
    return torch.linalg.eigvalsh(factor.mT @ cov_p @ factor).clamp(min=0).sqrt().sum()


def complex_sum(cov_pi, cov_p):
    return torch.linalg.eigvals(cov_pi @ cov_p).sqrt().sum()


def real_part(cov_pi, cov_p):
    return torch.linalg.eigvals(cov_pi @ cov_p).sqrt().real.sum()


@pytest.mark.parametrize("answer", [unclamped, unclamped_root, by_cholesky, complex_sum])
def test_a_trace_that_fails_on_singular_covariances_fails_at_every_seed(answer):
    assert not [seed for seed in SEEDS if mark(exercises.CROSS, answer, seed).passed]


def test_the_real_part_of_the_eigenvalues_of_the_product_is_taken():
    assert all(mark(exercises.CROSS, real_part, seed).passed for seed in SEEDS)


def scaled(features):
    return (features - features.mean(0)) / (len(features) - 1) ** 0.5


@pytest.mark.parametrize("order", ["small", "large"])
def test_half_of_the_digits_is_not_enough_at_any_seed(order):
    def answer(x, y):
        a, b = scaled(x), scaled(y)
        m = a @ b.T
        product = m @ m.T if order == "small" else a.T @ m @ b
        squares = torch.linalg.eigvals(product).real if order == "large" else torch.linalg.eigvalsh(product)
        shift = (x.mean(0) - y.mean(0)).square().sum()
        return shift + a.square().sum() + b.square().sum() - 2 * squares.clamp(min=0).sqrt().sum()

    verdicts = [mark(exercises.FEW, answer, seed) for seed in range(6)]
    assert not [verdict for verdict in verdicts if verdict.passed]
    assert all("Expected" in verdict.message for verdict in verdicts if verdict.kind == "rejected")


def test_the_bias_of_the_fid_for_correlated_features_is_the_constant_of_the_text():
    """The delta method gives c; 400 pairs of normal samples give the mean of n times the FID."""
    spectrum = torch.tensor([3.0, 1.0, 0.3], dtype=torch.float64)
    mixed = torch.outer(spectrum, spectrum) / (spectrum[:, None] + spectrum)
    constant = float(2.5 * spectrum.sum() + mixed.sum())
    n, draws = 200, 400
    random = torch.Generator().manual_seed(0)
    samples = torch.randn(draws, 2, n, 3, generator=random, dtype=torch.float64) * spectrum.sqrt()
    values = n * np.array([float(fid(x, y)) for x, y in samples])
    error = values.std() / draws**0.5
    # Five standard errors, and the terms of order 1/n that the constant leaves out.
    assert abs(values.mean() - constant) < 5 * error + 5 * constant / n
    assert error < 0.05 * constant


def test_the_constant_is_that_of_the_text_for_independent_features():
    d = 32
    spectrum = torch.ones(d, dtype=torch.float64)
    mixed = torch.outer(spectrum, spectrum) / (spectrum[:, None] + spectrum)
    assert float(2.5 * spectrum.sum() + mixed.sum()) == pytest.approx(2 * d + d * (d + 1) / 2)


def test_the_stored_encoder_belongs_to_the_stored_decoder():
    """A pair that does not fit has an ELBO far below; the importance-weighted bound lies above it."""
    vae, weights = runs.build_vae(), runs.stored()
    for part, prefix in ((vae.encoder, "encoder/"), (vae.decoder, "vae/")):
        state = {
            k.removeprefix(prefix): torch.as_tensor(v).float()
            for k, v in weights.items()
            if k.startswith(prefix)
        }
        part.load_state_dict(state)
    images = load_digits().held_out
    random = torch.Generator().manual_seed(0)
    with torch.no_grad():
        lower = elbo(vae, images, samples=10, generator=random).value
        higher = importance_weighted_bound(vae, images, 100, generator=random).value
    assert -25 < float(lower.mean()) < float(higher.mean()) < -23

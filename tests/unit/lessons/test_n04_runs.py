"""The stored runs of notebook 04: all there, and what the notebook says of them is so."""

import pytest
import torch

from course_lib.data.digits import load_digits
from course_lib.lessons.n04_elbo_surgery.runs import stored
from course_lib.networks import mlp
from course_lib.variational import VAE, elbo, elbo_surgery

BETAS = ["0.25", "0.354", "0.5", "0.707", "1", "1.41", "2", "2.83", "4"]


def load(name, latent=2):
    vae = VAE(mlp((64, 64, 64, 2 * latent), "silu"), mlp((latent, 64, 64, 64), "silu"), latent)
    weights = {
        key.partition("/")[2]: torch.from_numpy(array)
        for key, array in stored().items()
        if key.startswith(name + "/")
    }
    missing, unexpected = vae.load_state_dict(weights, strict=False)
    assert missing == ["log_sigma"] and not unexpected
    return vae.requires_grad_(False)


@pytest.fixture(scope="module")
def digits():
    return load_digits(binary=True)


def test_both_terms_fall_with_beta(digits):
    runs = [elbo_surgery(*load(f"beta {beta}").encode(digits.train), grid=800) for beta in BETAS]
    for term in ("mutual_information", "marginal_kl"):
        values = [float(getattr(run, term)) for run in runs]
        assert values == sorted(values, reverse=True)
    assert runs[-1].mutual_information < 0.2 < runs[-2].mutual_information  # collapsed at beta = 4 only


@pytest.mark.parametrize(("name", "latent", "expected"), [("beta 1", 2, -20.36), ("latent 8", 8, -18.39)])
def test_the_held_out_elbo_is_the_one_that_was_measured(digits, name, latent, expected):
    terms = elbo(load(name, latent), digits.held_out, samples=50, generator=torch.Generator().manual_seed(0))
    # 50 draws of 360 images: a standard error of about 0.02.
    assert float(terms.value.mean()) == pytest.approx(expected, abs=0.1)

"""The stored runs of notebook 04: all there, and what the notebook says of them is so."""

import pytest
import torch

from course_lib.data.digits import load_digits
from course_lib.lessons.n04_elbo_surgery.runs import BETAS, STEPS, load
from course_lib.variational import elbo, elbo_surgery, evidence_on_grid, importance_weighted_bound


@pytest.fixture(scope="module")
def digits():
    return load_digits(binary=True)


def test_both_terms_fall_with_beta(digits):
    runs = [elbo_surgery(*load(f"beta {beta:.3g}").encode(digits.train), grid=800) for beta in BETAS]
    for term in ("mutual_information", "marginal_kl"):
        values = [float(getattr(run, term)) for run in runs]
        assert values == sorted(values, reverse=True)
    assert runs[-1].mutual_information < 0.2 < runs[-2].mutual_information  # collapsed at beta = 4 only


@pytest.mark.parametrize(("name", "expected"), [("beta 1", -20.36), ("latent 8", -18.39)])
def test_the_held_out_elbo_is_the_one_that_was_measured(digits, name, expected):
    terms = elbo(load(name), digits.held_out, samples=50, generator=torch.Generator().manual_seed(0))
    # 50 draws of 360 images: a standard error of about 0.02.
    assert float(terms.value.mean()) == pytest.approx(expected, abs=0.1)


def test_a_prior_trained_with_its_vae_gains_more_than_one_that_is_fitted_afterwards(digits):
    """Fitted afterwards it can gain no more than the marginal KL; here it gains on held-out digits as well, and its
    importance-weighted bound stands above what the plain model's own evidence is."""
    plain, joint = load("beta 1"), load("vamp 50")
    marginal = elbo_surgery(*plain.encode(digits.train), grid=400).marginal_kl
    for images in (digits.train, digits.held_out):
        terms = [
            elbo(vae, images, prior=prior, samples=50, generator=torch.Generator().manual_seed(0)).value
            for vae, prior in ((joint, joint.prior), (plain, None))
        ]
        assert float((terms[0] - terms[1]).mean()) > 2 * marginal
    bound = importance_weighted_bound(
        joint, digits.held_out, 200, prior=joint.prior, generator=torch.Generator().manual_seed(0)
    )
    assert bound.value.mean() > evidence_on_grid(plain, digits.held_out, points=200).log_evidence.mean()


def test_a_stored_model_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match=r"name: expected .* got 'beta 3'"):
        load("beta 3")


def test_the_settings_are_those_that_the_text_names():
    assert [round(beta, 2) for beta in BETAS] == [0.25, 0.35, 0.5, 0.71, 1.0, 1.41, 2.0, 2.83, 4.0]
    assert STEPS == 2500

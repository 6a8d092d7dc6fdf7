"""The stored runs of notebook 06 are what its text says of them, and the stack of models is one model many times."""

import numpy as np
import pytest
import torch
from scipy import stats

from course_lib.data import sprites
from course_lib.evaluation import mig
from course_lib.lessons.n06_disentanglement import runs as script
from course_lib.lessons.n06_disentanglement.factor_families import FAMILIES
from course_lib.lessons.n06_disentanglement.guided import GuidedVae
from course_lib.variational import elbo_surgery
from course_lib.variational.diagonal import kl_to_standard_normal


@pytest.fixture(scope="module")
def stored():
    return script.stored()


def codes_of(stored, r):
    return torch.from_numpy(stored["mean"][r]).double(), torch.from_numpy(stored["logvar"][r]).double() / 16


def test_shapes_and_size(stored):
    count = len(script.SETTINGS) * script.SEEDS
    assert stored["mean"].shape == stored["logvar"].shape == (count, 768, 6)
    assert stored["scores"].shape == (count, 2, len(script.METRICS)) and stored["terms"].shape == (count, 5)
    assert (script.Path(script.__file__).with_name("runs.npz")).stat().st_size < 1_000_000


@pytest.mark.parametrize("r", [0, 17, 54])
def test_stored_numbers_follow_from_stored_codes(stored, r):
    mean, logvar = codes_of(stored, r)
    kl = float(kl_to_standard_normal(mean, logvar).mean())
    assert stored["terms"][r, 1] == pytest.approx(kl, rel=1e-5)
    assert stored["scores"][r, 0, 2] == pytest.approx(float(mig(mean, sprites().factors)), abs=1e-6)
    # Other draws than those that were stored.
    surgery = elbo_surgery(mean, logvar, samples=4, generator=torch.Generator().manual_seed(5))
    assert stored["terms"][r, 2] == pytest.approx(float(surgery.mutual_information), abs=0.05)


def test_the_total_correlation_is_no_larger_than_the_marginal_kl(stored):
    terms = stored["terms"]
    assert (terms[:, 4] <= terms[:, 3] + 0.02).all() and (terms[:, 4] > -0.01).all()
    assert np.allclose(terms[:, 1], terms[:, 2] + terms[:, 3], atol=1e-4)


def test_a_stored_decoder_draws_what_its_model_saw(stored):
    images = sprites().images
    for run in script.TRAVERSED:
        r = script.order().index(run)
        made = script.load_decoder(stored, run)(codes_of(stored, r)[0]).view(-1, 16, 16)
        missed = script.lost(made.double(), images.double())
        assert missed == pytest.approx(
            stored["fine"][r].tolist(), abs=0.1
        )  # mean code against the mean of draws


def test_a_stack_is_its_models_side_by_side():
    images = sprites().images
    both = script.fit([("beta", 2, 0), ("DIP-II", 10, 3)], images, 3, progress=False)
    alone = script.fit([("DIP-II", 10, 3)], images, 3, progress=False)
    for one, two in zip(alone.weights, both.weights, strict=True):
        assert torch.allclose(one[0], two[1], atol=1e-6)


def test_the_training_repeats_bit_for_bit():
    images = sprites().images
    first, second = (script.fit(script.order()[:3], images, 5, progress=False) for _ in range(2))
    assert all(torch.equal(one, two) for one, two in zip(first.weights, second.weights, strict=True))


def test_the_penalty_is_the_sum_over_pairs():
    mean = torch.randn(2, 9, 3, generator=torch.Generator().manual_seed(0))
    logvar = torch.randn(2, 9, 3, generator=torch.Generator().manual_seed(1))
    found = script.penalty(
        script.covariances(mean, logvar), torch.tensor([2.0, 1.0]), torch.tensor([0.5, 3.0])
    )
    for r, (off, own) in enumerate(((2.0, 0.5), (1.0, 3.0))):
        cov = np.cov(mean[r].numpy().T, bias=True) + np.diag(logvar[r].exp().mean(0).numpy())
        by_hand = sum(
            own * (cov[i, j] - 1) ** 2 if i == j else off * cov[i, j] ** 2 for i in range(3) for j in range(3)
        )
        assert float(found[r]) == pytest.approx(by_hand, rel=1e-5)


def test_waves_that_are_missed_are_told_apart():
    across = torch.arange(16) / 16
    coarse, fine = (torch.cos(2 * torch.pi * k * across).expand(16, 16) for k in (1, 6))
    images = torch.stack([coarse + fine, -coarse - fine])
    assert script.lost(torch.stack([coarse, -coarse]), images) == pytest.approx([0, 1], abs=1e-6)
    assert script.lost(torch.stack([fine, -fine]), images) == pytest.approx([1, 0], abs=1e-6)


@pytest.mark.parametrize(
    ("name", "law"),
    [
        ("Gaussian", stats.norm()),
        ("uniform", stats.uniform()),
        ("exponential", stats.expon()),
        ("gamma", stats.gamma(2)),
    ],
)
def test_families_are_those_of_scipy(name, law):
    p = torch.linspace(0.001, 0.999, 57, dtype=torch.float64)
    family = FAMILIES[name]
    u = family.quantile(p)
    assert np.allclose(u, law.ppf(p), rtol=1e-9, atol=1e-12)
    assert np.allclose(family.cdf(u), p, atol=1e-12)
    assert np.allclose(family.density(u), law.pdf(u), rtol=1e-9)


def test_the_guided_vae_starts_again_where_it_started():
    vae = GuidedVae(sprites(), lambda mean, logvar, off, diagonal: off * mean.square().mean())
    vae.weight = 1.0

    def three():
        for _ in range(3):
            vae.step()
        return vae.traversals()

    first = three()
    vae.reset()
    assert torch.equal(three(), first) and vae.steps == 3

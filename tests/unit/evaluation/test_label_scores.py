"""Inception score: tables with known entropies, sums written out, and the bounds of a mutual information."""

import math

import pytest
import torch
from scipy import stats

from course_lib.evaluation import inception_score, label_entropies


def table(n=400, classes=7):
    scores = torch.rand(n, classes, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return (6 * scores).softmax(-1)


def test_it_is_one_when_every_image_has_the_same_labels():
    assert float(inception_score(torch.tensor([[0.7, 0.2, 0.1]]).repeat(50, 1))) == pytest.approx(1, abs=1e-7)


def test_it_is_the_number_of_classes_for_one_certain_image_of_each():
    assert float(inception_score(torch.eye(10))) == pytest.approx(10, rel=1e-12)


def test_it_is_one_when_all_images_are_certainly_of_one_class():
    assert float(inception_score(torch.eye(10)[torch.full((30,), 3)])) == 1


def test_it_is_the_exponential_of_the_mean_divergence_from_the_marginal():
    # The definition of the paper, exp E KL(p(y|x) || p(y)), by SciPy: another formula than the two entropies.
    p = table()
    marginal = p.mean(0)
    divergences = [stats.entropy(row, marginal) for row in p.numpy()]
    assert float(inception_score(p)) == pytest.approx(
        math.exp(sum(divergences) / len(divergences)), rel=1e-12
    )


def test_labels_that_nobody_has_do_not_disturb_the_gradients():
    scores = torch.randn(9, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    fewer, more = scores.clone().requires_grad_(), scores.clone().requires_grad_()
    impossible = torch.full((9, 2), -math.inf, dtype=torch.float64)
    (expected,) = torch.autograd.grad(inception_score(fewer.softmax(-1)), fewer)
    (slope,) = torch.autograd.grad(inception_score(torch.cat([more, impossible], 1).softmax(-1)), more)
    torch.testing.assert_close(slope, expected, rtol=1e-12, atol=1e-15)
    assert torch.autograd.gradcheck(lambda s: inception_score(s.softmax(-1)), fewer)


def test_the_entropies_are_those_of_scipy_in_nats():
    p = table(classes=5)
    entropies = label_entropies(p)
    assert float(entropies.conditional) == pytest.approx(stats.entropy(p.numpy(), axis=1).mean(), rel=1e-12)
    assert float(entropies.marginal) == pytest.approx(stats.entropy(p.mean(0).numpy()), rel=1e-12)


def test_splits_average_the_scores_of_the_parts():
    p = table(n=90)
    parts = [float(inception_score(part)) for part in p.chunk(3)]
    estimate = inception_score(p, splits=3)
    assert float(estimate) == pytest.approx(sum(parts) / 3, rel=1e-12)
    assert float(estimate.standard_error) == pytest.approx(stats.sem(parts), rel=1e-9)


def test_rows_of_float32_softmax_are_accepted_and_zeros_count_nothing():
    logits = 40 * torch.randn(64, 1000, generator=torch.Generator().manual_seed(1))
    assert 1 < float(inception_score(logits.softmax(-1))) < 64


def test_rows_that_sum_to_nearly_one_are_scaled_to_one():
    p = table(n=50)
    assert float(inception_score(p * (1 + 5e-5))) == pytest.approx(float(inception_score(p)), rel=1e-12)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (torch.ones(3), "shape"),
        (torch.ones(0, 3), "shape"),
        (torch.tensor([[1.5, -0.5]]), "negative"),
        (torch.tensor([[2.0, 3.0]]), "softmax"),
        (torch.tensor([[math.nan, 1.0]]), "NaN"),
        (torch.tensor([[math.inf, 1.0]]), "infinite"),
    ],
)
def test_bad_tables_are_refused_in_a_sentence(bad, says):
    with pytest.raises(ValueError, match=f"probabilities: .*{says}"):
        inception_score(bad)


@pytest.mark.parametrize("splits", [0, 1, 11, 2.0, True])
def test_impossible_splits_are_refused(splits):
    with pytest.raises(ValueError, match="splits"):
        inception_score(torch.eye(10), splits=splits)

"""The metrics of disentanglement: tables counted by hand, codes whose score is known, and what must not matter."""

import math

import numpy as np
import pytest
import torch
from sklearn.feature_selection import mutual_info_classif
from sklearn.metrics import mutual_info_score

from course_lib.data import sprites
from course_lib.evaluation import (
    beta_vae_score,
    dci_disentanglement,
    disentanglement_of,
    factor_information,
    factor_vae_score,
    mig,
    modularity,
    sap,
)

SQUARE = torch.cartesian_prod(torch.arange(2), torch.arange(2))  # two fair coins
GRID = torch.cartesian_prod(torch.arange(8), torch.arange(8))
FACTORS = sprites().factors
IDENTITY = (FACTORS.double() - FACTORS.double().mean(0)) / FACTORS.double().std(0)
METRICS = (mig, modularity, sap, dci_disentanglement, beta_vae_score, factor_vae_score)
BOUNDED = [*METRICS, lambda c, f: sap(c, f, form="svm")]


def turned(codes, degrees, i, j):
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    out = codes.clone()
    out[:, i], out[:, j] = c * codes[:, i] - s * codes[:, j], s * codes[:, i] + c * codes[:, j]
    return out


TURNED = turned(IDENTITY, 45, 2, 3)
TWICE = torch.cat([IDENTITY, IDENTITY], 1)
NOISE = torch.randn(768, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
SILENT = torch.zeros(768, 4)


# The table of information ---------------------------------------------------------------------------------------------


def test_information_of_a_table_counted_by_hand():
    # The code takes 0, 0, 0, 1 while the factor takes 0, 0, 1, 1: joint 1/2, 1/4, 1/4.
    found = factor_information([[0.0], [0.0], [0.0], [1.0]], [[0], [0], [1], [1]], bins=2)
    by_hand = (
        0.5 * math.log(0.5 / (0.75 * 0.5))
        + 0.25 * math.log(0.25 / (0.75 * 0.5))
        + 0.25 * math.log(0.25 / (0.25 * 0.5))
    )
    assert float(found.information) == pytest.approx(by_hand, abs=1e-12)
    assert float(found.entropy) == pytest.approx(math.log(2), abs=1e-12)


def test_information_is_that_of_scikit_learn_on_the_same_bins():
    codes = NOISE + IDENTITY[:, [0, 1, 2, 3, 2, 3]]
    found = factor_information(codes, FACTORS, bins=20)
    for i in range(6):
        column = codes[:, i].numpy()
        cells = np.minimum(((column - column.min()) / np.ptp(column) * 20).astype(int), 19)
        for k in range(4):
            assert float(found.information[i, k]) == pytest.approx(
                mutual_info_score(cells, FACTORS[:, k]), abs=1e-9
            )


def test_information_is_near_an_estimate_without_bins():
    codes = IDENTITY[:, [2]] + 0.3 * NOISE[:, [0]]
    ours = factor_information(codes, FACTORS, bins=20).information[0, 2]
    other = mutual_info_classif(codes.numpy(), FACTORS[:, 2].numpy(), random_state=0)[0]
    assert float(ours) == pytest.approx(other, abs=0.15)  # bins lose some, plug-in frequencies add some


def test_names_of_levels_shift_and_scale_of_codes_do_not_matter():
    codes = NOISE + IDENTITY[:, [0, 1, 2, 3, 0, 1]]
    renamed = 10 * FACTORS - 7
    for metric in (mig, modularity):
        first = float(metric(codes, FACTORS))
        assert float(metric(codes, renamed)) == pytest.approx(first, abs=1e-12)
        # A power of two scales without rounding, so that no code changes its bin.
        assert float(metric(4 * codes, FACTORS)) == pytest.approx(first, abs=1e-12)


# Scores that are known ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", METRICS)
def test_the_factors_themselves_score_one_in_any_order(metric):
    assert float(metric(IDENTITY, FACTORS)) == pytest.approx(1.0, abs=1e-9)
    assert float(metric(-3 * IDENTITY[:, [2, 0, 3, 1]], FACTORS)) == pytest.approx(1.0, abs=1e-9)


def test_every_factor_twice():
    assert float(mig(TWICE, FACTORS)) == pytest.approx(0, abs=1e-12)
    assert float(sap(TWICE, FACTORS)) == pytest.approx(0, abs=1e-12)
    assert float(sap(TWICE, FACTORS, form="svm")) == pytest.approx(0, abs=1e-12)
    for metric in (modularity, dci_disentanglement, beta_vae_score, factor_vae_score):
        assert float(metric(TWICE, FACTORS)) == pytest.approx(1, abs=1e-9)


def test_two_factors_turned_by_45_degrees_lose_what_belongs_to_them():
    # Shape and size keep their latents; x and y share two latents evenly.
    assert float(mig(TURNED, FACTORS)) == pytest.approx(0.5, abs=1e-9)
    assert float(sap(TURNED, FACTORS)) == pytest.approx(0.5, abs=1e-9)
    # Two latents of four tell of two factors alike: each has 1 - 1/3.
    assert float(modularity(TURNED, FACTORS)) == pytest.approx((2 + 2 * (1 - 1 / 3)) / 4, abs=1e-9)
    # Two of four factors are served by pure latents; the others' latents have the entropy log 2 to the base 4.
    assert float(dci_disentanglement(TURNED, FACTORS)) == pytest.approx(0.75, abs=0.01)  # chance in the trees
    # Two factors of four are recognised, the other two half of the time: three standard errors of 500 marks.
    assert float(factor_vae_score(TURNED, FACTORS)) == pytest.approx(0.75, abs=0.06)
    assert 0.7 < float(beta_vae_score(TURNED, FACTORS)) < 0.82


def test_noise_and_silence():
    for codes in (NOISE, SILENT):
        for metric in (mig, sap, dci_disentanglement):
            assert float(metric(codes, FACTORS)) == pytest.approx(0, abs=0.02)
        # Guessing one of four factors: four standard errors of 500 marks.
        assert float(beta_vae_score(codes, FACTORS)) == pytest.approx(0.25, abs=0.08)
    assert float(factor_vae_score(NOISE, FACTORS)) == pytest.approx(0.25, abs=0.08)
    assert float(modularity(SILENT, FACTORS)) == 0
    assert float(factor_vae_score(SILENT, FACTORS)) == 0


def test_the_classifier_of_one_number_cannot_name_eight_levels():
    score = float(sap(IDENTITY, FACTORS, form="svm"))
    assert 0.2 < score < 0.6


@pytest.mark.parametrize("metric", BOUNDED)
def test_scores_lie_between_zero_and_one_and_repeat(metric):
    codes = NOISE + 0.7 * TURNED[:, [0, 1, 2, 3, 2, 0]]
    first = float(metric(codes, FACTORS))
    assert 0 <= first <= 1
    assert float(metric(codes, FACTORS)) == first


# Definitions, by hand -------------------------------------------------------------------------------------------------


def test_mig_of_a_code_with_two_half_informative_latents():
    # Latent 0 is the first coin; latent 1 is 1 only where both are 1. Factor 1 is known from latent 1 only.
    codes = torch.stack([SQUARE[:, 0], SQUARE[:, 0] * SQUARE[:, 1]], 1)
    half = math.log(2) - 0.75 * (
        -(2 / 3) * math.log(2 / 3) - (1 / 3) * math.log(1 / 3)
    )  # I(z_1; either coin)
    expected = ((math.log(2) - half) + half) / math.log(2) / 2
    assert float(mig(codes, SQUARE, bins=2)) == pytest.approx(expected, abs=1e-12)
    # Latent 0 is pure, latent 1 tells of both alike.
    assert float(modularity(codes, SQUARE, bins=2)) == pytest.approx(0.5, abs=1e-12)


def test_mig_falls_as_a_grid_is_turned():
    codes = (GRID.double() - 3.5) / GRID.double().std(0)
    values = [float(mig(turned(codes, a, 0, 1), GRID)) for a in (0, 5, 10, 20, 45)]
    assert values == sorted(values, reverse=True)
    assert values[0] == pytest.approx(1, abs=1e-12) and values[-1] == pytest.approx(0, abs=1e-12)


def test_mig_with_fewer_bins_than_levels_loses_information():
    codes = (GRID.double() - 3.5) / GRID.double().std(0)
    # Eight levels in four bins: two levels a bin, log 4 of log 8 nats.
    assert float(mig(codes, GRID, bins=4)) == pytest.approx(math.log(4) / math.log(8), abs=1e-12)


def test_mig_of_one_latent_is_its_share_of_the_entropy():
    assert float(mig(SQUARE[:, [0]], SQUARE)) == pytest.approx(0.5, abs=1e-12)


def test_sap_is_the_gap_of_squared_correlations():
    codes = NOISE[:, :3] + IDENTITY[:, [0, 1, 0]]
    table = np.array(
        [[np.corrcoef(codes[:, i], FACTORS[:, k])[0, 1] ** 2 for k in range(4)] for i in range(3)]
    )
    table.sort(axis=0)
    assert float(sap(codes, FACTORS)) == pytest.approx((table[-1] - table[-2]).mean(), abs=1e-9)


def test_disentanglement_of_tables_counted_by_hand():
    assert float(disentanglement_of(torch.eye(3))) == pytest.approx(1)
    assert float(disentanglement_of(torch.ones(4, 3))) == pytest.approx(0, abs=1e-12)
    assert float(disentanglement_of([[1.0, 0.0], [1.0, 1.0]])) == pytest.approx(1 / 3)
    assert float(disentanglement_of([[3.0, 1.0], [0.0, 0.0]])) == pytest.approx(
        1 + (0.75 * math.log2(0.75) + 0.25 * math.log2(0.25))
    )
    assert float(disentanglement_of(torch.zeros(2, 2))) == 0


def test_the_scale_of_a_latent_does_not_matter_to_the_two_that_hold_a_factor():
    scaled = IDENTITY * torch.tensor([100.0, 1.0, 10.0, 0.5])
    assert float(beta_vae_score(scaled, FACTORS)) == pytest.approx(1, abs=1e-9)
    assert float(factor_vae_score(scaled, FACTORS)) == pytest.approx(1, abs=1e-9)


def test_mig_counts_every_factor_alike_whatever_its_entropy():
    # Size has no latent: three gaps of 1 and one of 0, though log 3, log 4 and log 8 differ.
    assert float(mig(IDENTITY[:, [0, 2, 3]], FACTORS)) == pytest.approx(0.75, abs=1e-12)


def test_the_scale_of_noisy_latents_does_not_matter():
    noisy = IDENTITY + 0.5 * NOISE[:, :4]
    scaled = noisy * torch.tensor([128.0, 1.0, 0.25, 16.0])  # powers of two: no rounding
    for metric in (factor_vae_score, beta_vae_score):
        assert float(metric(scaled, FACTORS)) == pytest.approx(float(metric(noisy, FACTORS)), abs=0.01)


def test_a_small_latent_is_pruned_from_the_votes():
    tiny = torch.cat([IDENTITY, 1e-3 * NOISE[:, :1]], 1)
    assert float(factor_vae_score(tiny, FACTORS)) == pytest.approx(1, abs=1e-9)
    assert float(factor_vae_score(1e-3 * IDENTITY, FACTORS)) == 0
    assert float(factor_vae_score(1e-3 * IDENTITY, FACTORS, prune=0.0)) == pytest.approx(1, abs=1e-9)


def test_a_factor_that_never_changes_is_refused():
    constant = FACTORS.clone()
    constant[:, 1] = 2
    for metric in METRICS:
        with pytest.raises(ValueError, match="factors: expected at least two different values"):
            metric(IDENTITY, constant)


def test_one_factor_is_too_few_where_factors_are_told_apart():
    for metric in (modularity, dci_disentanglement, beta_vae_score, factor_vae_score):
        with pytest.raises(ValueError, match="factors: expected at least two columns"):
            metric(IDENTITY, FACTORS[:, :1])
    assert float(mig(IDENTITY[:, :1], FACTORS[:, :1])) == pytest.approx(1)

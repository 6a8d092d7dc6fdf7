"""The grid versions of lesson 02 against the closed forms of the library, on the clutter problem."""

import math

import pytest
import torch
from torch.distributions import Normal

from course_lib.lessons.n02_variational_bayes_and_ep.own_factors import (
    best_gaussian_on_grid,
    compare,
    ep_on_grid,
)
from course_lib.variational import clutter_posterior

READINGS = [2.6, 1.4, 2.1, 3.0, 0.0]


def prior(theta):
    return Normal(0.0, 4.0).log_prob(theta)


def clutter_factor(reading):
    def log_factor(theta):
        signal = Normal(theta, 1.0).log_prob(torch.tensor(reading))
        clutter = Normal(0.0, math.sqrt(10.0)).log_prob(torch.tensor(reading))
        return torch.logaddexp(signal, clutter) + math.log(0.5)

    return log_factor


FACTORS = [prior] + [clutter_factor(reading) for reading in READINGS]


def test_ep_finds_the_library_s_fixed_point():
    expected = clutter_posterior(READINGS, "ep", prior_variance=16.0)
    found = ep_on_grid(FACTORS, sweeps=100)
    # A grid of spacing .005 is exact to rounding for these widths; 100 damped sweeps leave 1e-9.
    assert found.mean == pytest.approx(float(expected.mean), abs=1e-7)
    assert found.variance == pytest.approx(float(expected.variance), rel=1e-7)
    assert found.skipped == 0
    assert found.moved < 1e-8
    assert sum(site[0] < 0 for site in found.sites) == 1
    # A Gaussian prior is its own site.
    assert found.sites[0] == pytest.approx((1 / 16, 0.0), abs=1e-9)


def test_the_best_gaussian_is_the_library_s():
    expected = clutter_posterior(READINGS, "gaussian", prior_variance=16.0)
    mean, variance, bound = best_gaussian_on_grid(FACTORS)
    assert bound == pytest.approx(float(expected.log_evidence), abs=1e-6)
    # A bound that is right to 1e-7 leaves a thousandth in where it is reached.
    assert mean == pytest.approx(float(expected.mean), abs=1e-3)
    assert variance == pytest.approx(float(expected.variance), rel=1e-3)


def test_log_concave_factors_have_no_negative_site():
    probit = [prior] + [lambda theta, x=x: torch.special.log_ndtr(x * theta) for x in (0.8, -2.0, 0.5, 1.5)]
    found = ep_on_grid(probit)
    assert all(site[0] > 0 for site in found.sites)


def test_all_four_are_the_same_for_gaussian_factors(capsys):
    variance = 1 / (1 + 1 / 16)
    compare([prior, lambda theta: Normal(theta, 1.0).log_prob(torch.tensor(3 / variance))])
    lines = capsys.readouterr().out.splitlines()
    for line in lines:
        assert f"mean   3.000   std {math.sqrt(variance):.3f}" in line
    assert len(lines) == 4


def test_a_factor_that_allows_an_interval_only(capsys):
    compare([prior, lambda theta: torch.where((theta > 1) & (theta < 2), 0.0, -math.inf)])
    lines = capsys.readouterr().out.splitlines()
    assert "mean   1.4" in lines[0]
    assert "mean   1.4" in lines[1]


@pytest.mark.parametrize(
    ("factors", "message"),
    [
        ([], "log_factors: expected at least one function"),
        (3, "log_factors: expected a list of functions"),
        ([prior, 2.0], r"log_factors\[1\]: expected a function of theta"),
        ([prior, lambda theta: torch.tensor(1.0)], r"log_factors\[1\]\(theta\): expected shape"),
        ([prior, lambda theta: theta * math.nan], r"log_factors\[1\]\(theta\): expected numbers"),
        ([prior, lambda theta: theta * 0 - math.inf], "log_factors: expected factors whose product has mass"),
    ],
)
def test_refusals(factors, message):
    with pytest.raises(ValueError, match=message):
        compare(factors)

"""A reader's own f-divergence: accepted when it is one, refused by name when it is not."""

import math

import pytest
import torch
from torch.distributions import Cauchy, Normal

from course_lib.divergences import F_DIVERGENCES, divergence, f_divergence, register

INF = float("inf")


def t(value):
    return torch.tensor(value, dtype=torch.float64)


def rebuilt(kind, **changes):
    row = F_DIVERGENCES[kind]
    parts = {"f": row.generator, "f_prime": row.derivative, "conjugate": row.dual}
    parts |= {"conjugate_domain": row.conjugate_domain, "output_activation": row.activation}
    return f_divergence(f"my_{kind}", **(parts | changes))


PROPER = [kind for kind in F_DIVERGENCES if kind != "gan"]


@pytest.mark.parametrize("kind", PROPER)
def test_a_row_built_from_its_functions_alone_gives_the_same_divergences(kind):
    mine = rebuilt(kind)
    assert mine.at_zero == pytest.approx(F_DIVERGENCES[kind].at_zero, abs=1e-12)
    assert mine.at_infinity == pytest.approx(F_DIVERGENCES[kind].at_infinity, abs=1e-12)
    pairs = [
        (Normal(t(0.0), t(1.0)), Normal(t(1.0), t(1.2))),
        (Normal(t(0.0), t(1.0)), Normal(t(25.0), t(1.0))),  # ratios up to e^600
        (Normal(t(0.0), t(1.0)), Normal(t(50.0), t(1.0))),  # and e^2500
        (Cauchy(t(0.0), t(1.0)), Normal(t(0.0), t(1.0))),
    ]
    for p, q in pairs:
        expected = divergence(p, q, kind)
        assert divergence(p, q, mine).item() == pytest.approx(expected.item(), rel=1e-8, abs=1e-12)
    for p, q in ((t([0.5, 0.5, 0.0]), t([0.5, 0.0, 0.5])), (t([0.2, 0.8]), t([0.7, 0.3]))):
        assert divergence(p, q, mine).item() == pytest.approx(divergence(p, q, kind).item(), rel=1e-12)


def test_adding_a_multiple_of_u_minus_one_changes_nothing():
    shifted = f_divergence(
        "kl_shifted",
        lambda u: u * torch.log(u) + 3 * (u - 1),
        lambda u: torch.log(u) + 4,
        lambda s: torch.exp(s - 4) + 3,
        (-INF, INF),
    )
    p, q = Normal(t(0.0), t(1.0)), Normal(t(1.0), t(2.0))
    assert divergence(p, q, shifted).item() == pytest.approx(divergence(p, q, "kl").item(), rel=1e-11)


def test_a_registered_row_goes_by_its_name_once():
    row = f_divergence(
        "cubic",
        lambda u: u**3 - 1 - 3 * (u - 1),
        lambda u: 3 * u**2 - 3,
        lambda s: 2 * ((s + 3).clamp(min=0) / 3) ** 1.5 - 2,
        (-INF, INF),
    )
    try:
        assert register(row) is row
        p = t([0.2, 0.8]), t([0.5, 0.5])
        assert divergence(*p, "cubic").item() == pytest.approx(0.2**3 / 0.25 + 0.8**3 / 0.25 - 1)
        # E_q (p/q)^3 of N(0, s^2) against N(0, 1) with precision 3/s^2 - 2.
        s = 1.1
        exact = 1 / s**3 / math.sqrt(3 / s**2 - 2) - 1
        assert divergence(Normal(t(0.0), t(s)), Normal(t(0.0), t(1.0)), "cubic").item() == pytest.approx(
            exact, rel=1e-8
        )
        assert divergence(Normal(t(0.0), t(1.3)), Normal(t(0.0), t(1.0)), "cubic").item() == INF
        with pytest.raises(ValueError, match=r"name: .*'cubic'"):
            register(f_divergence("cubic", row.generator, row.derivative, row.dual, row.conjugate_domain))
    finally:
        from course_lib.divergences import family

        family._REGISTER.pop("cubic", None)


REFUSED = {
    "f: expected f.1. = 0, got 1": {"f": lambda u: u * torch.log(u) + 1},
    "f: expected a convex function": {"f": lambda u: -u * torch.log(u)},
    "f: .*not linear around 1": {"f": lambda u: u - 1, "f_prime": torch.ones_like},
    "f_prime: .*derivative of f": {"f_prime": lambda u: torch.log(u)},
    "conjugate: expected f.*got": {"conjugate": lambda s: torch.exp(s)},
    "conjugate_domain: expected every slope": {"conjugate_domain": (-INF, 0.0)},
    "conjugate_domain: expected low < high": {"conjugate_domain": (1.0, 0.0)},
    "conjugate_domain: expected two numbers": {"conjugate_domain": 3},
    "output_activation: expected an increasing": {"output_activation": lambda v: -v},
    "f: expected finite values, got nan": {"f": lambda u: torch.sqrt(u - 1) * 0},
    "f: expected a tensor": {"f": lambda u: 0.0},
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_what_is_no_f_divergence_is_refused_by_name(sentence):
    with pytest.raises(ValueError, match=sentence):
        rebuilt("kl", **REFUSED[sentence])


def test_an_activation_that_leaves_the_domain_is_refused():
    with pytest.raises(ValueError, match="output_activation: expected values in"):
        rebuilt("reverse_kl", output_activation=lambda v: v)


@pytest.mark.parametrize("kind", PROPER)
def test_without_an_activation_one_is_made_that_fits(kind):
    row = rebuilt(kind, output_activation=None)
    v = torch.linspace(-20, 20, 41, dtype=torch.float64)
    assert row.conjugate(row.output_activation(v)).isfinite().all()

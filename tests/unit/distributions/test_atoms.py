"""Probabilities from what was given: exact far out, and the same whatever was asked before."""

import math

import pytest
import torch
from torch.distributions import (
    Bernoulli,
    Binomial,
    Categorical,
    MixtureSameFamily,
    Normal,
    OneHotCategorical,
    Poisson,
)

from course_lib.distributions import log_density
from course_lib.distributions.atoms import atoms
from course_lib.divergences import divergence

FAIR = [0.5, 0.5]


def t(value, dtype=torch.float64):
    return torch.tensor(value, dtype=dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("logit", [0.0, 1.0, 17.0, 30.0, 80.0, 700.0, -17.0, -700.0])
def test_a_coin_from_logits_keeps_its_far_side(logit, dtype):
    # KL(fair || coin) = -log 2 - (log sigmoid(a) + log sigmoid(-a)) / 2 = -log 2 + |a| / 2 + log(1 + e^-|a|).
    exact = -math.log(2) + abs(logit) / 2 + math.log1p(math.exp(-abs(logit)))
    coin = Bernoulli(logits=t(logit, dtype))
    assert divergence(FAIR, coin, "kl").item() == pytest.approx(exact, rel=1e-14, abs=1e-15)


def test_the_coins_of_the_report():
    assert divergence(FAIR, Bernoulli(logits=torch.tensor(17.0)), "kl").item() == pytest.approx(
        7.80685, abs=1e-5
    )
    assert divergence(FAIR, Bernoulli(logits=t(30.0)), "kl").item() == pytest.approx(14.30685, abs=1e-5)


MAKE = {
    "logits far apart": lambda: Categorical(logits=t([0.0, -200.0])),
    "logits far apart in float32": lambda: Categorical(logits=t([0.0, -200.0], torch.float32)),
    "an impossible category": lambda: Categorical(t([1.0, 0.0])),
    "a rare category": lambda: Categorical(t([1.0, 1e-20])),
    "a coin from logits": lambda: Bernoulli(logits=t(40.0, torch.float32)),
    "a coin that never falls on its other side": lambda: Bernoulli(t(1.0)),
    "a rare side": lambda: Bernoulli(t(1e-20)),
    "throws from logits": lambda: Binomial(1, logits=t(40.0)),
    "throws that always win": lambda: Binomial(1, t(1.0)),
    "one-hot": lambda: OneHotCategorical(t([1.0, 0.0])),
}
ASK = {
    "sample": lambda law: law.sample(),
    "log_prob": lambda law: law.log_prob(law.sample()),
    "probs": lambda law: law.probs,
    "logits": lambda law: law.logits,
    "entropy": lambda law: law.entropy() if not isinstance(law, Binomial) else None,
}
KIND = {"logits": 200.0 / 2 - math.log(2), "never": math.inf}


@pytest.mark.parametrize("case", MAKE)
def test_nobody_sees_what_was_asked_before(case):
    fresh = divergence(FAIR, MAKE[case](), "kl").item()
    everything = MAKE[case]()
    for ask in ASK.values():
        asked = MAKE[case]()
        ask(asked)
        ask(everything)
        assert divergence(FAIR, asked, "kl").item() == fresh
        assert divergence(FAIR, asked.expand(()), "kl").item() == fresh
        assert divergence(FAIR, everything, "kl").item() == fresh
    # The logarithms by themselves: (0, -200) from those logits, (0, -inf) from those probabilities.
    by_hand = {"logits far apart": 200 / 2 - math.log(2), "an impossible category": math.inf, "one-hot": math.inf,
               "a rare category": -math.log(2) - math.log(1e-20) / 2, "throws that always win": math.inf}  # fmt: skip
    assert fresh == pytest.approx(by_hand.get(case, fresh), rel=1e-14)


@pytest.mark.parametrize("chance", [0.0, 0.3, 1.0])
def test_throws_are_counted_by_the_binomial_formula(chance):
    exact = [math.comb(5, k) * chance**k * (1 - chance) ** (5 - k) for k in range(6)]
    for law in (Binomial(5, t(chance)), Binomial(5, logits=torch.logit(t(chance)))):
        assert atoms(law).mass.tolist() == pytest.approx(exact, abs=1e-15)
    assert atoms(Binomial(5, t(chance))).log.tolist() == pytest.approx(
        [math.log(p) if p > 0 else -math.inf for p in exact], rel=1e-12
    )


def test_what_has_no_finite_set_of_atoms():
    assert atoms(Poisson(t(1.0))) is None
    assert atoms(Normal(t(0.0), t(1.0))) is None


def test_a_mixture_weighs_by_its_logits_too():
    # e^-150 underflows in float32, but far out the second component is all there is.
    choice = Categorical(logits=t([0.0, -150.0], torch.float32))
    law = MixtureSameFamily(choice, Normal(t([0.0, 40.0]), t([1.0, 1.0])))
    x = t([40.0])
    exact = -150 - 0.5 * math.log(2 * math.pi)  # the first one's exponent is -800
    for _ in range(2):
        assert log_density(law, x).item() == pytest.approx(exact, rel=1e-6)
        choice.sample()

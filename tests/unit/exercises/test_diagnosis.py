"""What a wrong answer has to do with the right one is seen on all inputs, and said only then."""

import math

import numpy as np
import pytest
import torch

from course_lib.exercises.exercise import Case, Exercise, Mistake
from course_lib.exercises.factors import Series, constant, difference, factor
from course_lib.exercises.forms import clamped, function, nearly, order, proportion, reshaped
from course_lib.exercises.marking import mark

SEEDS = range(20)


def free_energy(p, values, rate):
    """A weighted mean, less an entropy: depends on each argument, and on none of them alone."""
    return (p * values).sum() - rate * torch.special.entr(p).sum()


def energies(rng):
    for n in (2, 4, 7):
        p = torch.from_numpy(rng.dirichlet([1.0] * n))
        yield Case((p, torch.from_numpy(rng.normal(size=n)), float(rng.uniform(0.5, 2))), f"{n} atoms")
    p = torch.from_numpy(rng.permutation([0.0, 1.0, 0.0]))
    yield Case((p, torch.from_numpy(rng.normal(size=3)), 1.0), "a certain event")


def rows(table, shift):
    """One number for each row."""
    return (table.exp() * (table + shift)).sum(1)


def tables(rng):
    for n, m in ((2, 3), (4, 4), (5, 2)):
        yield Case((torch.from_numpy(rng.normal(size=(n, m))), torch.from_numpy(rng.normal(size=()))))


def moments(x):
    return x.mean(), x.var(), x.numel()


def samples(rng):
    for n in (3, 5, 8):
        yield Case((torch.from_numpy(rng.normal(size=n)),))


def kl(p, q):
    return torch.special.xlogy(p, p / q).sum()


def distributions(rng):
    for n in (2, 4, 5):
        yield Case(tuple(torch.from_numpy(rng.dirichlet([1.0] * n)) for _ in range(2)))
    yield Case(
        (torch.tensor([0.5, 0.5]).double(), torch.tensor([1.0, 0.0]).double()), "an atom that q does not have"
    )


def exercise(reference, cases, **changes):
    fields = {"id": "99.any", "title": "Any", "reference": reference, "cases": cases, "hints": ("a", "b")}
    return Exercise(**(fields | changes))


ENERGY = exercise(free_energy, energies)
ROWS = exercise(rows, tables)
MOMENTS = exercise(moments, samples)
KL = exercise(kl, distributions)
GRADIENT = exercise(free_energy, energies, gradient=("values",))


def with_nan(p, values, rate):
    return (p * values).sum() + rate * (p * p.log()).sum()


RELATIONS = [
    (ENERGY, lambda p, v, r: -free_energy(p, v, r), "times −1: the sign is turned round on all 4 inputs"),
    (ENERGY, lambda p, v, r: 2 * free_energy(p, v, r), "is the expected one times 2 on all 4"),
    (ENERGY, lambda p, v, r: -free_energy(p, v, r) / 2, "times −1/2 on"),
    (ENERGY, lambda p, v, r: free_energy(p, v, r) / math.log(2), "the logarithm to the base 2"),
    (ENERGY, lambda p, v, r: free_energy(p, v, r) * 1.2345, "times 1.2345"),
    (ENERGY, lambda p, v, r: free_energy(p, v, r) / len(p), "divided by the number of entries of `p` or `values`"),
    (ENERGY, lambda p, v, r: free_energy(p, v, r) * len(p), "times the number of entries of"),
    (ENERGY, lambda p, v, r: free_energy(p, v, r) * (len(p) - 1) / len(p), "times (n − 1)/n"),
    (ENERGY, lambda p, v, r: free_energy(p, v, r) * r, "is the expected one times `rate` on"),
    (ENERGY, lambda p, v, r: free_energy(p, v, r) + 0.5, "is 1/2 larger"),
    (ENERGY, lambda p, v, r: free_energy(p, v, r) - math.log(len(p)), "smaller than the expected one by log n"),
    (ENERGY, lambda p, v, r: free_energy(p, v, r) - r, "smaller than the expected one by `rate`"),
    (ENERGY, lambda p, v, r: free_energy(p, v, r) ** 2, "is the square of the expected one"),
    (ENERGY, lambda p, v, r: free_energy(p, v, r).exp(), "is the exponential of the expected one"),
    (ENERGY, lambda p, v, r: 1 - free_energy(p, v, r), "is 1 minus the expected one"),
    (ENERGY, lambda p, v, r: torch.zeros(()), "is 0, the same number on all 4 inputs"),
    (ENERGY, lambda p, v, r: free_energy(p.square(), v, r), "with the square of `p` in place of `p`"),
    (ENERGY, lambda p, v, r: free_energy(p, -v, r), "with minus `v` in place of `v`"),
    (ENERGY, lambda p, v, r: free_energy(p, v.flip(0), r), "in reversed order"),
    (ENERGY, lambda p, v, r: free_energy(p, v, 1.0), "with one in place of `r`"),
    (ENERGY, lambda p, v, r: free_energy(p, v * 1.3, r + 1) + p.sum(), None),
    (ENERGY, lambda p, v, r: v.exp().sum() + r, "does not depend on `p`"),
    (ENERGY, with_nan, "Right on 3 of 4 inputs, and NaN on the other: a certain event (there the input has a 0)"),
    (ENERGY, lambda p, v, r: -with_nan(p, v, r), "times −1: the sign is turned round on 3 of 4 inputs, wherever"),
    (ENERGY, lambda p, v, r: free_energy(p, v, r) * (1 + 1e-4), "times 1.0001"),
    (ROWS, lambda t, s: rows(t, s).sum(), "is the sum of the expected one"),
    (ROWS, lambda t, s: rows(t, s).mean(), "is the mean of the expected one"),
    (ROWS, lambda t, s: t.exp() * (t + s), "has too many entries; its sum over the last axis is the expected one"),
    (ROWS, lambda t, s: rows(t, s) / t.shape[1], "divided by the number of columns of `table`"),
    (ROWS, lambda t, s: rows(t, s)[:, None], "has the right numbers in another shape"),
    (ROWS, lambda t, s: rows(t, s).sort().values, "has the right numbers, but sorted"),
    (ROWS, lambda t, s: rows(t, s).flip(0), "in reversed order"),
    (ROWS, lambda t, s: rows(t, s).roll(1), "in another order"),
    (ROWS, lambda t, s: rows(t.T, s), "with `t` transposed"),
    (ROWS, lambda t, s: rows(t, 2 * s), "with twice `s` in place of `s`"),
    (ROWS, lambda t, s: rows(t, s) / rows(t, s).sum(), "is the expected one divided by its sum"),
    (ROWS, lambda t, s: rows(t, s).abs(), "is the absolute value of the expected one"),
    (ROWS, lambda t, s: rows(t, s).clamp(min=0), "cut off at 0 from below"),
    (ROWS, lambda t, s: rows(t.sin(), s) + t[:, 0], None),
    (MOMENTS, lambda x: (x.mean(), x.std(), len(x)), "Your result 2 is the square root of the expected one on"),
    (MOMENTS, lambda x: (x.var(), x.mean(), len(x)), "Results 1 and 2 have changed places on all 3 inputs"),
    (MOMENTS, lambda x: x.var(), "is result 2 alone; 3 results are asked for"),
    (MOMENTS, lambda x: (x.mean(), x.var(unbiased=False), len(x)), "(n − 1)/n, with n the number of entries of `x`"),
    (MOMENTS, lambda x: (2 * x.mean(), x.var().sin() + x.mean(), len(x)), None),
    (KL, lambda p, q: torch.special.xlogy(p, p / q.clamp(min=1e-9)).sum(), "where infinity is expected (an atom"),
    (KL, lambda p, q: 2 * torch.special.xlogy(p, p / q.clamp(min=1e-9)).sum(), None),
    (MOMENTS, lambda x: (x.sum(), x.var(), len(x)), "as a sum is of a mean on all 3 inputs; the rest is right"),
    (GRADIENT, lambda p, v, r: free_energy(p, v, r).item(), "A Python number has no gradient"),
    (GRADIENT, lambda p, v, r: free_energy(p, v, r).detach(), "no gradient flows back to `values`"),
    (GRADIENT, lambda p, v, r: free_energy(p, v, r).detach().numpy(), "A NumPy array has no gradient"),
    (GRADIENT, lambda p, v, r: free_energy(p, v + v - v.detach(), r), "gradient with respect to `values` is not"),
]  # fmt: skip


@pytest.mark.parametrize(("task", "answer", "words"), RELATIONS)
def test_what_is_seen_is_said_whatever_the_numbers(task, answer, words):
    for seed in SEEDS:
        verdict = mark(task, answer, [seed])
        assert not verdict.passed
        if words is None:
            assert verdict.kind == "value", (seed, verdict)
        else:
            assert words in verdict.message, (seed, verdict)


def test_a_clamp_is_named_only_where_it_can_be_seen():
    found = {
        mark(ENERGY, lambda p, v, r: free_energy(p, v, r).clamp(min=0), [seed]).message for seed in SEEDS
    }
    assert any("cut off at 0 from below" in one for one in found)
    assert all(not one or "cut off" in one or "absolute" not in one for one in found)


def test_right_answers_pass_in_other_forms():
    right = [
        (ENERGY, lambda p, v, r: free_energy(p, v, r)[None]),
        (ENERGY, lambda p, v, r: free_energy(p, v, r).float()),
        (ROWS, lambda t, s: rows(t, s).tolist()),
        (ROWS, lambda t, s: list(rows(t, s))),
        (MOMENTS, lambda x: torch.stack([x.mean(), x.var(), torch.tensor(len(x)).double()])),
        (GRADIENT, lambda p, v, r: free_energy(p, v, r)[None]),
    ]
    for task, answer in right:
        assert mark(task, answer, [0]).passed


def test_the_banks_own_mistakes_come_first_and_are_recognised_beside_nan():
    minus = Mistake(lambda p, v, r: -free_energy(p, v, r), "The sign, in the bank's words.")
    double = Mistake(lambda p, v, r: 2 * free_energy(p, v, r), "Twice, in the bank's words.")
    task = exercise(free_energy, energies, mistakes=(minus, double))
    assert mark(task, lambda p, v, r: -free_energy(p, v, r), [0]).message == "The sign, in the bank's words."
    verdict = mark(task, lambda p, v, r: -with_nan(p, v, r), [0])
    assert verdict.message.startswith(
        "The sign, in the bank's words. (Besides, the result is not a finite number"
    )
    assert "a certain event" in verdict.message
    # All of it is NaN: nothing can be recognised.
    assert mark(task, lambda p, v, r: p.sum() * math.nan, [0]).kind == "nan"


def test_a_wrong_sign_beside_a_nan_in_the_entropy_of_the_first_notebook():
    from course_lib.exercises import registry

    entropy = registry.find("00.entropy")
    for seed in SEEDS:
        assert "turned round" in mark(entropy, lambda p: (p * p.log()).sum(), [seed]).message
        assert "bits" in mark(entropy, lambda p: -(p * p.log2()).sum(), [seed]).message
        assert "mean" in mark(entropy, lambda p: -(p * p.log()).mean(), [seed]).message


# --- the relations themselves ---------------------------------------------------------------------------------------


def series(way, sizes=(), numbers=((1.0, -2.0, 0.5), (3.0, 0.25, -1.5))):
    want = [np.array(one) for one in numbers]
    return Series([way(one) for one in want], want, sizes)


def test_two_numbers_are_too_few_for_a_factor_that_has_no_name():
    few = series(lambda w: 1.37 * w, numbers=(1.5, 2.25))
    assert factor(few) is None
    assert factor(series(lambda w: 2 * w, numbers=(1.5, 2.25))) == "is the expected one times 2"
    assert factor(series(lambda w: 2 * w, numbers=(1.0, 1.0))) is None
    assert factor(series(lambda w: 1.37 * w)) == "is the expected one times 1.37"


def test_a_factor_must_hold_where_zero_is_expected():
    assert factor(series(lambda w: 2 * w, numbers=((0.0, 1.0), (2.0, 3.0)))) is not None
    assert factor(series(lambda w: 2 * w + (w == 0), numbers=((0.0, 1.0), (2.0, 3.0)))) is None


def test_equal_sizes_are_all_named():
    sizes = [
        {("the number of rows of", "`x`"): n, ("the number of rows of", "`y`"): n, ("", "`rate`"): 0.5}
        for n in (2.0, 3.0)
    ]
    want = [np.array([1.0, 2.0]), np.array([3.0, 5.0])]
    words = factor(Series([want[0] / 2, want[1] / 3], want, sizes))
    assert words == "is the expected one divided by the number of rows of `x` or `y`, as a mean is of a sum"


def test_right_values_have_no_relation():
    for relation in (constant, factor, difference, function, clamped, order, proportion, nearly):
        assert relation(series(lambda w: w)) is None


def test_noise_has_no_relation():
    rng = np.random.default_rng(0)
    for _ in range(2000):
        want = [rng.normal(size=rng.integers(1, 4)) for _ in range(3)]
        got = [rng.normal(size=one.shape) for one in want]
        sizes = [
            {("the number of rows of", "`x`"): float(n), ("", "`rate`"): rng.uniform()} for n in (2, 5, 9)
        ]
        for relation in (constant, factor, difference, function, clamped, order, proportion, nearly):
            assert relation(Series(got, want, sizes)) is None
        assert reshaped([one[:, None] * [1.0, 2.0] for one in got], want) is None


def test_small_whole_numbers_need_more_evidence():
    assert function(series(np.square, numbers=((1.0, 2.0), (1.0, 2.0)))) is None
    assert (
        function(series(np.square, numbers=((1.0, 2.0, 3.0), (4.0, 5.0))))
        == "is the square of the expected one"
    )


def test_digits_that_were_lost_are_counted():
    assert (
        nearly(series(lambda w: w + 1e-5))
        == "agrees with the expected one to 4 digits, and more are asked for"
    )
    assert nearly(series(np.float32, numbers=((1.1, -2.3), (0.7, 1.9)))).startswith(
        "agrees with the expected one to 7"
    )
    assert nearly(series(lambda w: w + 0.1)) is None


def test_the_diagonal_of_all_pairs():
    want = [np.array([1.0, 2.0, 4.0]), np.array([3.0, 7.0])]
    got = [one[:, None] * np.ones_like(one) for one in want]
    assert reshaped(got, want) in (
        "has too many entries; its mean over the last axis is the expected one",
        "is a table of all pairs; its diagonal is the expected one",
    )

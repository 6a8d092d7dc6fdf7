"""Numbers and names: what is taken, what is refused, and the sentence."""

import subprocess
import sys
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import torch

from course_lib import checks


class Rude:
    """Answers every question with an error."""

    def __repr__(self):
        raise RuntimeError("no")


@pytest.mark.parametrize(
    "value", [2, 2.0, np.float32(2), np.int64(2), torch.tensor(2.0), Fraction(2), np.array(2.0)]
)
def test_numbers_of_every_library(value):
    assert checks.number("beta", value, 0, 2) == 2.0
    assert type(checks.number("beta", value)) in (int, float)


NO_NUMBERS = [
    None, "2", True, np.True_, 2j, torch.tensor(2j), torch.tensor(True), [2.0], torch.ones(1), Decimal(2), Rude(),
    float("nan"), float("inf"), torch.tensor(float("nan")), 10**400, torch.ones((), device="meta"),
]  # fmt: skip


@pytest.mark.parametrize("value", NO_NUMBERS, ids=lambda value: type(value).__name__)
def test_what_is_no_number(value):
    with pytest.raises(ValueError, match=r"^beta: expected a finite number, got "):
        checks.number("beta", value)


@pytest.mark.parametrize(
    ("options", "outside", "wanted"),
    [
        ({"low": 0}, -1, "a number of at least 0"),
        ({"low": 0, "open_low": True}, 0, "a positive number"),
        ({"low": 1, "open_low": True}, 1, "a number above 1"),
        ({"high": 3}, 4, "a number of at most 3"),
        ({"high": 3, "open_high": True}, 3, "a number below 3"),
        ({"low": 0, "high": 1}, 1.5, "a number from 0 to 1"),
        ({"low": 0, "high": 1, "open_low": True, "open_high": True}, 1, "a number between 0 and 1, without the ends"),
        ({"low": 0, "high": 1, "open_high": True}, 1, "a number from 0 to 1, without 1"),
    ],
)  # fmt: skip
def test_ranges_of_numbers(options, outside, wanted):
    with pytest.raises(ValueError, match=f"^rate: expected {wanted}, got {outside}$"):
        checks.number("rate", outside, **options)
    assert checks.number("rate", 0.5 if "high" in options else 2, **options) > 0


@pytest.mark.parametrize("value", [3, np.int8(3), np.uint64(3), torch.tensor(3)])
def test_integers_of_every_library(value):
    found = checks.integer("k", value, 1, 3)
    assert found == 3
    assert type(found) is int


@pytest.mark.parametrize("value", [None, "3", True, np.True_, 3.0, 2.5, torch.tensor(3.0), [3], 0, 4])
def test_what_is_no_integer_of_the_range(value):
    with pytest.raises(ValueError, match=r"^k: expected an integer from 1 to 3, got "):
        checks.integer("k", value, 1, 3)


def test_sentences_for_integers():
    for options, wanted in (
        ((), "an integer"),
        ((1,), "a positive integer"),
        ((0,), "an integer of at least 0"),
    ):
        with pytest.raises(ValueError, match=f"^k: expected {wanted}, got 'a'$"):
            checks.integer("k", "a", *options)
    with pytest.raises(ValueError, match=r"^k: expected an integer of at most 4, got 5$"):
        checks.integer("k", 5, most=4)


def test_names_flags_and_functions():
    assert checks.one_of("kind", "kl", {"kl": 1, "gan": 2}) == "kl"
    assert checks.one_of("aspect", None, (None, "equal")) is None
    assert checks.flag("binary", np.True_) is True
    assert checks.items("sizes", np.array([1, 2])) == [1, 2]
    assert checks.methods("prior", torch.distributions.Normal(0.0, 1.0), "sample", "log_prob")
    refusals = [
        (lambda: checks.one_of("kind", ["kl"], ("kl", "gan")), r"kind: expected one of kl, gan, got \['kl'\]"),
        (lambda: checks.one_of("kind", np.ones(2), ("kl",)), r"kind: expected one of kl, got ndarray of shape \(2,\)"),
        (lambda: checks.flag("binary", "no"), "binary: expected True or False, got 'no'"),
        (lambda: checks.flag("binary", 1), "binary: expected True or False, got 1"),
        (lambda: checks.text("name", " "), "name: expected a non-empty string, got ' '"),
        (lambda: checks.items("sizes", "23"), "sizes: expected a list, got '23'"),
        (lambda: checks.items("sizes", 2), "sizes: expected a list, got 2"),
        (lambda: checks.function("kernel", 3.0), "kernel: expected a function, got 3.0"),
        (lambda: checks.module("critic", len), "critic: expected a torch.nn.Module, got <built-in function len>"),
        (lambda: checks.generator("generator", 0), "generator: expected a torch.Generator or None, got 0"),
        (lambda: checks.methods("prior", 1, "log_prob"), r"prior: expected an object with log_prob\(\), got 1"),
    ]  # fmt: skip
    for call, sentence in refusals:
        with pytest.raises(ValueError, match=f"^{sentence}$"):
            call()


def test_what_came_is_shown_in_one_short_line():
    assert checks.shown(torch.ones(3, 2)) == "Tensor of shape (3, 2)"
    assert checks.shown("a\nb" * 100).count("\n") == 0
    assert len(checks.shown("a" * 10**6)) == 80
    assert checks.shown(Rude()) == "Rude"


def test_numbers_and_names_do_not_load_torch():
    code = (
        "import sys; from course_lib import checks; checks.integer('k', 3, 1); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"

"""claim and argue: a verdict that the numbers contradict never prints."""

import math
import subprocess
import sys

import numpy as np
import pytest
import torch

from course_lib.claims import argue, claim
from course_lib.claims.block import format_difference, format_number, parse_blocks
from course_lib.claims.register import RegisterError
from course_lib.claims.verdicts import ClaimError

pytestmark = pytest.mark.usefixtures("register")


def printed(capsys) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_the_block_has_its_fixed_format(capsys):
    claim("one", "holds", ("lecture: 1/Λ₁₁", 0.19), ("computed: inverse of the matrix", 0.19 + 1e-13))
    assert printed(capsys) == [
        "claim one · holds · UL p.1",
        "  lecture: 1/Λ₁₁                       0.190000",
        "  computed: inverse of the matrix      0.190000",
        "  difference                           0.000000",
    ]


TRUE = [
    (1.0, "=", 1.0),
    (1e8, "=", 1e8 + 1),  # relative above 1
    (math.inf, "=", math.inf),
    (-math.inf, "<", 0.0),
    (0.0, "=", -3e-17),
    (1.0, "<=", 1.0),
    (1.0, "<=", 1.0 - 1e-9),
    (1.0, "<", 2.0),
    (2.0, ">", 1.0),
    (2.0, ">=", 2.0),
    (math.inf, ">=", math.inf),
]
FALSE = [
    (1.0, "=", 1.00001),
    (math.inf, "=", 1e300),
    (math.inf, "=", -math.inf),
    (1.0, "<", 1.0),
    (math.inf, "<", math.inf),
    (2.0, "<=", 1.0),
    (1.0, ">=", 1.1),
    (1.0, ">", 1.1),
]


@pytest.mark.parametrize(("left", "relation", "right"), TRUE)
def test_a_true_relation_holds_and_is_no_erratum(left, relation, right):
    claim("one", "holds", ("l", left), ("r", right), relation)
    claim("one", "convention", ("l", left), ("r", right), relation, under="without the 1/2")
    with pytest.raises(ClaimError, match="as printed is not false"):
        claim(
            "one", "erratum", ("l", left), ("r", right), relation, corrected="c", corrected_left=("c", right)
        )


@pytest.mark.parametrize(("left", "relation", "right"), FALSE)
def test_a_false_relation_is_an_erratum_and_does_not_hold(left, relation, right, capsys):
    with pytest.raises(ClaimError, match="contradict"):
        claim("one", "holds", ("l", left), ("r", right), relation)
    with pytest.raises(ClaimError, match="contradict"):
        claim("one", "convention", ("l", left), ("r", right), relation, under="without the 1/2")
    assert printed(capsys) == []
    claim(
        "one",
        "erratum",
        ("l", left),
        ("r", right),
        relation,
        corrected="c",
        corrected_left=("c", right),
        corrected_relation="=",
    )


def test_a_strict_inequality_needs_a_margin_above_the_tolerance():
    with pytest.raises(ClaimError):
        claim("one", "holds", ("l", 1.0), ("r", 1.0 + 1e-9), "<")
    with pytest.raises(ClaimError):  # and it is not false either
        claim("one", "erratum", ("l", 1.0), ("r", 1 + 1e-9), "<", corrected="c", corrected_left=("c", 0.0))


def test_two_numbers_below_the_tolerance_are_no_evidence_of_equality():
    with pytest.raises(ClaimError, match="says nothing"):
        claim("one", "holds", ("l", 1e-8), ("r", 3e-9))
    claim("one", "holds", ("l", 1e-8), ("r", 1e-8), tol=1e-14)


def test_an_erratum_prints_the_corrected_formula_and_number(capsys):
    claim("two", "erratum", ("printed", 1), ("sum", 2.0), corrected="KL twice", corrected_left=("2 KL", 2.0))
    assert printed(capsys) == [
        "claim two · erratum · UL p.2; I21 JSD",
        "  printed                              1",
        "  sum                                  2.00000",
        "  difference                           1.00000",
        "  corrected: KL twice",
        "  2 KL                                 2.00000",
        "  difference                           0.00000",
    ]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"verdict": "holds", "under": "x"}, "under"),
        ({"verdict": "holds", "corrected": "x"}, "corrected"),
        ({"verdict": "holds", "corrected_relation": "="}, "corrected_relation"),
        ({"verdict": "convention"}, "under"),
        ({"verdict": "convention", "under": " "}, "under"),
        ({"verdict": "erratum", "right": ("r", 2.0), "corrected": "x"}, "corrected_left"),
        ({"verdict": "erratum", "right": ("r", 2.0), "corrected_left": ("x", 2.0)}, "corrected"),
        (
            {"verdict": "erratum", "right": ("r", 2.0), "corrected": "x", "corrected_left": ("x", 3.0)},
            "does not hold either",
        ),
        ({"verdict": "true"}, "verdict"),
        ({"relation": "=="}, "relation"),
        ({"tol": 0}, "tol"),
        ({"left": 3.0}, "left"),
        ({"left": ("", 1.0)}, "left"),
        ({"left": ("l", math.nan)}, "NaN"),
        ({"left": ("l", True)}, "left"),
        ({"right": ("r", torch.ones(2))}, r"shape \(2,\)"),
    ],
)
def test_missing_and_superfluous_arguments_are_refused(arguments, word, capsys):
    complete = {"verdict": "holds", "left": ("l", 1.0), "right": ("r", 1.0)}
    with pytest.raises(ClaimError, match=word):
        claim("one", **(complete | arguments))
    assert printed(capsys) == []


def test_an_id_that_the_register_lacks_is_refused():
    with pytest.raises(RegisterError, match="nowhere"):
        claim("nowhere", "holds", ("l", 1.0), ("r", 1.0))
    with pytest.raises(RegisterError, match="nowhere"):
        argue("nowhere", "holds", "because")


def test_a_missing_register_is_said_so_unless_the_environment_allows_it(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("COURSE_REGISTER", str(tmp_path / "none.toml"))
    with pytest.raises(RegisterError, match=r"none\.toml"):
        claim("one", "holds", ("l", 1.0), ("r", 1.0))
    monkeypatch.setenv("COURSE_CLAIMS_UNREGISTERED", "allow")
    claim("one", "holds", ("l", 1.0), ("r", 1.0))
    assert "not registered" in printed(capsys)[0]


def test_tensors_and_numpy_numbers_are_numbers(capsys):
    claim("one", "holds", ("l", torch.tensor(0.5, dtype=torch.float64)), ("r", np.float64(0.5)))
    claim("one", "holds", ("l", np.int64(3)), ("r", torch.tensor([3])))
    assert [line.split()[-1] for line in printed(capsys)] == [
        *("p.1", "0.500000", "0.500000", "0.000000"),
        *("p.1", "3", "3", "0"),
    ]


def test_an_argument_is_printed_wrapped_and_an_erratum_needs_what_is_right(capsys):
    text = "Nothing computes this. " * 9
    argue("three", "erratum", text, corrected="$W$ is only lower semicontinuous.")
    lines = printed(capsys)
    assert max(map(len, lines)) <= 96
    block = parse_blocks("\n".join(lines))[0]
    assert block["argued"] == text.strip()
    assert block["corrected"] == "$W$ is only lower semicontinuous."
    with pytest.raises(ClaimError, match="corrected"):
        argue("three", "erratum", text)
    with pytest.raises(ClaimError, match="corrected"):
        argue("three", "holds", text, corrected="x")
    with pytest.raises(ClaimError, match="text"):
        argue("three", "holds", "  ")


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.19, "0.190000"),
        (-1.3862943611, "-1.38629"),
        (123456.7, "123457"),
        (1.5e9, "1.50000e+09"),
        (2.5e-7, "2.50000e-07"),
        (-2e-17, "0.000000"),
        (-0.0, "0.000000"),
        (7, "7"),
        (-math.inf, "-inf"),
    ],
)
def test_numbers_are_rounded_so_that_they_repeat(number, text):
    assert format_number(number, [number], 1e-6) == text


def test_noise_in_the_last_bits_never_shows():
    rng = np.random.default_rng(0)
    for number in [0.19, 2 / 3, 1e-3, 12345.678, 3e7]:
        noisy = number * (1 + rng.uniform(-1e-13, 1e-13, size=20))
        assert len({format_number(float(x), [number], 1e-6) for x in noisy}) == 1
        assert {format_difference(number, float(x), 1e-6).strip("0.") for x in noisy} == {""}


def test_a_difference_is_signed_and_never_minus_zero():
    assert format_difference(1.0, 0.5, 1e-6) == "-0.50000"
    assert format_difference(0.19, 0.19 - 1e-9, 1e-6) == "0.000000"
    assert format_difference(math.inf, 1.0, 1e-6) == "-inf"
    assert format_difference(1e-20, 3e-20, 1e-25) == "2.00000e-20"
    assert format_difference(0, 0.0, 1e-6) == "0.000000"


def test_what_is_printed_can_be_read_back(capsys):
    claim("one", "convention", ("a  b: c", 1.5), ("corrected: d", 2.5), "<=", under="a long convention " * 9)
    print("another line")
    claim(
        "two",
        "erratum",
        ("l", 1.0),
        ("r", 2.0),
        corrected="under: x = 2",
        corrected_left=("corrected: r", 2.0),
    )
    first, second = parse_blocks("before\n" + capsys.readouterr().out)
    assert (first["id"], first["verdict"], first["place"]) == ("one", "convention", "UL p.1")
    assert first["values"] == [
        ("a b: c", "1.50000"),
        ("corrected: d", "2.50000"),
        ("first <= second", "true"),
        ("difference", "1.00000"),
    ]
    assert first["under"] == ("a long convention " * 9).strip()
    assert second["values"][3] == ("corrected: r", "2.00000")
    assert second["corrected"] == "under: x = 2"


def test_importing_claim_loads_nothing_heavy():
    code = (
        "import sys; from course_lib.authoring import claim; "
        "print([name for name in ('torch', 'numpy', 'nbformat', 'jupytext') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

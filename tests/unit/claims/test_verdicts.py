"""The four verdicts: one that the numbers contradict never shows."""

import math
import subprocess
import sys

import numpy as np
import pytest
import torch

from course_lib.claims import argue, convention, erratum, holds
from course_lib.claims.register import RegisterError
from course_lib.claims.relations import ClaimError

pytestmark = pytest.mark.usefixtures("register")


def printed(capsys) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_the_block_has_its_fixed_format(capsys):
    holds("one", ("lecture: 1/Λ₁₁", 0.19), ("computed: inverse of the matrix", 0.19 + 1e-13))
    assert printed(capsys) == [
        "claim one · holds · UL p.1",
        "  lecture: 1/Λ₁₁                       0.190000",
        "  computed: inverse of the matrix      0.190000",
        "  second - first                       0.000000",
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
    holds("one", ("l", left), ("r", right), relation)
    convention("one", ("l", left), ("r", right), relation, under="without the 1/2")
    with pytest.raises(ClaimError, match="as printed is not false"):
        erratum("one", ("l", left), ("r", right), relation, corrected="c", corrected_left=("c", right))


@pytest.mark.parametrize(("left", "relation", "right"), FALSE)
def test_a_false_relation_is_an_erratum_and_does_not_hold(left, relation, right, capsys):
    with pytest.raises(ClaimError, match="contradict"):
        holds("one", ("l", left), ("r", right), relation)
    with pytest.raises(ClaimError, match="contradict"):
        convention("one", ("l", left), ("r", right), relation, under="without the 1/2")
    assert printed(capsys) == []
    erratum(
        "one",
        ("l", left),
        ("r", right),
        relation,
        corrected="c",
        corrected_left=("c", right),
        corrected_relation="=",
    )


def test_a_strict_inequality_needs_a_margin_above_the_tolerance():
    with pytest.raises(ClaimError):
        holds("one", ("l", 1.0), ("r", 1.0 + 1e-9), "<")
    with pytest.raises(ClaimError):  # and it is not false either
        erratum("one", ("l", 1.0), ("r", 1 + 1e-9), "<", corrected="c", corrected_left=("c", 0.0))


def test_two_numbers_below_the_tolerance_are_no_evidence_of_equality():
    with pytest.raises(ClaimError, match="says nothing"):
        holds("one", ("l", 1e-8), ("r", 3e-9))
    holds("one", ("l", 1e-8), ("r", 1e-8), tol=1e-14)


def test_an_erratum_prints_the_corrected_formula_and_number(capsys):
    erratum("two", ("printed", 1), ("sum", 2.0), corrected="KL twice", corrected_left=("2 KL", 2.0))
    assert printed(capsys) == [
        "claim two · erratum · UL p.2; I21 JSD",
        "  printed                              1",
        "  sum                                  2.00000",
        "  second - first                       1.00000",
        "  corrected: KL twice",
        "  2 KL                                 2.00000",
        "  second - corrected                   0.00000",
    ]


WORDS = {convention: {"under": "u"}, erratum: {"corrected": "c", "corrected_left": ("c", 1.0)}}


@pytest.mark.parametrize("verdict", [holds, convention, erratum])
@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"relation": "=="}, "relation: expected one of"),
        ({"tol": 0}, "tol: expected a positive number"),
        ({"left": 3.0}, "left: expected"),
        ({"left": ("", 1.0)}, "left: expected a label"),
        ({"left": ("l", math.nan)}, "NaN"),
        ({"left": ("l", True)}, "left: expected"),
        ({"right": ("r", torch.ones(2))}, r"right: expected one number, got shape \(2,\)"),
    ],
)
def test_what_is_no_evidence_is_refused(verdict, arguments, word, capsys):
    complete = {"left": ("l", 1.0), "right": ("r", 1.0), **WORDS.get(verdict, {})}
    with pytest.raises(ClaimError, match=word):
        verdict("one", **(complete | arguments))
    assert printed(capsys) == []


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"corrected": " "}, "corrected: expected a text"),
        ({"corrected_left": None}, r"corrected_left: expected \(label, number\)"),
        ({"corrected_left": ("x", 3.0)}, "does not hold either"),
        ({"corrected_relation": "=>"}, "corrected_relation: expected one of"),
        ({"corrected_relation": "<"}, "does not hold either"),
    ],
)
def test_an_erratum_needs_what_is_right(arguments, word, capsys):
    complete = {"corrected": "x", "corrected_left": ("x", 2.0)}
    with pytest.raises(ClaimError, match=word):
        erratum("one", ("l", 1.0), ("r", 2.0), **(complete | arguments))
    assert printed(capsys) == []


def test_a_convention_is_named(capsys):
    with pytest.raises(ClaimError, match="under: expected a text"):
        convention("one", ("l", 1.0), ("r", 1.0), under=" ")
    with pytest.raises(TypeError, match="under"):
        convention("one", ("l", 1.0), ("r", 1.0))
    assert printed(capsys) == []


def test_an_id_that_the_register_lacks_is_refused():
    with pytest.raises(RegisterError, match="nowhere"):
        holds("nowhere", ("l", 1.0), ("r", 1.0))
    with pytest.raises(RegisterError, match="nowhere"):
        argue("nowhere", "holds", "because")


def test_a_missing_register_is_said_so_unless_the_environment_allows_it(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("COURSE_REGISTER", str(tmp_path / "none.toml"))
    with pytest.raises(RegisterError, match=r"none\.toml"):
        holds("one", ("l", 1.0), ("r", 1.0))
    monkeypatch.setenv("COURSE_CLAIMS_UNREGISTERED", "allow")
    holds("one", ("l", 1.0), ("r", 1.0))
    assert "not registered" in printed(capsys)[0]


def test_tensors_and_numpy_numbers_are_numbers(capsys):
    holds("one", ("l", torch.tensor(0.5, dtype=torch.float64)), ("r", np.float64(0.5)))
    holds("one", ("l", np.int64(3)), ("r", torch.tensor([3])))
    assert [line.split()[-1] for line in printed(capsys)] == [
        *("p.1", "0.500000", "0.500000", "0.000000"),
        *("p.1", "3", "3", "0"),
    ]


def test_an_argument_is_printed_wrapped_and_an_erratum_needs_what_is_right(capsys):
    text = "Nothing computes this. " * 9
    argue("three", "erratum", text, corrected="$W$ is only lower semicontinuous.")
    lines = printed(capsys)
    assert max(map(len, lines)) <= 96
    assert " ".join(" ".join(lines[1:]).split()) == (
        "argued, as no computation decides it: " + text + "corrected: $W$ is only lower semicontinuous."
    )
    with pytest.raises(ClaimError, match="corrected"):
        argue("three", "erratum", text)
    with pytest.raises(ClaimError, match="corrected"):
        argue("three", "holds", text, corrected="x")
    with pytest.raises(ClaimError, match="text"):
        argue("three", "holds", "  ")
    with pytest.raises(ClaimError, match="verdict: expected one of holds, convention, erratum, got 'true'"):
        argue("three", "true", text)


def test_importing_a_verdict_loads_nothing_heavy():
    code = (
        "import sys; from course_lib.claims import holds; "
        "print([name for name in ('torch', 'numpy', 'nbformat', 'jupytext', 'IPython') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

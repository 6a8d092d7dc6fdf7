"""The ledger: what the notebooks print and what the register says must agree, each failure by its sentence."""

import contextlib
import io
import json
import math

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_lib.authoring.ledger import LedgerError, gather, ledger_counts, ledger_json
from course_lib.claims import argue, claim
from course_lib.claims.register import load_register

NAME = "01_mean_field_kl"


def printed(*calls) -> str:
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        for call in calls:
            call()
    return output.getvalue()


def one():
    claim("one", "holds", ("lecture: 1/Λ₁₁", 0.19), ("computed: inverse", 0.19))


def two():
    claim(
        "two",
        "erratum",
        ("lecture: at P = P_g", 1.0),
        ("computed", 0.0),
        "<=",
        corrected=r"$JS \ge 0$, and $0$ where $P=P_g$",
        corrected_left=("corrected", 0.0),
        corrected_relation="=",
    )


def three():
    argue("three", "convention", "The paper proves it for compact spaces.")


def cell(tags, text, id="claim-cell"):
    outputs = [new_output("stream", text=text)] if text else []
    return new_code_cell("...", id=id, metadata={"tags": tags}, outputs=outputs)


def book(*cells):
    return new_notebook(cells=[new_markdown_cell("# Title\ntext\n## Section $q$"), *cells])


@pytest.fixture
def claims(register):
    return load_register(register)


def test_the_ledger_holds_what_the_reader_sees(claims):
    cells = [
        cell(["claim:two", "claim:three"], printed(two, three), "claim-two"),
        new_markdown_cell("## Another"),
        cell(["claim:one", "nbval-check-output"], printed(one), "claim-one"),
    ]
    confirmed = gather({NAME: book(*cells)}, claims)
    assert [row.id for row in confirmed] == ["one", "two", "three"]  # the order of the register
    assert [row.cell for row in confirmed] == ["claim-one", "claim-two", "claim-two"]
    assert json.loads(ledger_json(confirmed)) == [
        {
            "id": "one",
            "notebook": NAME,
            "section": "Another",
            "verdict": "holds",
            "corrected": None,
            "evidence": {
                "kind": "numbers",
                "left": {"label": "lecture: 1/Λ₁₁", "number": 0.19},
                "relation": "=",
                "right": {"label": "computed: inverse", "number": 0.19},
                "difference": 0.0,
            },
        },
        {
            "id": "two",
            "notebook": NAME,
            "section": "Section $q$",
            "verdict": "erratum",
            "corrected": r"$JS \ge 0$, and $0$ where $P=P_g$",
            "evidence": {
                "kind": "numbers",
                "left": {"label": "lecture: at P = P_g", "number": 1.0},
                "relation": "<=",
                "right": {"label": "computed", "number": 0.0},
                "difference": -1.0,
                "corrected_left": {"label": "corrected", "number": 0.0},
                "corrected_relation": "=",
            },
        },
        {
            "id": "three",
            "notebook": NAME,
            "section": "Section $q$",
            "verdict": "convention",
            "corrected": None,
            "evidence": {
                "kind": "argument",
                "text": "No computation decides this. The paper proves it for compact spaces.",
            },
        },
    ]


def test_conventions_inequalities_integers_and_infinities_are_read(claims):
    def infinite():
        claim("one", "convention", ("KL", math.inf), ("n", 3), ">", under="0 log 0 = 0")

    (row,) = gather({NAME: book(cell(["claim:one"], printed(infinite)))}, claims)
    assert row.evidence == {
        "kind": "numbers",
        "left": {"label": "KL", "number": "inf"},
        "relation": ">",
        "right": {"label": "n", "number": 3},
        "difference": "-inf",
        "under": "0 log 0 = 0",
    }
    json.loads(ledger_json([row]), parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def test_an_id_that_the_register_lacks_fails(claims):
    text = printed(one).replace("claim one", "claim nine")
    with pytest.raises(LedgerError, match="register does not have the claim nine"):
        gather({NAME: book(cell(["claim:nine"], text))}, claims)


@pytest.mark.parametrize("text", ["", "nothing of the kind\n", "claim one, in prose · holds\n"])
def test_a_tag_without_its_output_fails(claims, text):
    with pytest.raises(LedgerError, match=r"'claim-cell'.*prints no claim one"):
        gather({NAME: book(cell(["claim:one"], text))}, claims)


def test_an_output_without_its_tag_fails(claims):
    with pytest.raises(LedgerError, match="without the tag claim:one"):
        gather({NAME: book(cell([], printed(one)))}, claims)


@pytest.mark.parametrize(
    ("call", "cut", "sentence"),
    [
        (one, (1, 4), "without evidence"),
        (one, (2, 4), "without evidence"),
        (one, (3, 4), "without evidence"),
        (two, (5, 6), "without the corrected formula"),
        (two, (6, 8), "without the corrected number"),
        (three, (1, 2), "without evidence"),
    ],
)
def test_a_verdict_without_evidence_fails(claims, call, cut, sentence):
    lines = printed(call).splitlines()
    del lines[slice(*cut)]
    id = lines[0].split()[1]
    with pytest.raises(LedgerError, match=sentence):
        gather({NAME: book(cell([f"claim:{id}"], "\n".join(lines)))}, claims)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("0.190000", "high", "expected a number"),
        ("holds", "true", "no verdict"),
        ("holds", "convention", "not named"),
    ],
)
def test_a_block_that_is_not_what_claim_prints_fails(claims, old, new, sentence):
    with pytest.raises(LedgerError, match=sentence):
        gather({NAME: book(cell(["claim:one"], printed(one).replace(old, new, 1)))}, claims)


def test_the_same_claim_twice_fails(claims):
    twice = book(cell(["claim:one"], printed(one), "a"), cell(["claim:one"], printed(one), "b"))
    with pytest.raises(LedgerError, match="'b': claim one was confirmed before"):
        gather({NAME: twice}, claims)
    with pytest.raises(LedgerError, match="'a': claim one was confirmed before"):
        gather({NAME: book(cell(["claim:one"], printed(one, one), "a"))}, claims)


def test_a_claim_in_another_notebook_than_registered_fails(claims):
    with pytest.raises(LedgerError, match="puts the claim one into 01_mean_field_kl"):
        gather({"02_variational_bayes_and_ep": book(cell(["claim:one"], printed(one)))}, claims)


def test_all_problems_are_said_at_once(claims):
    wrong = book(cell(["claim:one"], "", "a"), cell([], printed(three), "b"))
    with pytest.raises(LedgerError) as caught:
        gather({NAME: wrong}, claims)
    assert len(str(caught.value).splitlines()) == 2


def test_counts_come_from_the_stored_ledger(claims, register, tmp_path):
    confirmed = gather({NAME: book(cell(["claim:one", "claim:two"], printed(one, two)))}, claims)
    path = tmp_path / "ledger.json"
    path.write_bytes(ledger_json(confirmed))
    assert ledger_counts(path) == {
        "holds": 1,
        "convention": 0,
        "erratum": 1,
        "confirmed": 2,
        "open": 2,
        "total": 4,
    }


def test_counts_without_a_ledger_or_with_a_damaged_one_are_zero(register, tmp_path, monkeypatch):
    nothing = {"holds": 0, "convention": 0, "erratum": 0, "confirmed": 0, "open": 4, "total": 4}
    assert ledger_counts(tmp_path / "none.json") == nothing
    (tmp_path / "bad.json").write_text('[{"id"', encoding="utf-8")
    assert ledger_counts(tmp_path / "bad.json") == nothing
    monkeypatch.setenv("COURSE_REGISTER", str(tmp_path / "none.toml"))
    assert set(ledger_counts(tmp_path / "none.json").values()) == {0}
